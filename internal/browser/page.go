package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Page is one tab with cookies and storage of its own.
type Page struct {
	browser *Chromium
	t       testing.TB
	session string
	target  string
	room    string // what the browser keeps is shared within it

	mu         sync.Mutex
	complaints []string
	requests   []string
}

// Open opens a page. Everything that goes wrong later ends the test.
func (c *Chromium) Open(url string) *Page {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p := &Page{browser: c, t: c.t}
	if err := p.open(ctx, url); err != nil {
		c.t.Fatalf("opening %s: %v", url, err)
	}
	return p
}

func (p *Page) open(ctx context.Context, url string) error {
	var room struct {
		ID string `json:"browserContextId"`
	}
	if err := p.browser.ask(ctx, "", "Target.createBrowserContext", nil, &room); err != nil {
		return err
	}
	p.room = room.ID
	return p.enter(ctx, url)
}

// Another opens another tab beside that of a page, which shares with it what the browser keeps.
func (p *Page) Another(url string) *Page {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	other := &Page{browser: p.browser, t: p.t, room: p.room}
	if err := other.enter(ctx, url); err != nil {
		p.t.Fatalf("opening %s: %v", url, err)
	}
	return other
}

func (p *Page) enter(ctx context.Context, url string) error {
	var target struct {
		ID string `json:"targetId"`
	}
	if err := p.browser.ask(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": p.room}, &target); err != nil {
		return err
	}
	p.target = target.ID
	var attached struct {
		Session string `json:"sessionId"`
	}
	if err := p.browser.ask(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached); err != nil {
		return err
	}
	p.session = attached.Session
	p.browser.mu.Lock()
	p.browser.pages[p.session] = p
	p.browser.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		if err := p.ask(ctx, domain+".enable", nil, nil); err != nil {
			return err
		}
	}
	return p.visit(ctx, url)
}

func (p *Page) ask(ctx context.Context, method string, params, out any) error {
	return p.browser.ask(ctx, p.session, method, params, out)
}

// Ask sends a command of the DevTools protocol.
func (p *Page) Ask(method string, params any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.ask(ctx, method, params, nil); err != nil {
		p.t.Fatal(err)
	}
}

// Visit goes to another address.
func (p *Page) Visit(url string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.visit(ctx, url); err != nil {
		p.t.Fatalf("visiting %s: %v", url, err)
	}
}

func (p *Page) visit(ctx context.Context, url string) error {
	var went struct {
		ErrorText string `json:"errorText"`
		Loader    string `json:"loaderId"` // "" when the document stays
	}
	if err := p.eval(ctx, leave, nil); err != nil {
		return err
	}
	if err := p.ask(ctx, "Page.navigate", map[string]any{"url": url}, &went); err != nil {
		return err
	}
	if went.ErrorText != "" {
		return errors.New(went.ErrorText)
	}
	if went.Loader == "" {
		return nil
	}
	return p.wait(ctx, arrived)
}

// What tells a document from the next one.
const (
	leave   = `window.__leaving = true`
	arrived = `!window.__leaving && document.readyState === 'complete'`
)

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.Eval(leave, nil)
	p.Ask("Page.reload", nil)
	p.Wait(arrived)
}

// Close closes the tab as a user does who does not say goodbye.
func (p *Page) Close() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.browser.ask(ctx, "", "Target.closeTarget", map[string]any{"targetId": p.target}, nil); err != nil {
		p.t.Fatal(err)
	}
}

// Eval evaluates an expression, waits for it when it is a promise, and reads what it
// is into out unless that is nil.
func (p *Page) Eval(expression string, out any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.eval(ctx, expression, out); err != nil {
		p.t.Fatalf("%s\n%v", expression, err)
	}
}

func (p *Page) eval(ctx context.Context, expression string, out any) error {
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *exception `json:"exceptionDetails"`
	}
	params := map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true}
	if err := p.ask(ctx, "Runtime.evaluate", params, &answer); err != nil {
		return err
	}
	if answer.Exception != nil {
		return answer.Exception
	}
	if out == nil || answer.Result.Value == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Result.Value, out); err != nil {
		return fmt.Errorf("reading %s: %w", answer.Result.Value, err)
	}
	return nil
}

// exception is what a script threw.
type exception struct {
	Text   string `json:"text"`
	Thrown struct {
		Description string `json:"description"`
	} `json:"exception"`
}

func (e *exception) Error() string { return strings.TrimSpace(e.Text + " " + e.Thrown.Description) }

// happened takes an event of the browser.
func (p *Page) happened(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m.Method {
	case "Runtime.exceptionThrown":
		var e struct {
			Details exception `json:"exceptionDetails"`
		}
		if json.Unmarshal(m.Params, &e) == nil {
			p.complaints = append(p.complaints, e.Details.Error())
		}
	case "Log.entryAdded":
		var e struct {
			Entry struct{ Level, Text, URL string }
		}
		if json.Unmarshal(m.Params, &e) == nil && e.Entry.Level != "info" && e.Entry.Level != "verbose" {
			p.complaints = append(p.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case "Network.requestWillBeSent":
		var e struct {
			Request struct{ URL string }
		}
		if json.Unmarshal(m.Params, &e) == nil {
			p.requests = append(p.requests, e.Request.URL)
		}
	}
}

// Complaints are exceptions that nobody caught, and errors and warnings of the
// browser: what its policies refused, what could not be loaded.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.complaints)
}

// Requests are the addresses of everything that was asked for over HTTP.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Picture is a PNG of what is seen.
func (p *Page) Picture() []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var shot struct {
		Data string `json:"data"`
	}
	if err := p.ask(ctx, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot); err != nil {
		p.t.Fatal(err)
	}
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	return png
}

// Look sets the size of the window, in pixels, and whether the user likes it dark.
func (p *Page) Look(width, height int, dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.Ask("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})
	p.Ask("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
}
