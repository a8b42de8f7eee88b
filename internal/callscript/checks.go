package callscript

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"dialtone/internal/testphone"
)

func notCalled(s *stage) {
	if n := s.who().phone.Waiting(); n > 0 {
		s.Fatalf("expected no call, %d arrived\n%s", n, s.who().phone.Trace())
	}
}

// exactlyOne waits until one of the phones named has a call that is up, and the
// others have none that goes on.
func exactlyOne(s *stage) {
	names := strings.Fields(s.args["PHONES"])
	var winner *testphone.Call
	var who *party
	s.until(func() (bool, string) {
		up, open := 0, 0
		for _, name := range names {
			s.run.mu.Lock()
			p := s.run.phones[name]
			s.run.mu.Unlock()
			if p == nil {
				s.Fatalf("there is no phone %q", name)
			}
			for _, c := range p.phone.Calls() {
				switch {
				case c.Ended():
				case c.Answered():
					up, winner, who = up+1, c, p
				default:
					open++
				}
			}
		}
		return up == 1 && open == 0, fmt.Sprintf("%d of %v are in a call, %d still ring", up, names, open)
	})
	s.setCall(who, winner)
}

func heardOneStream(s *stage) {
	h := s.call().Heard()
	if len(h.SSRCs) != 1 || len(h.Sources) != 1 || h.Garbled != 0 {
		s.Fatalf("expected one stream, all of it usable, got %+v", h)
	}
}

func lostNothing(s *stage) {
	if h := s.call().Heard(); h.Lost != 0 || h.Packets == 0 {
		s.Fatalf("expected audio without a gap, got %+v", h)
	}
}

func gotPayloadType(s *stage) {
	c, want := s.call(), s.number("N")
	s.until(func() (bool, string) {
		types := c.Heard().Types
		return types[want] > 0, fmt.Sprintf("packets by payload type: %v", types)
	})
}

func sendInfo(s *stage) {
	if r := s.call().SendInfo(s.ctx, s.args["TYPE"], s.args["BODY"]); r.Status != 200 {
		s.Fatalf("INFO was answered %s, want 200", r)
	}
}

func getInfo(s *stage) {
	i := s.call().WaitInfo(s.ctx)
	if i.ContentType != s.args["TYPE"] || i.Body != s.args["BODY"] {
		s.Fatalf("expected %s %q, got %s %q", s.args["TYPE"], s.args["BODY"], i.ContentType, i.Body)
	}
}

func getKeyByInfo(s *stage) {
	i := s.call().WaitInfo(s.ctx)
	if i.ContentType != "application/dtmf-relay" || !strings.HasPrefix(i.Body, "Signal="+s.args["DIGIT"]+"\r\n") {
		s.Fatalf("expected key %s, got %s %q", s.args["DIGIT"], i.ContentType, i.Body)
	}
}

func getTones(s *stage) {
	want, c := s.args["DIGITS"], s.call()
	s.until(func() (bool, string) {
		got := c.HeardTones()
		return got == want, fmt.Sprintf("the tones so far are %q", got)
	})
}

func refuseReinvites(s *stage) {
	var statuses []int
	for _, w := range strings.Fields(s.args["STATUSES"]) {
		n := 0
		if _, err := fmt.Sscan(w, &n); err != nil {
			s.Fatalf("%q is no status", w)
		}
		statuses = append(statuses, n)
	}
	s.call().RefuseReinvites(statuses...)
}

func hasTimer(s *stage) {
	got, who := s.call().SessionTimer()
	if want := s.number("N"); got != want {
		s.Fatalf("expected a session timer of %d s, it is %d s (refreshed by the %s side)\n%s", want, got, who, s.who().phone.Trace())
	}
}

func gotHeader(s *stage) {
	c, method := s.call(), s.args["METHOD"]
	c.WaitRequest(s.ctx, method)
	if got := c.Got(method, s.args["HEADER"]); !strings.Contains(got, s.args["TEXT"]) {
		s.Fatalf("expected %q in %s of the %s, it is %q", s.args["TEXT"], s.args["HEADER"], method, got)
	}
}

func gotAnswerHeader(s *stage) {
	if got := s.call().WaitAnswered(s.ctx).Header(s.args["HEADER"]); !strings.Contains(got, s.args["TEXT"]) {
		s.Fatalf("expected %q in %s of the answer, it is %q\n%s", s.args["TEXT"], s.args["HEADER"], got, s.who().phone.Trace())
	}
}

// ended waits for the end of the party's call and compares it; the party has no
// call afterwards.
func (s *stage) ended(method string, status int, text string) testphone.End {
	c := s.call()
	e := c.WaitEnded(s.ctx)
	if !e.Far || e.Method != method || e.Status != status || (method != "INVITE" && !strings.Contains(e.Reason, text)) {
		want := method
		if status > 0 {
			want = strconv.Itoa(status)
		} else if text != "" {
			want += " with Reason: " + text
		}
		s.Fatalf("expected %s, but the call's end was: %s\n%s", want, e, s.who().phone.Trace())
	}
	s.setCall(s.who(), nil)
	return e
}

