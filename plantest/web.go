package plantest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"dialtone/dialplan"
)

// Answer is what a web server says to requests of the step http.
type Answer struct {
	dialplan.Placed
	// URL is what is asked for; * stands for anything. Without a ?, what is behind
	// that does not matter.
	URL dialplan.Text `yaml:"url"`
	// Method is GET, POST...; without it, any.
	Method string `yaml:"method" enum:"GET,POST,PUT,PATCH,DELETE"`
	// Status is that of the answer; the default is 200.
	Status int `yaml:"status" min:"100" max:"599"`
	// JSON are texts by name, which are answered as a JSON object.
	JSON dialplan.Values `yaml:"json"`
	// Body is a text that is answered instead.
	Body dialplan.Text `yaml:"body"`
	// After is how long the answer takes.
	After time.Duration `yaml:"after" max:"1h"`
	// Fails is true for a server that cannot be reached.
	Fails bool `yaml:"fails"`
	// Once is true for an answer that is given to one request only; then the next
	// that fits is.
	Once bool `yaml:"once"`
}

// Replies are what the servers of one test answer.
type Replies struct {
	answers []*Answer

	mu    sync.Mutex
	given map[*Answer]bool
}

// Replies are what web servers answer in a test: its own, and those of all tests.
func (s *Suite) Replies(c *Case) *Replies {
	return &Replies{answers: slices.Concat(c.HTTP, s.http), given: map[*Answer]bool{}}
}

// To is the answer to a request, nil when there is none.
func (r *Replies) To(method, url string) *Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.answers {
		if a.fits(method, url) && !r.given[a] {
			r.given[a] = a.Once
			return a
		}
	}
	return nil
}

// web is what one test has to do with web servers.
type web struct {
	replies *Replies
	asked   []string
	sent    []string
	headers map[string]string // of the last phone that rang
}

// fits reports whether the answer is for a request.
func (a *Answer) fits(method, url string) bool {
	if a.Method != "" && a.Method != method {
		return false
	}
	if !strings.Contains(a.URL.Value, "?") {
		url, _, _ = strings.Cut(url, "?")
	}
	return wild(a.URL.Value, url)
}

// wild reports whether pattern, in which * stands for anything, is for s.
func wild(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(s, first) || len(s) < len(first)+len(last) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}

// Reply is what the answer says.
func (a *Answer) Reply() dialplan.Reply {
	out := dialplan.Reply{Status: cmp.Or(a.Status, 200), Body: []byte(a.Body.Value)}
	if len(a.JSON) > 0 {
		object := map[string]string{}
		for _, v := range a.JSON {
			object[v.Name] = v.Text.Value
		}
		out.Body, _ = json.Marshal(object) // texts always are JSON
	}
	return out
}

// Fetch implements dialplan.Web.
func (w *world) Fetch(ctx context.Context, q dialplan.Request) (dialplan.Reply, error) {
	w.asks(q)
	a := w.web.replies.To(q.Method, q.URL)
	if a == nil {
		return dialplan.Reply{}, fmt.Errorf("the test has no answer to %s %s", q.Method, q.URL)
	}
	t := time.NewTimer(a.After)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return dialplan.Reply{}, ctx.Err()
	case <-t.C:
	}
	if a.Fails {
		return dialplan.Reply{}, errors.New("the server cannot be reached")
	}
	return a.Reply(), nil
}

func (w *world) asks(q dialplan.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if q.CallID == callID {
		w.web.asked = append(w.web.asked, q.Method+" "+q.URL)
	}
}

// Webhook implements dialplan.Outbox.
func (w *world) Webhook(n dialplan.Notice) error {
	text := "webhook " + n.Webhook + " " + n.Event
	for _, name := range slices.Sorted(maps.Keys(n.Values)) {
		text += " " + name + "=" + n.Values[name]
	}
	w.sends(n.Call["call_id"], text)
	return nil
}

// Email implements dialplan.Outbox.
func (w *world) Email(m dialplan.Mail) error {
	w.sends(m.CallID, "email "+strings.Join(m.To, ", ")+": "+m.Subject)
	return nil
}

func (w *world) sends(call, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if call == callID {
		w.web.sent = append(w.web.sent, text)
	}
}

// sameMessage compares a message with one that was sent, of which the end may be
// left out.
func sameMessage(want, got string) bool { return want == got || strings.HasPrefix(got, want+" ") }

// answers finds what is wrong with those of a test.
func (r reader) answers(list []*Answer, path string) {
	for i, a := range list {
		p := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case a.URL.Value == "":
			r.doc.Fail(a.Where(), p+".url", "it is not said what is asked for", "write url: https://crm.example.net/callers, as the plan asks for it")
		case !strings.HasPrefix(a.URL.Value, "http://") && !strings.HasPrefix(a.URL.Value, "https://") && !strings.HasPrefix(a.URL.Value, "*"):
			r.doc.Fail(a.URL.At, p+".url", fmt.Sprintf("%q is no URL", a.URL.Value), "write it as the plan asks for it, with https://")
		case len(a.JSON) > 0 && a.Body.Value != "":
			r.doc.Fail(a.Body.At, p+".body", "json and body are both written", "keep one of them")
		case a.Fails && (a.Status != 0 || len(a.JSON) > 0 || a.Body.Value != ""):
			r.doc.Fail(a.Where(), p, "a server that cannot be reached answers nothing", "remove fails, or the answer")
		}
	}
}

// headers compares those that the last phone which rang was sent.
func (c *comparison) headers(want map[string]dialplan.Text, got map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if t := want[name]; t.Value != got[name] {
			c.differs("headers."+name, t.At, t.Value, cmp.Or(got[name], "none"))
		}
	}
}
