package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
)

// Page is one tab with cookies and storage of its own.
type Page struct {
	browser *Browser
	t       testing.TB
	tab     tab
	room    string // what the browser keeps is shared within it

	mu         sync.Mutex
	complaints []string
	requests   []string
}

// Open opens a page. Everything that goes wrong later ends the test.
func (b *Browser) Open(url string) *Page {
	b.t.Helper()
	p := &Page{browser: b, t: b.t}
	p.must("opening "+url, func(ctx context.Context) error {
		room, err := b.kind.room(ctx, b.wire)
		if err != nil {
			return err
		}
		p.room = room
		b.rooms = append(b.rooms, room)
		return p.enter(ctx, url)
	})
	return p
}

// Another opens another tab beside that of a page, which shares with it what the browser keeps.
func (p *Page) Another(url string) *Page {
	p.t.Helper()
	other := &Page{browser: p.browser, t: p.t, room: p.room}
	p.must("opening "+url, func(ctx context.Context) error { return other.enter(ctx, url) })
	return other
}

func (p *Page) enter(ctx context.Context, url string) error {
	tab, name, err := p.browser.kind.tab(ctx, p.browser.wire, p.room)
	if err != nil {
		return err
	}
	p.tab = tab
	p.browser.mu.Lock()
	p.browser.pages[name] = p
	p.browser.mu.Unlock()
	return p.visit(ctx, url)
}

// must does something that ends the test when it fails.
func (p *Page) must(what string, do func(context.Context) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := do(ctx); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// Ask sends a command of the protocol that this browser speaks.
func (p *Page) Ask(method string, params any) {
	p.t.Helper()
	p.must("asking", func(ctx context.Context) error { return p.tab.ask(ctx, method, params, nil) })
}

// Before has a script run in every document before anything else does.
func (p *Page) Before(script string) {
	p.t.Helper()
	p.must("adding a script", func(ctx context.Context) error { return p.tab.before(ctx, script) })
}

// Visit goes to another address.
func (p *Page) Visit(url string) {
	p.t.Helper()
	p.must("visiting "+url, func(ctx context.Context) error { return p.visit(ctx, url) })
}

func (p *Page) visit(ctx context.Context, url string) error {
	if err := p.eval(ctx, leave, nil); err != nil {
		return err
	}
	if left, err := p.tab.navigate(ctx, url); err != nil || !left {
		return err
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
	p.must("loading again", p.tab.reload)
	p.Wait(arrived)
}

// Close closes the tab as a user does who does not say goodbye.
func (p *Page) Close() {
	p.t.Helper()
	p.must("closing", p.tab.shut)
}

// Eval evaluates an expression, waits for it when it is a promise, and reads what it
// is into out unless that is nil.
func (p *Page) Eval(expression string, out any) {
	p.t.Helper()
	p.must(expression, func(ctx context.Context) error { return p.eval(ctx, expression, out) })
}

func (p *Page) eval(ctx context.Context, expression string, out any) error {
	value, err := p.tab.evaluate(ctx, expression)
	if err != nil || out == nil || value == nil {
		return err
	}
	if err := json.Unmarshal(value, out); err != nil {
		return fmt.Errorf("reading %s: %w", value, err)
	}
	return nil
}

// happened takes an event of the browser.
func (p *Page) happened(m message) {
	complaint, request := p.tab.event(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	if complaint != "" {
		p.complaints = append(p.complaints, complaint)
	}
	if request != "" {
		p.requests = append(p.requests, request)
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
	var png []byte
	p.must("taking a picture", func(ctx context.Context) (err error) {
		png, err = p.tab.picture(ctx)
		return err
	})
	return png
}

// Look sets the size of the window, in pixels, and whether the user likes it dark.
func (p *Page) Look(width, height int, dark bool) {
	p.t.Helper()
	p.must("changing its look", func(ctx context.Context) error { return p.tab.look(ctx, width, height, dark) })
}
