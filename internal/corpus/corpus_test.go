package corpus

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/plantest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	longest = 10 * time.Second // of a call that is played for real
	enough  = 200              // cases that must be
)

// TestSimulatedAndRealCallsComeOutAlike plays each test of the plans in testdata
// and the cookbook; in those that last long the caller hangs up early.
func TestSimulatedAndRealCallsComeOutAlike(t *testing.T) {
	var files []string
	for _, pattern := range []string{"testdata/corpus/*", "testdata/plans/*", "cookbook/*"} {
		found, err := filepath.Glob("../../" + pattern + plantest.Suffix)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	all, left := scenes(t, files)
	t.Logf("%d calls can be played for real, %d cannot", len(all), left)
	if len(all) < enough {
		t.Errorf("%d calls can be played for real, want %d at least", len(all), enough)
	}
	h := openHouse(t)
	for _, s := range playAll(t, h, all) {
		t.Run("again/"+s.name, func(t *testing.T) { attempts(t, h, func(y *try) { play(y, s, 0) }) })
	}
}

// playAll plays calls, and gives those of which it is not known how they come out. They wait
// most of the time: more of them run at a time than tests usually do.
func playAll(t *testing.T, h *house, all []scene) (again []scene) {
	t.Helper()
	var mu sync.Mutex // guards again
	var calls sync.WaitGroup
	for _, s := range all {
		if s.torn() {
			continue
		}
		place := h.enter()
		calls.Go(func() {
			defer h.leave(place)
			t.Run(s.name, func(t *testing.T) {
				if attempt(t, h, func(y *try) { play(y, s, place) }) {
					mu.Lock()
					defer mu.Unlock()
					again = append(again, s)
				}
			})
		})
	}
	calls.Wait()
	return again
}

// scene is a test that is played for real, and how it came out when it was
// simulated.
type scene struct {
	name    string
	suite   *plantest.Suite
	test    *plantest.Case
	short   bool // it is cut short
	virtual *plantest.Observed
	tapes   []tape
}

// scenes simulates all tests, and gives those that can be played for real, the
// longest first; left is how many cannot.
func scenes(t *testing.T, files []string) (out []scene, left int) {
	t.Helper()
	for _, file := range files {
		suite, err := plantest.Read(file)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, c := range suite.Cases {
			s := scene{name: strings.TrimSuffix(filepath.Base(file), plantest.Suffix) + "/" + c.Name.Value, suite: suite, test: c}
			r := suite.Run(c)
			if r.Failed() {
				t.Errorf("%s fails when it is simulated: run dialtone test %s", s.name, file)
				continue
			}
			if s.test = shortened(c, r.Observed); s.test != c {
				s.name, s.short = s.name+", cut short", true
				if r = suite.Run(s.test); r.Err != nil {
					t.Errorf("%s: %v", s.name, r.Err)
					continue
				}
			}
			s.virtual = r.Observed
			if why := s.unplayable(); why != "" {
				t.Logf("%s is not played for real: %s", s.name, why)
				left++
				continue
			}
			if s.tapes, err = tapes(suite, s.virtual); err != nil {
				t.Errorf("%s: %v", s.name, err)
				continue
			}
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b scene) int { return cmp.Compare(b.virtual.Stayed, a.virtual.Stayed) })
	return out, left
}

const (
	worthwhile = 7 * time.Second        // of the course of a call that is cut short
	apart      = 600 * time.Millisecond // from any other event, so that their order is clear
	stay       = 1200 * time.Millisecond
)

// shortened is a test whose caller hangs up soon after the last thing that happens
// within a while: for tests that last longer, and those that do not say when the
// caller hangs up. Others stay as they are.
func shortened(c *plantest.Case, o *plantest.Observed) *plantest.Case {
	if o.Stayed <= longest && (c.Call.HangsUp > 0 || o.By != "caller") {
		return c
	}
	events := []time.Duration{0}
	if o.Answered {
		events = append(events, o.Record.Answer.Sub(o.Record.Start))
	}
	for _, m := range slices.Concat(o.Rang, o.Heard) {
		events = append(events, m.After, m.After+m.For)
	}
	end := stay
	for _, e := range events {
		if e <= worthwhile {
			end = max(end, e+stay)
		}
	}
	for slices.ContainsFunc(events, func(e time.Duration) bool { return (e - end).Abs() < apart }) {
		end += apart
	}
	short, call := *c, *c.Call
	call.HangsUp, short.Call, short.Expect = end, &call, plantest.Expect{}
	return &short
}

// torn: something begins where the call is cut, so that chance decides whether it does.
func (s *scene) torn() bool {
	return s.short && slices.ContainsFunc(slices.Concat(s.virtual.Rang, s.virtual.Heard), func(m plantest.Moment) bool {
		return s.virtual.Stayed-m.After < apart
	})
}

// unplayable says why a test is not played for real.
func (s *scene) unplayable() string {
	if s.virtual.Stayed > longest {
		return "it lasts " + s.virtual.Stayed.Round(time.Millisecond).String()
	}
	for _, sent := range s.virtual.Sent {
		if strings.HasPrefix(sent, "email ") {
			return "it sends mail"
		}
	}
	for _, left := range s.virtual.Voicemail {
		if strings.HasPrefix(left, "mailbox") {
			return "simulated, a visit to a mailbox is over at once, for there are no messages"
		}
	}
	for _, caller := range append(slices.Clone(s.test.Before), s.test.Call) {
		if why := s.absent(caller); why != "" {
			return why
		}
	}
	for _, phones := range s.suite.World(s.test) {
		for _, p := range phones {
			if deed, after := p.Act(); deed == "unreachable" && after > 0 {
				return "it takes time to notice that a phone is gone"
			}
		}
	}
	for name, g := range s.suite.Config.Groups {
		if g.Strategy == "random" && len(g.Members) > 1 && len(s.virtual.Rang) > 0 && s.dials(name) {
			return "a group rings in random order"
		}
	}
	return s.unplayableOutside()
}

// dials reports whether a step dials what has that name, or may do so.
func (s *scene) dials(name string) bool {
	return slices.ContainsFunc(s.virtual.Steps, func(step string) bool {
		return strings.HasPrefix(step, "dial ") && !strings.Contains(step, via) && (strings.Contains(step, name) || strings.Contains(step, "${"))
	})
}

// absent says why a caller cannot be had.
func (s *scene) absent(c *plantest.Caller) string {
	trunk, on := s.suite.Config.Trunks[c.Trunk.Value]
	stranger := !on && !s.ours(c)
	switch {
	case c.Context.Value != "" && (!on || trunk.Context != c.Context.Value):
		return "a call enters a context of its own"
	case c.Source.Value != "" && (on || !strings.HasPrefix(c.Source.Value, "127.") || c.Source.Value != "127.0.0.1" && (c.Transport == "tcp" || c.Transport == "tls")):
		return "a call comes from an address that is not here"
	case c != s.test.Call && (c.HangsUp > 0 || stranger):
		return "a call that was before ends"
	case c != s.test.Call && len(c.Keys) > 0:
		return "keys are pressed in a call that was before"
	}
	return ""
}

// ours reports whether a caller is an extension.
func (s *scene) ours(c *plantest.Caller) bool {
	_, ours := s.suite.Config.Extensions[c.From.Value]
	return ours && c.Trunk.Value == ""
}

// unplayableOutside says why the outside of a test cannot be had.
func (s *scene) unplayableOutside() string {
	states := s.suite.Trunks(s.test)
	for name, trunk := range s.suite.Config.Trunks {
		switch {
		case trunk.Transport == "tls":
			return "a provider has TLS"
		case trunk.Weight > 0 && len(s.virtual.Outside) > 0:
			return "trunks share calls at random"
		case trunk.Dial.Strip > 0:
			return "a provider is not told the whole number"
		case trunk.Country != "" && trunk.Country != s.suite.Config.Site.Country:
			return "a provider is abroad"
		case states[name].Value == plantest.TrunkFull:
			return "a trunk is full"
		}
		for _, key := range []string{"host", "proxy", "transport"} {
			if at, set := s.suite.Loaded.Position("trunks." + name + "." + key); set && !s.beside(at) {
				return "a trunk stands in a file of another folder"
			}
		}
	}
	for _, phones := range s.suite.Outside(s.test) {
		if deed, _ := phones[0].Act(); deed == "unreachable" {
			return "what an unreachable number outside is depends on the provider"
		}
	}
	return ""
}

// beside reports whether a place is in the folder of the plan.
func (s *scene) beside(at config.Position) bool {
	rel, err := filepath.Rel(filepath.Dir(s.suite.Loaded.Files[0]), at.File)
	return err == nil && filepath.IsLocal(rel)
}
