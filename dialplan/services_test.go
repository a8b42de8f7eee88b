package dialplan_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
)

// services answers requests in turn and keeps what is asked and sent.
type services struct {
	asked   []dialplan.Request
	answers []any // a string of a body, a status, an error, or a duration to take
	notices []dialplan.Notice
	mails   []dialplan.Mail
	full    error
}

func (s *services) Fetch(ctx context.Context, q dialplan.Request) (dialplan.Reply, error) {
	s.asked = append(s.asked, q)
	if len(s.answers) == 0 {
		return dialplan.Reply{}, errors.New("nobody answers")
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	switch a := a.(type) {
	case string:
		return dialplan.Reply{Status: 200, Body: []byte(a)}, nil
	case int:
		return dialplan.Reply{Status: a, Body: []byte(`{"a": "of an error"}`)}, nil
	case time.Duration:
		select {
		case <-time.After(a):
		case <-ctx.Done():
			return dialplan.Reply{}, context.Cause(ctx)
		}
		return dialplan.Reply{Status: 200, Body: []byte("{}")}, nil
	}
	return dialplan.Reply{}, a.(error)
}

func (s *services) Webhook(n dialplan.Notice) error {
	s.notices = append(s.notices, n)
	return s.full
}

func (s *services) Email(m dialplan.Mail) error {
	s.mails = append(s.mails, m)
	return s.full
}

const reachable = `
site: {headers_out: [Alert-Info]}
webhooks: {crm: {url: "https://crm.example.net/"}}
mail: {server: smtp.example.net, from: pbx@example.net}
extensions:
  "101": {password: kqvt-8mzn-3xwp-r5hc, name: Ann}
  "102": {password: b7fd-w2ks-9pte-n4vx}
dialplan:
  phones: [{name: it, to: [200, "3."], do: `

// served runs steps with services, for a call from 102.
func served(t *testing.T, do string, s *services, f dialplan.Facts) (*world, *dialplan.Run, *dialplan.Ended) {
	t.Helper()
	plan := parsed(t, reachable+do+"}]\n  night: [{name: sorry, do: [{log: \"night of ${to}\"}, {hangup: busy}]}]\n")
	w := &world{}
	if f.To == "" {
		f.To = "200"
	}
	f.Extension, f.CallID = "102", "c1"
	r := runOf(plan, w, f)
	r.Now = time.Now
	r.Web, r.Outbox = s, s
	return w, r, r.Do(t.Context())
}

// notes are what the trace says of the steps.
func notes(r *dialplan.Run) string {
	var out []string
	for _, e := range r.Trace.Events {
		if e.Kind == dialplan.EventStep {
			out = append(out, e.Name+": "+e.Text)
		}
	}
	return strings.Join(out, "\n")
}

func TestHTTP(t *testing.T) {
	const get = "http: https://crm.example.net/q"
	dead := errors.New("connection refused")
	for _, test := range []struct {
		name, step string
		answers    []any
		note       string
		asked      int
		took       time.Duration
	}{
		{
			"values", get + ", into: {a: name, b: list.1.id, c: ok, d: n, e: list, f: none, g: .}",
			[]any{`{"name": "Zoë\r\nX", "list": [1, {"id": 7}], "ok": true, "n": 12345678901234567890, "none": null}`},
			`200; a = Zoë  X; b = 7; c = true; d = 12345678901234567890; e = [1,{"id":7}]; f = ; g = {"list":[1,{"id":7}],`, 1, 0,
		},
		{"what is not there", get + ", into: {a: x.y, b: list.9, c: list.x}", []any{`{"x": 1, "list": []}`}, "200; the answer has no x.y; the answer has no list.9; the answer has no list.x", 1, 0},
		{"no JSON, and none wanted", get, []any{"hello"}, "200", 1, 0},
		{"no JSON", get + ", into: {a: b}, on: {failed: [ring]}", []any{"hello"}, "200; the answer is no JSON; so on failed", 1, 0},
		{"a status", get + ", into: {a: a}, on: {failed: [ring]}", []any{404}, "404; so on failed", 1, 0},
		{"asked again", get, []any{503, "{}"}, "asked again; 200", 2, 200 * time.Millisecond},
		{"asked again in vain", get, []any{dead, dead}, "asked again; connection refused", 2, 200 * time.Millisecond},
		{"no third time", get, []any{500, 500, "{}"}, "asked again; 500", 2, 200 * time.Millisecond},
		{"never what may not be repeated", get + ", body: x", []any{dead}, "connection refused", 1, 0},
		{"PUT may be", get + ", body: x, method: PUT", []any{dead, "{}"}, "asked again; 200", 2, 200 * time.Millisecond},
		{"of no use again", get, []any{fmt.Errorf("too long (%w)", dialplan.ErrFinal)}, "too long (asking again is of no use)", 1, 0},
		{"too slow", get, []any{time.Minute}, "no answer within 5s", 1, 5 * time.Second},
		{"both tries too slow", get + ", timeout: 1s", []any{503, time.Minute}, "asked again; no answer within 1s", 2, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &services{answers: test.answers}
				start := time.Now()
				_, r, e := served(t, "[{"+test.step+"}]", s, dialplan.Facts{})
				first, _, _ := strings.Cut(notes(r), "\n")
				_, first, _ = strings.Cut(first, "/q: ")
				if !strings.HasPrefix(first, test.note) || len(s.asked) != test.asked || time.Since(start) != test.took || e.Cause != dialplan.CauseNormal {
					t.Errorf("%q, asked %d in %v, %v; want %q", first, len(s.asked), time.Since(start), e, test.note)
				}
			})
		})
	}
}

