package browser

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func needChromium(t *testing.T) {
	t.Helper()
	if !Installed() {
		t.Fatal("chromium is not installed, and the web phone is not tested without it: make install-test-tools")
	}
}

func needFirefox(t *testing.T) {
	t.Helper()
	if !FirefoxInstalled() {
		t.Fatal("firefox is not installed, and the web phone is not tested in it: make install-test-tools")
	}
}

func TestAPageIsOpenedUsedAndLookedAt(t *testing.T) {
	needChromium(t)
	needFirefox(t)
	t.Run("Chromium", func(t *testing.T) { useAPage(t, Start(t, Options{}), true) })
	t.Run("Firefox", func(t *testing.T) { useAPage(t, StartFirefox(t, alice), false) })
}

func useAPage(t *testing.T, b *Browser, dark bool) {
	t.Helper()
	// The button jumps away from the first click. Another one is replaced before it, and ends in
	// another place.
	const html = `<!doctype html><title>One</title><label>Name <input id="n"></label>
		<script>addEventListener('pointerdown', () => document.querySelector('button').style.marginTop = '200px', { once: true })</script>
		<button onclick="document.title = document.querySelector('#n').value; throw new Error('oops')">Take it</button>
		<p onclick="window.wrong ||= event.target === this"><button onclick="window.left = 1 + (window.left ?? 0)">Leave it</button></p>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(html))
	}))
	defer server.Close()
	p := b.Open(server.URL)
	p.Fill("Name", "Zoë")
	p.Click("button", "Take it")
	p.Wait(`document.title === "Zoë"`)
	p.Eval(`(() => {
		const elementFromPoint = document.elementFromPoint
		document.elementFromPoint = (...at) => { // is asked where to click
			const found = elementFromPoint.apply(document, at), p = document.querySelector('p')
			document.elementFromPoint = elementFromPoint
			setTimeout(() => { p.innerHTML = p.innerHTML; p.style.paddingLeft = '200px' })
			return found
		}
	})()`, nil)
	p.Click("button", "Leave it")
	p.Wait(`window.left === 1 && !window.wrong`)
	p.Press("Tab")
	var sum int
	p.Eval(`new Promise(done => setTimeout(() => done(40 + 2), 10))`, &sum)
	if sum != 42 {
		t.Errorf("a promise came out as %d", sum)
	}
	var thing struct{ List []any }
	p.Eval(`({List: [1.5, "two", true, null, undefined]})`, &thing)
	if fmt.Sprint(thing.List) != "[1.5 two true <nil> <nil>]" {
		t.Errorf("an object came out as %v", thing)
	}
	if all := p.Complaints(); len(all) == 0 || !strings.Contains(all[0], "oops") {
		t.Errorf("an exception that nobody caught is not among the complaints: %q", all)
	}
	if all := p.Requests(); len(all) == 0 || !strings.HasPrefix(all[0], server.URL) {
		t.Errorf("what the page asked for: %q", all)
	}
	p.Look(390, 844, dark)
	picture, err := png.Decode(bytes.NewReader(p.Picture()))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != 390 || size.Y != 844 {
		t.Errorf("the picture is %v", size)
	}
	var is bool
	p.Eval(`matchMedia("(prefers-color-scheme: dark)").matches`, &is)
	if is != dark {
		t.Errorf("the page believes that its user likes it dark: %v", is)
	}
}