func refused(s *stage) {
	e := s.ended("INVITE", s.number("STATUS"), "")
	text := s.args["TEXT"]
	var all strings.Builder
	all.WriteString(e.Text)
	for _, name := range []string{"Reason", "Warning", "Retry-After", "Contact"} {
		all.WriteString("\n" + name + ": " + e.Reply.Header(name))
	}
	if !strings.Contains(all.String(), text) {
		s.Fatalf("expected %q in the response, which has\n%s", text, all.String())
	}
}

func registerStatus(s *stage) {
	r := s.who().phone.RegisterWith(s.ctx, testphone.Registration{Expires: 3600})
	if r.Status != s.number("STATUS") {
		s.Fatalf("expected %s, REGISTER was answered %s\n%s", s.args["STATUS"], r, s.who().phone.Trace())
	}
}

// count waits until "dialtone ctl what" lists N things.
func (s *stage) count(what string) {
	want := s.number("N")
	s.until(func() (bool, string) {
		var list []json.RawMessage
		if err := s.run.server.Ctl(s.ctx, &list, what); err != nil {
			return false, err.Error()
		}
		return len(list) == want, fmt.Sprintf("there are %d: %s", len(list), list)
	})
}

// findCDR waits for a record with all the fields, and takes it.
func findCDR(s *stage) {
	want := map[string]string{}
	for _, f := range strings.Fields(s.args["FIELDS"]) {
		name, value, ok := strings.Cut(f, "=")
		if !ok {
			s.Fatalf("%q is no field=value", f)
		}
		want[name] = value
	}
	s.until(func() (bool, string) {
		var records []map[string]any
		if err := s.run.server.Ctl(s.ctx, &records, "cdr"); err != nil {
			return false, err.Error()
		}
		var seen []string
		for _, r := range records {
			id := fmt.Sprint(r["id"])
			if s.run.taken(id, false) {
				continue
			}
			off := differs(r, want)
			if off == "" {
				s.run.taken(id, true)
				return true, ""
			}
			seen = append(seen, fmt.Sprintf("from=%v to=%v cause=%v blame=%v detail=%v: %s", r["from"], r["to"], r["cause"], r["blame"], r["detail"], off))
		}
		return false, fmt.Sprintf("the records are:\n\t%s", strings.Join(seen, "\n\t"))
	})
}

// qualityIs asks how the audio of the call is.
func qualityIs(s *stage) {
	s.until(func() (bool, string) {
		var calls []struct{ ID string }
		if err := s.run.server.Ctl(s.ctx, &calls, "calls"); err != nil || len(calls) != 1 {
			return false, fmt.Sprintf("%d calls, %v", len(calls), err)
		}
		var parties []struct {
			Party   string
			Verdict []string
			Level   json.RawMessage
		}
		if err := s.run.server.Ctl(s.ctx, &parties, "quality", calls[0].ID, "--for", "500ms"); err != nil {
			return false, err.Error()
		}
		for _, p := range parties {
			if p.Party == s.args["PARTY"] && strings.Contains(strings.Join(p.Verdict, "; "), s.args["TEXT"]) {
				return true, ""
			}
		}
		return false, fmt.Sprintf("it is %s", parties)
	})
}

// taken reports whether a record was matched before, and notes that it is.
func (r *run) taken(id string, now bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	was := r.seen[id]
	if now {
		r.seen[id] = true
	}
	return was
}

// differs names the first field that is not as wanted, "" when all are.
func differs(record map[string]any, want map[string]string) string {
	legs, _ := record["legs"].([]any)
	for name, value := range want {
		got := fmt.Sprint(record[name])
		switch name {
		case "legs":
			got = strconv.Itoa(len(legs))
		case "answered":
			got = "no"
			if record["answer"] != nil {
				got = "yes"
			}
		}
		if got != value {
			return fmt.Sprintf("%s is %s, not %s", name, got, value)
		}
	}
	return ""
}

// lampIs waits for what NOTIFY says of messages.
func lampIs(s *stage) {
	waiting := map[string]string{"on": "yes", "off": "no"}[s.args["STATE"]]
	if waiting == "" {
		s.Fatalf("a lamp is on or off, not %q", s.args["STATE"])
	}
	p := s.who().phone
	s.until(func() (bool, string) {
		got := p.Summary()
		ok := strings.Contains(got, "Messages-Waiting: "+waiting+"\r\n") && strings.Contains(got, "Voice-Message: "+s.args["COUNTS"]+" ")
		return ok, fmt.Sprintf("it was told %q", got)
	})
}
