package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// finder finds what a user sees, by its role and its name.
//
//go:embed finder.js
var finder string

// Wait waits until an expression is true. A page that is being loaded is waited for.
func (p *Page) Wait(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.wait(ctx, expression); err != nil {
		var text string
		p.Eval(`document.body.innerText.slice(0, 2000)`, &text)
		p.t.Fatalf("waiting for %s: %v\nthe page says:\n%s\ncomplaints: %q", expression, err, text, p.Complaints())
	}
}

func (p *Page) wait(ctx context.Context, expression string) error {
	script := fmt.Sprintf(`new Promise(done => {
		const look = async () => {
			let is = false
			try { is = await (%s) } catch (e) {}
			is ? done(true) : setTimeout(look, 50)
		}
		look()
	})`, expression)
	for {
		err := p.eval(ctx, script, nil)
		var refused *protocolError
		if err != nil && ctx.Err() == nil && errors.As(err, &refused) {
			continue // another document came; its own one is looked at
		}
		return err
	}
}

// See waits until something with that role and name can be seen: "button",
// "textbox", "heading", "link", "switch", "text" for any text at all.
func (p *Page) See(role, name string) {
	p.t.Helper()
	p.Wait(find(role, name) + " !== null")
}

// Gone waits until nothing with that role and name can be seen.
func (p *Page) Gone(role, name string) {
	p.t.Helper()
	p.Wait(find(role, name) + " === null")
}

// Click clicks with the mouse on what has that role and name, once it can be seen.
func (p *Page) Click(role, name string) {
	p.t.Helper()
	p.See(role, name)
	var at struct{ X, Y float64 }
	p.Wait(fmt.Sprintf("((e) => { e.scrollIntoView({block: 'nearest'}); return window.__reachable(e) })(%s)", find(role, name)))
	p.Eval(fmt.Sprintf("((r) => ({X: r.x + r.width / 2, Y: r.y + r.height / 2}))(%s.getBoundingClientRect())", find(role, name)), &at)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		p.Ask("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1})
	}
}

// Fill puts a text into the field of that name in place of what is there.
func (p *Page) Fill(name, text string) {
	p.t.Helper()
	p.See("textbox", name)
	p.Eval(fmt.Sprintf("((e) => { e.focus(); e.select() })(%s)", find("textbox", name)), nil)
	if text == "" {
		p.Press("Delete")
		return
	}
	p.Ask("Input.insertText", map[string]any{"text": text})
}

// codes are the keys that are not letters.
var codes = map[string]int{"Enter": 13, "Escape": 27, "Tab": 9, "Delete": 46, "ArrowDown": 40, "ArrowUp": 38, "Space": 32}

// Press presses a key: a character, or "Enter", "Escape", "Tab", "ArrowDown".
func (p *Page) Press(key string) {
	p.t.Helper()
	params := map[string]any{"key": key, "windowsVirtualKeyCode": codes[key]}
	switch {
	case key == "Enter":
		params["text"] = "\r"
	case key == "Space":
		params["key"], params["text"] = " ", " "
	case len(key) == 1:
		params["text"], params["windowsVirtualKeyCode"] = key, int(strings.ToUpper(key)[0])
	}
	params["type"] = "keyDown"
	p.Ask("Input.dispatchKeyEvent", params)
	delete(params, "text")
	params["type"] = "keyUp"
	p.Ask("Input.dispatchKeyEvent", params)
}

func find(role, name string) string {
	quoted, err := json.Marshal([]string{role, name})
	if err != nil {
		return "null" // strings always can be
	}
	return fmt.Sprintf("((...q) => { %s; return find(...q) })(...%s)", finder, quoted)
}
