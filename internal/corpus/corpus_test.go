package corpus

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/dialplan"
	"dialtone/internal/testphone"
	"dialtone/plantest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	longest = 12 * time.Second // of a call that is played for real
	enough  = 100              // cases that must be
)

// TestSimulatedAndRealCallsComeOutAlike plays each test of a plan in testdata
// and docs that does not last too long.
func TestSimulatedAndRealCallsComeOutAlike(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../testdata/corpus/*_test.yaml", "../../testdata/plans/*_test.yaml", "../../cookbook/*_test.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	free := make(chan int, places)
	for i := range places {
		free <- i
	}
	played := 0
	for _, file := range files {
		suite, err := plantest.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range suite.Cases {
			virtual := suite.Run(c)
			if virtual.Failed() {
				t.Errorf("%s", virtual.Text())
				continue
			}
			if why := unplayable(suite, c, virtual.Observed); why != "" {
				continue
			}
			played++
			t.Run(strings.TrimSuffix(filepath.Base(file), plantest.Suffix)+"/"+c.Name.Value, func(t *testing.T) {
				t.Parallel()
				place := <-free
				t.Cleanup(func() { free <- place })
				compare(t, virtual.Observed, play(t, suite, c, virtual.Observed, place))
			})
		}
	}
	if played < enough {
		t.Errorf("%d calls can be played for real, want %d at least", played, enough)
	}
}

// unplayable says why a test is not played for real.
func unplayable(suite *plantest.Suite, c *plantest.Case, o *plantest.Observed) string {
	switch _, ours := suite.Config.Extensions[c.Call.From.Value]; {
	case o.After > longest:
		return "it lasts too long"
	case len(c.Before) > 0:
		return "calls are up before"
	case c.Call.Source.Value != "" || !ours || c.Call.Context.Value != "":
		return "it comes from outside"
	case c.Call.HangsUp == 0 && o.By == "caller":
		return "the caller does not say when it hangs up"
	}
	return ""
}

// outcome is what is compared.
type outcome struct {
	Routes, Steps []string
	Rang, Heard   []string
	Logged        string
	Answered      bool
	AnsweredBy    string
	Shown         string
	Cause, By     string
	After         time.Duration
}

func play(t *testing.T, suite *plantest.Suite, c *plantest.Case, v *plantest.Observed, place int) outcome {
	at, err := suite.Time(c)
	if err != nil {
		t.Fatal(err)
	}
	x := openExchange(t, suite, at, place)
	ctx, cancel := context.WithTimeout(t.Context(), longest+20*time.Second)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer cancel()
	actors := enter(ctx, t, x, suite, suite.World(c))
	tones := map[float64]string{own: "echo"}
	for _, m := range v.Heard {
		var hz float64
		if n, _ := fmt.Sscanf(m.What, "tone %g Hz", &hz); n == 1 {
			tones[hz] = m.What
		}
	}
	for _, a := range actors {
		tones[a.hz] = a.label
		tasks.Go(func() { a.act(ctx, &tasks) })
	}
	extension := c.Call.From.Value
	caller := testphone.New(t, testphone.Options{
		Extension: extension, Password: string(suite.Config.Extensions[extension].Password), Server: x.addr,
		Codecs: names(c.Call.Codecs), Transport: c.Call.Transport, UserAgent: c.Call.UserAgent.Value, Patience: 20 * time.Second,
	})
	headers := map[string]string{}
	for name, value := range c.Call.Header {
		headers[name] = value.Value
	}
	if c.Call.Anonymous {
		headers["Privacy"] = "id"
	}
	call := caller.DialWith(ctx, c.Call.To.Value, testphone.Dialling{Headers: headers})
	call.Speak(own)
	e := &ear{}
	tasks.Go(func() { e.listen(ctx, call, tones) })
	if h := c.Call.HangsUp; h > 0 && !until(ctx, call, h, false) {
		call.Hangup()
	}
	call.WaitEnded(ctx)
	r := x.record(call.Invite("Call-ID"))
	var trace dialplan.Trace
	if err := json.Unmarshal(r.Trace, &trace); err != nil {
		t.Fatal(err)
	}
	o := outcome{
		Answered: !r.Answer.IsZero(), Cause: r.Cause, By: "dialtone", After: r.End.Sub(r.Start), Logged: x.said.of(r.ID),
	}
	o.Routes, o.Steps = plantest.Course(trace)
	by := ""
	for _, l := range r.Legs {
		if l.ID == r.HungUpBy && r.HungUpBy != "" {
			by = l.SIPCallID
			if l.Inbound {
				o.By = "caller"
			}
		}
	}
	for _, a := range actors {
		a.mu.Lock()
		for _, g := range a.calls {
			o.Rang = append(o.Rang, a.label)
			if g.answered {
				o.AnsweredBy = a.label
			}
			if g.sipCallID == by && by != "" {
				o.By = a.label
			}
			o.Shown = g.shown
		}
		a.mu.Unlock()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	o.Heard = e.heard
	slices.Sort(o.Rang)
	return o
}

// compare says how the real call came out otherwise than the simulated one.
func compare(t *testing.T, v *plantest.Observed, real outcome) {
	want := outcome{
		Routes: v.Routes, Steps: v.Steps, Logged: strings.Join(v.Logged, "\n"), Answered: v.Answered,
		AnsweredBy: v.AnsweredBy, Shown: v.Shown, Cause: v.Cause.String(), By: v.By, After: v.After,
	}
	for _, m := range v.Rang {
		want.Rang = append(want.Rang, m.What)
	}
	slices.Sort(want.Rang)
	for _, m := range v.Heard {
		if n := len(want.Heard); m.For >= 200*time.Millisecond && (n == 0 || want.Heard[n-1] != m.What) {
			want.Heard = append(want.Heard, m.What)
		}
	}
	if d := real.After - want.After; math.Abs(d.Seconds()) > 2 {
		t.Errorf("it lasted %v for real and %v simulated", real.After, want.After)
	}
	real.After, want.After = 0, 0
	if got, want := fmt.Sprintf("%+v", real), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("real      %s\nsimulated %s", got, want)
	}
}

func names(list dialplan.Texts) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
	}
	return out
}

func keys(w plantest.World) iter.Seq[string] { return maps.Keys(w) }

// displayName is the name in a From header.
func displayName(from string) string {
	name, _, _ := strings.Cut(from, "<")
	return strings.Trim(strings.TrimSpace(name), `"`)
}
