package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// errGone is what all get who ask a browser that has ended.
var errGone = errors.New("the browser has ended")

// link carries messages to a browser and back.
type link interface {
	read() ([]byte, error)
	// write gives up when ctx ends. After an error, half a message may have gone.
	write(ctx context.Context, message []byte) error
	close()
}

// wire asks a browser over a link, in JSON: commands have a number, which their answer has, too.
type wire struct {
	link    link
	done    chan struct{} // closed when nothing is read any more
	writing chan struct{} // holds one while somebody writes: a browser that hangs may not block mu

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	pages   map[string]*Page // by what their events come with
}

// message is what comes from the browser: an answer (ID) or an event (Method).
type message struct {
	ID        int             `json:"id"`
	Result    json.RawMessage `json:"result"`
	Error     *protocolError  `json:"error"`
	Reason    string          `json:"message"` // of an error of WebDriver
	Session   string          `json:"sessionId"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	closedNow bool
}

// page is how the page is called that a message is about: by its session of the DevTools
// protocol, or its browsing context of WebDriver.
func (m message) page() string {
	if m.Session != "" {
		return m.Session
	}
	var about struct {
		Context string
		Source  struct{ Context string }
	}
	_ = json.Unmarshal(m.Params, &about) // what says no page is about none
	return about.Context + about.Source.Context
}

// protocolError is a refusal of the browser.
type protocolError struct{ Message string }

func (e *protocolError) Error() string { return e.Message }

// UnmarshalJSON takes an object of the DevTools protocol, or a word of WebDriver.
func (e *protocolError) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &e.Message) == nil {
		return nil
	}
	type plain protocolError
	return json.Unmarshal(data, (*plain)(e))
}

func newWire(l link) *wire {
	w := &wire{link: l, done: make(chan struct{}), writing: make(chan struct{}, 1), waiting: map[int]chan message{}, pages: map[string]*Page{}}
	go w.read()
	return w
}

// close ends the wire and waits for its reader.
func (w *wire) close() {
	w.link.close()
	<-w.done
}

func (w *wire) read() {
	defer close(w.done)
	defer w.abandon()
	for {
		data, err := w.link.read()
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(data, &m); err != nil {
			return
		}
		w.deliver(m)
	}
}

func (w *wire) deliver(m message) {
	name := m.page()
	w.mu.Lock()
	waiting := w.waiting[m.ID]
	delete(w.waiting, m.ID)
	page := w.pages[name]
	w.mu.Unlock()
	switch {
	case waiting != nil:
		waiting <- m
	case page != nil && m.Method != "":
		page.happened(m)
	}
}

// abandon tells all who wait that there will be no answer.
func (w *wire) abandon() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, waiting := range w.waiting {
		waiting <- message{closedNow: true}
		delete(w.waiting, id)
	}
	w.waiting = nil
}

// ask sends a command and waits for its answer, which is read into out unless that is nil.
func (w *wire) ask(ctx context.Context, session, method string, params, out any) error {
	answer := make(chan message, 1)
	if err := w.send(ctx, session, method, params, answer); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		switch {
		case m.closedNow:
			return fmt.Errorf("%s: %w", method, errGone)
		case m.Error != nil:
			return fmt.Errorf("%s: %w %s", method, m.Error, m.Reason)
		case out == nil:
			return nil
		}
		if err := json.Unmarshal(m.Result, out); err != nil {
			return fmt.Errorf("%s: reading the answer: %w", method, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (w *wire) send(ctx context.Context, session, method string, params any, answer chan message) error {
	if params == nil {
		params = struct{}{}
	}
	id, err := w.expect(answer)
	if err != nil {
		return err
	}
	command := map[string]any{"id": id, "method": method, "params": params}
	if session != "" {
		command["sessionId"] = session
	}
	data, err := json.Marshal(command)
	if err == nil {
		err = w.write(ctx, data)
	}
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting, id)
	}
	return err
}

// expect gives a command its number, and says who waits for the answer.
func (w *wire) expect(answer chan message) (id int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		return 0, errGone
	}
	w.last++
	w.waiting[w.last] = answer
	return w.last, nil
}

// write writes one message at a time. One that failed is the last, as nobody could read on
// after half of it.
func (w *wire) write(ctx context.Context, data []byte) error {
	select {
	case w.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-w.writing }()
	if err := ctx.Err(); err != nil { // which would end the link
		return err
	}
	if err := w.link.write(ctx, data); err != nil {
		w.link.close()
		return errors.Join(errGone, err)
	}
	return nil
}