// What a caller brings along changes neither the server that is asked nor what
// for, and secrets are in no trace.
func TestHTTPRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &services{answers: []any{"{}", "{}"}}
		_, r, _ := served(t, `[
			{http: "https://crm.example.net/of/${from_name}/x?name=${from_name}&at=${to}", headers: {X-Name: "${from_name}"}, auth: {bearer: n8kq-wz4r-tm2x}},
			{http: "https://crm.example.net/log", json: {name: "${from_name}", "the to": "${to}"}, auth: {user: "${extension}", password: n8kq-wz4r-tm2x}, into: {a: b}}]`,
			s, dialplan.Facts{FromName: "a/..?b&at=\"9\r\n"})
		first, second := s.asked[0], s.asked[1]
		if first.Method != "GET" || first.URL != "https://crm.example.net/of/a%2F..%3Fb&at=%229%0D%0A/x?name=a%2F..%3Fb%26at%3D%229%0D%0A&at=200" ||
			first.Header["X-Name"] != "a/..?b&at=\"9  " || first.Login.Bearer.Reveal() != "n8kq-wz4r-tm2x" || first.CallID != "c1" {
			t.Errorf("%+v", first)
		}
		if second.Method != "POST" || string(second.Body) != `{"name":"a/..?b\u0026at=\"9\r\n","the to":"200"}` || second.Login.User != "102" ||
			second.Header["Content-Type"] != "application/json" || second.Header["Accept"] != "application/json" {
			t.Errorf("%+v %s", second, second.Body)
		}
		if text := r.Trace.String() + fmt.Sprintf("%+v %v %s", s.asked, first, second.Login); strings.Contains(text, "n8kq") {
			t.Errorf("a secret can be read in\n%s", text)
		}
	})
}

// A caller who hangs up ends the waiting at once.
func TestHTTPEndsWithTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := parsed(t, reachable+"[{http: \"https://crm.example.net/\"}, ring]}]\n")
		w := &world{}
		r := runOf(plan, w, dialplan.Facts{Extension: "102", To: "200"})
		r.Web = &services{answers: []any{time.Hour}}
		gone := &dialplan.Ended{Cause: dialplan.CauseCancelled, Remote: true}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(gone) })
		start := time.Now()
		if e := r.Do(ctx); e != gone || time.Since(start) != time.Second || len(w.did) > 0 {
			t.Errorf("ended with %v after %v, did %v", e, time.Since(start), w.did)
		}
	})
}

func TestScript(t *testing.T) {
	for _, test := range []struct{ name, do, did, notes, outcome string }{
		{
			"variables", `[{set: {n: "10"}}, {script: 'set(who = call["n"] + str(len(call["from_name"])))'}, {dial: "${who}"}]`,
			"dial 101 for at most 1m0s", "script: who = 101", "no-answer",
		},
		{"goto", `[{script: 'goto("night", to = "7")'}, ring]`, "", "script: goto night\nlog night of ${to}: night of 7", "busy"},
		{"a route", `[{script: 'goto("night/" + "sorry")'}]`, "", "log night of ${to}: night of 200", "busy"},
		{"nowhere", `[{script: 'goto("ni" + "te")'}]`, "", "goto nite", "not-found: there is no context nite"},
		{"hangup", `[{script: 'hangup("declined")'}, ring]`, "", "", "declined: the script hangs up, route it of phones"},
		{"print", `[{script: 'print("from", call["from"])'}]`, "", "script: from 102", "normal"},
		{
			"an error", `[{script: "set(who = 'x')\n\nset(who = 1 + 'a')", on: {failed: [ring]}}, {log: "who is '${who}'"}]`,
			"ring", "so on failed\nring: \nlog who is '${who}': who is ''", "normal",
		},
		{"a cause that is none", `[{script: 'hangup("bu" + "zy")'}, ring]`, "ring", `there is no cause "buzy"`, "normal"},
		{"for ever", `[{script: "while True: pass"}, ring]`, "ring", "it takes more than 200000 steps", "normal"},
		{"a value that is too long", `[{script: 'set(a = "xy" * 900)'}, {if: "len(a) == 1000", then: [ring]}]`, "ring", "", "normal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, r, e := served(t, test.do, nil, dialplan.Facts{FromName: "?"})
			if did := strings.Join(w.did, ", "); did != test.did || !strings.Contains(notes(r), test.notes) || !strings.HasPrefix(e.Error(), test.outcome) {
				t.Errorf("did %s, %v\n%s", did, e, notes(r))
			}
		})
	}
}

