package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// errGone is what all get who ask a browser that has ended.
var errGone = errors.New("the browser has ended")

// wire is the DevTools protocol over two pipes: JSON, each message ended by a zero.
type wire struct {
	commands, answers *os.File
	done              chan struct{} // closed when nothing is read any more

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	pages   map[string]*Page // by session
}

// message is what comes from the browser: an answer (ID) or an event (Method).
type message struct {
	ID        int             `json:"id"`
	Result    json.RawMessage `json:"result"`
	Error     *protocolError  `json:"error"`
	Session   string          `json:"sessionId"`
	Method    string          `json:"method"`
	Params    json.RawMessage `json:"params"`
	closedNow bool
}

// protocolError is a refusal of the browser.
type protocolError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *protocolError) Error() string { return e.Message }

func newWire(commands, answers *os.File) *wire {
	w := &wire{
		commands: commands, answers: answers, done: make(chan struct{}),
		waiting: map[int]chan message{}, pages: map[string]*Page{},
	}
	go w.read()
	return w
}

// close ends the wire and waits for its reader.
func (w *wire) close() {
	w.commands.Close()
	w.answers.Close()
	<-w.done
}

func (w *wire) read() {
	defer close(w.done)
	defer w.abandon()
	r := bufio.NewReaderSize(w.answers, 1<<16)
	for {
		data, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(data[:len(data)-1], &m); err != nil {
			return
		}
		w.deliver(m)
	}
}

func (w *wire) deliver(m message) {
	w.mu.Lock()
	waiting := w.waiting[m.ID]
	delete(w.waiting, m.ID)
	page := w.pages[m.Session]
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
	if err := w.send(session, method, params, answer); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		switch {
		case m.closedNow:
			return fmt.Errorf("%s: %w", method, errGone)
		case m.Error != nil:
			return fmt.Errorf("%s: %w", method, m.Error)
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

func (w *wire) send(session, method string, params any, answer chan message) error {
	if params == nil {
		params = struct{}{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		return errGone
	}
	w.last++
	data, err := json.Marshal(map[string]any{"id": w.last, "method": method, "params": params, "sessionId": session})
	if session == "" {
		data, err = json.Marshal(map[string]any{"id": w.last, "method": method, "params": params})
	}
	if err != nil {
		return err
	}
	w.waiting[w.last] = answer
	if _, err := io.Writer(w.commands).Write(append(data, 0)); err != nil {
		delete(w.waiting, w.last)
		return errGone
	}
	return nil
}
