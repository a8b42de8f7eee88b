package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"
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
	// What a browser forgets to answer is asked again.
	script := fmt.Sprintf(`new Promise(done => {
		const late = () => new Promise(ask => setTimeout(ask, 10000))
		const look = async () => {
			let is = false
			try { is = await Promise.race([(%s), late()]) } catch (e) {}
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

// Click clicks with the mouse on what has that role and name, once it can be seen, and again
// when it has moved away meanwhile.
func (p *Page) Click(role, name string) {
	p.t.Helper()
	began := time.Now()
	for missed := true; missed; {
		if time.Since(began) > patience {
			p.t.Fatalf("%s %q cannot be hit", role, name)
		}
		p.See(role, name)
		var at struct{ X, Y float64 }
		p.Wait(fmt.Sprintf("window.__at = window.__aim(%s)", find(role, name)))
		p.Eval("window.__at", &at)
		missed = false
		p.must("clicking", func(ctx context.Context) error {
			if err := p.tab.click(ctx, at.X, at.Y); err != nil {
				return err
			}
			soon, cancel := context.WithTimeout(ctx, farewell)
			defer cancel()
			_ = p.eval(soon, "window.__rest?.(), window.__missed ?? false", &missed) // no answer: it has led elsewhere
			return nil
		})
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
	p.must("typing", func(ctx context.Context) error { return p.tab.insert(ctx, text) })
}

// Press presses a key: a character, or "Enter", "Escape", "Tab", "Delete", "ArrowDown",
// "ArrowUp", "Space".
func (p *Page) Press(key string) {
	p.t.Helper()
	p.must("pressing "+key, func(ctx context.Context) error { return p.tab.press(ctx, key) })
}

func find(role, name string) string {
	quoted, err := json.Marshal([]string{role, name})
	if err != nil {
		return "null" // strings always can be
	}
	return fmt.Sprintf("((...q) => { %s; return find(...q) })(...%s)", finder, quoted)
}
