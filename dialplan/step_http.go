package dialplan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// HTTP asks a server for something, such as a customer database for the name of
// the caller, and waits for the answer; meanwhile the caller hears what it heard
// before. A request that may be repeated (every method but POST and PATCH) is
// sent once more when there is no answer or one of 500 and above.
type HTTP struct {
	Placed
	// URL is what is asked for, with https:// or http://. Variables cannot be in the
	// name of the server; in the rest they are escaped.
	URL Text `yaml:"http" main:"true"`
	// Method is how; without it GET, with a body POST.
	Method string `yaml:"method" enum:"GET,POST,PUT,PATCH,DELETE"`
	// Headers are those of the request, by name.
	Headers Values `yaml:"headers"`
	// Auth proves who asks.
	Auth HTTPAuth `yaml:"auth"`
	// JSON are texts by name that are sent as a JSON object.
	JSON Values `yaml:"json"`
	// Body is a text to send instead.
	Body Text `yaml:"body"`
	// Timeout ends the waiting, for both tries together. The default is 5s.
	Timeout time.Duration `yaml:"timeout" min:"100ms" max:"30s"`
	// Into are variables and what they get from the JSON of the answer: a path such
	// as customer.name, or items.0.id for the first of a list; . is all of it. What
	// the answer does not have is empty.
	Into Values `yaml:"into"`
	// On are the steps for when there is no answer that is of use.
	On HTTPOn `yaml:"on"`
}

// HTTPAuth is how a request proves who asks. Secrets may stand in the
// environment, ${NAME}, or in the first line of a file, file:PATH.
type HTTPAuth struct {
	// Bearer is a token.
	Bearer Secret `yaml:"bearer"`
	// User is a name that a password belongs to.
	User Text `yaml:"user"`
	// Password is that of user.
	Password Secret `yaml:"password"`
	// Header is the name of a header whose value is secret, such as X-Api-Key.
	Header Text `yaml:"header"`
	// Secret is the value of that header.
	Secret Secret `yaml:"secret"`
}

// HTTPOn are the branches of a request.
type HTTPOn struct {
	// Failed is for no answer in time, a status other than 200 to 299, an answer of
	// more than 64 KiB, and one that is no JSON although into is written. Without
	// it, the next step is taken.
	Failed Steps `yaml:"failed"`
}

const (
	httpTimeout = 5 * time.Second
	httpPause   = 200 * time.Millisecond // before the second try
)

// String implements Step.
func (s *HTTP) String() string {
	address, _, _ := strings.Cut(s.URL.Value, "?")
	return "http " + s.verb() + " " + address
}

func (s *HTTP) verb() string {
	if s.Method == "" && (s.Body.Value != "" || len(s.JSON) > 0) {
		return "POST"
	}
	return cmp.Or(s.Method, "GET")
}

// Run implements Step.
func (s *HTTP) Run(ctx context.Context, r *Run) error {
	r.httpStatus = ""
	for i := range s.Into {
		r.vars[s.Into[i].Name] = ""
	}
	q, err := s.request(r)
	var reply Reply
	if err == nil {
		reply, err = s.fetch(ctx, r, q)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		r.httpStatus = strconv.Itoa(reply.Status)
		r.note(r.httpStatus)
		err = s.use(r, reply)
	}
	if err == nil {
		return nil
	}
	if r.httpStatus == "" || reply.Status/100 == 2 {
		r.note(s.discreet(err))
	}
	if len(s.On.Failed) > 0 {
		r.note("so on failed")
	}
	return r.take(ctx, s.On.Failed)
}

// discreet is an error without the URL, whose variables may be somebody's.
func (s *HTTP) discreet(err error) string {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within " + cmp.Or(s.Timeout, httpTimeout).String()
	}
	return err.Error()
}

// request fills in the variables.
func (s *HTTP) request(r *Run) (Request, error) {
	q := Request{CallID: r.Facts.CallID, Method: s.verb(), URL: r.expandURL(&s.URL), Header: map[string]string{}, Login: s.login(r)}
	if u, err := url.Parse(q.URL); err != nil || u.Host == "" {
		return q, errors.New("the URL is none with these variables")
	}
	for i := range s.Headers {
		q.Header[s.Headers[i].Name] = oneLine(r.expand(&s.Headers[i].Text))
	}
	switch {
	case len(s.JSON) > 0:
		object := map[string]string{}
		for i := range s.JSON {
			object[s.JSON[i].Name] = r.expand(&s.JSON[i].Text)
		}
		q.Body, _ = json.Marshal(object) // texts always are JSON
		q.setDefault("Content-Type", "application/json")
	case s.Body.Value != "":
		q.Body = []byte(r.expand(&s.Body))
		q.setDefault("Content-Type", "text/plain; charset=utf-8")
	}
	if len(s.Into) > 0 {
		q.setDefault("Accept", "application/json")
	}
	return q, nil
}