func TestMessages(t *testing.T) {
	s := &services{}
	_, r, _ := served(t, `[
		{webhook: crm, event: "of ${to}", with: {why: "${outcome}", name: "${from_name}"}}, {webhook: crm},
		{email: [ann@example.net, "${from_name}", "${to}@example.net"], subject: "for ${to}\n${from_name}", text: "x"}, {email: ann@example.net}, {email: "${from_name}"}]`,
		s, dialplan.Facts{FromName: "Ben\r\nBcc: x@example.net"})
	if len(s.notices) != 2 || len(s.mails) != 2 {
		t.Fatalf("%v %v\n%s", s.notices, s.mails, notes(r))
	}
	n := s.notices[0]
	if n.Webhook != "crm" || n.Event != "of 200" || n.Call["from"] != "102" || n.Call["call_id"] != "c1" || n.Call["route"] != "it" || n.Values["name"] != "Ben\r\nBcc: x@example.net" || s.notices[1].Event != "call" {
		t.Errorf("%+v", s.notices)
	}
	m := s.mails[0]
	if !slices.Equal(m.To, []string{"ann@example.net", "200@example.net"}) || strings.ContainsAny(m.Subject, "\r\n") || m.Text != "x" || m.CallID != "c1" {
		t.Errorf("%+v", m)
	}
	if m := s.mails[1]; m.Subject != "Call from Ben  Bcc: x@example.net (102) to 200" || !strings.Contains(m.Text, "called 200 on ") {
		t.Errorf("%+v", m)
	}
	if !strings.Contains(notes(r), "is no address; on its way") {
		t.Error(notes(r))
	}
	full := &services{full: errors.New("250 messages wait already")}
	w, r, e := served(t, "[{webhook: crm}, {email: ann@example.net}, ring]", full, dialplan.Facts{})
	if !slices.Equal(w.did, []string{"ring"}) || e.Cause != dialplan.CauseNormal || strings.Count(notes(r), "lost: 250 messages wait already") != 2 {
		t.Errorf("%v %v\n%s", w.did, e, notes(r))
	}
}

func TestHeader(t *testing.T) {
	w, _, _ := served(t, `[
		{header: {X-Name: "${from_name}", Alert-Info: "<http://x/bell>", X-Empty: "${outcome}", X-Gone: "1"}},
		{header: {x-gone: "", X-Long: "`+strings.Repeat("y", 300)+`"}}, {dial: "101"}]`,
		nil, dialplan.Facts{FromName: "Ben\r\nVia: x"})
	want := map[string]string{"X-Name": "Ben  Via: x", "Alert-Info": "<http://x/bell>", "X-Long": strings.Repeat("y", 256)}
	if got := w.rung.Headers; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
	var many []string
	for i := range 30 {
		many = append(many, fmt.Sprintf("X-%d: a", i))
	}
	w, _, _ = served(t, "[{header: {"+strings.Join(many, ", ")+"}}, {dial: \"101\"}]", nil, dialplan.Facts{})
	if len(w.rung.Headers) != 20 {
		t.Errorf("%d headers", len(w.rung.Headers))
	}
}

// Nothing that steers a call or says who makes it may be set.
func TestProtocolHeader(t *testing.T) {
	for _, name := range []string{"From", "to", "VIA", "Contact", "i", "P-Asserted-Identity", "Privacy", "Proxy-Authorization", "Content-Length", "Route", "Max-Forwards", "Diversion", "Session-Expires", "Replaces"} {
		if !dialplan.ProtocolHeader(name) {
			t.Errorf("%s may be set", name)
		}
	}
	for _, name := range []string{"X-Queue", "Alert-Info", "Subject", "User-to-User", "Priority"} {
		if dialplan.ProtocolHeader(name) {
			t.Errorf("%s may not be set", name)
		}
	}
}
