package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// faults are what nobody has to see to know that it is wrong: something wider than the
// window, something to click on that is too small for a thumb or has no name, and words
// that the language lacks.
const faults = `(() => {
	const found = []
	for (const e of document.querySelectorAll('body *')) {
		if (!e.checkVisibility() || e.closest('.hidden, svg, audio')) continue
		const name = e.tagName + '.' + e.className + ' ' + e.innerText?.slice(0, 40)
		const r = e.getBoundingClientRect()
		if (r.width && (r.right > innerWidth + 1 || r.left < -1)) found.push('beyond the edge: ' + name)
		if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'auto') found.push('scrolls sideways: ' + name)
		if (e.matches('nav .label, .button, h1') && e.scrollWidth > e.clientWidth) found.push('cut off: ' + name)
		if (e.matches('button, a[href], select') && (r.height < 43 || r.width < 43)) found.push('too small: ' + name + ' ' + r.width + 'x' + r.height)
		if (e.matches('button, a[href]') && !(e.getAttribute('aria-label') ?? e.innerText).trim()) found.push('no name: ' + e.outerHTML.slice(0, 80))
		if (e.matches('input, select, textarea') && !e.labels?.length && !e.getAttribute('aria-label')) found.push('no label: ' + e.outerHTML.slice(0, 80))
	}
	const key = document.body.innerText.match(/\b(nav|call|calls|settings|state|link|error|ended)\.[a-z_]+/)
	if (key) found.push('no word for ' + key[0])
	return found
})()`

// looksRight finds faults in what is seen. With BROWSER_LOOK=FOLDER it leaves a picture there.
func (p *Page) looksRight(name string) {
	p.t.Helper()
	var found []string
	p.Eval(faults, &found)
	for _, fault := range found {
		p.t.Errorf("%s: %s", name, fault)
	}
	p.keepPicture(name)
}

// keepPicture leaves one in the folder BROWSER_LOOK, if there is any.
func (p *Page) keepPicture(name string) {
	p.t.Helper()
	if folder := os.Getenv("BROWSER_LOOK"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name+".png"), p.Picture(), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
}

// fits looks at what is seen as on a telephone and as on a desk, in both colours.
func fits(page *Page, name string) {
	page.t.Helper()
	for _, width := range []int{390, 1280} {
		page.Look(width, 844, width == 390)
		page.Eval(`document.querySelectorAll('details').forEach((d) => (d.open = true))`, nil)
		page.looksRight(fmt.Sprintf("%s-%d", name, width))
	}
}

// TestEveryScreenFits looks at all screens as small and as large ones, in both
// languages and both colours.
func TestEveryScreenFits(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	page := o.logIn(o.chromium(alice), "100")
	for _, size := range [][2]int{{390, 844}, {1280, 800}} {
		for _, language := range []string{"en", "fr"} {
			page.Eval(fmt.Sprintf(`localStorage.setItem('dialtone.language', %q)`, language), nil)
			page.Look(size[0], size[1], language == "fr")
			page.Reload()
			page.Wait(`document.querySelector(".lamp.ready") !== null`)
			for _, screen := range []string{"phone", "calls", "contacts", "voicemail", "messages", "messages/101", "settings"} {
				page.Eval(fmt.Sprintf(`location.hash = "#/%s"`, screen), nil)
				page.Wait(`document.querySelector("main h1, main .dialer") !== null && document.querySelector("[aria-busy]") === null`)
				page.looksRight(fmt.Sprintf("%s-%d-%s", filepath.Base(screen), size[0], language))
			}
		}
	}
	o.quiet(page)
}