func (s *HTTP) login(r *Run) Login {
	return Login{
		Bearer: s.Auth.Bearer, User: r.expand(&s.Auth.User), Password: s.Auth.Password,
		Header: s.Auth.Header.Value, Secret: s.Auth.Secret,
	}
}

func (q *Request) setDefault(name, value string) {
	for given := range q.Header {
		if strings.EqualFold(given, name) {
			return
		}
	}
	q.Header[name] = value
}

// fetch asks, and once more when that may help and does no harm.
func (s *HTTP) fetch(ctx context.Context, r *Run, q Request) (Reply, error) {
	if r.Web == nil {
		return Reply{}, errors.New("no requests are made here")
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, httpTimeout))
	defer cancel()
	reply, err := r.Web.Fetch(ctx, q)
	if q.Method == "POST" || q.Method == "PATCH" || err == nil && reply.Status < 500 || ctx.Err() != nil || errors.Is(err, ErrFinal) {
		return reply, err
	}
	pause := time.NewTimer(httpPause)
	defer pause.Stop()
	select {
	case <-pause.C:
		r.note("asked again")
		return r.Web.Fetch(ctx, q)
	case <-ctx.Done():
		return reply, cmp.Or(err, ctx.Err())
	}
}

// ErrFinal is wrapped by errors of Web that another try would not mend.
var ErrFinal = errors.New("asking again is of no use")

// use puts the answer into variables; the error is why it is of no use.
func (s *HTTP) use(r *Run, reply Reply) error {
	if reply.Status/100 != 2 {
		return fmt.Errorf("the status is %d", reply.Status)
	}
	if len(s.Into) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(reply.Body))
	d.UseNumber()
	var all any
	if err := d.Decode(&all); err != nil {
		return errors.New("the answer is no JSON")
	}
	for i := range s.Into {
		v := &s.Into[i]
		value, ok := inside(all, v.Text.Value)
		if !ok {
			r.note("the answer has no " + v.Text.Value)
			continue
		}
		r.vars[v.Name] = bound(value)
		r.note(v.Name + " = " + bound(value))
	}
	return nil
}

// inside is what stands in a JSON value under a dotted path, as a text.
func inside(v any, path string) (string, bool) {
	for key := range strings.SplitSeq(strings.Trim(path, "."), ".") {
		switch x := v.(type) {
		case map[string]any:
			if key == "" {
				continue
			}
			inner, ok := x[key]
			if !ok {
				return "", false
			}
			v = inner
		case []any:
			if key == "" {
				continue
			}
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(x) {
				return "", false
			}
			v = x[i]
		default:
			if key != "" {
				return "", false
			}
		}
	}
	switch x := v.(type) {
	case nil:
		return "", true
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case json.Number:
		return x.String(), true
	}
	text, err := json.Marshal(v)
	return string(text), err == nil
}

// bound cuts a value from elsewhere to what a variable may be, and makes it one
// line that is safe in headers and logs.
func bound(s string) string {
	s = oneLine(s)
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(s, "")
}

// oneLine makes spaces of control characters.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 || c >= 0x7f && c <= 0x9f || c == 0x2028 || c == 0x2029 {
			return ' '
		}
		return c
	}, s)
}

// expandURL is expand with the variables escaped as their place asks.
func (r *Run) expandURL(t *Text) string {
	var b strings.Builder
	if t.parts == nil {
		return t.Value
	}
	for _, p := range t.parts {
		b.WriteString(p.words)
		if p.variable == "" {
			continue
		}
		escape := url.PathEscape
		if strings.Contains(b.String(), "?") {
			escape = url.QueryEscape
		}
		value := r.lookup(p.variable)
		if value == "." || value == ".." {
			value = "" // would climb
		}
		b.WriteString(escape(value))
	}
	return b.String()
}

// sets implements setting.
func (s *HTTP) sets(*checker) Values { return s.Into }

func (s *HTTP) branches() []branch { return []branch{{"failed", s.On.Failed}} }
