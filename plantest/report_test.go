package plantest

import (
	"bytes"
	"os"
	"reflect"
	"testing"
)

// outcome runs a file of testdata.
func outcome(t *testing.T, name string) *Outcome {
	t.Helper()
	s, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	o := &Outcome{Suite: s}
	for _, c := range s.Cases {
		o.Results = append(o.Results, s.Run(c))
	}
	return o
}

// TestReports compares what is printed with testdata/*.golden; with GOLDEN=write
// in the environment, it writes them.
func TestReports(t *testing.T) {
	t.Chdir("testdata")
	passes, fails := outcome(t, "passes_test.yaml"), outcome(t, "fails_test.yaml")
	if _, failed := passes.Counts(); failed > 0 {
		t.Error("tests fail that must pass")
	}
	_, wrong := Read("bad/which.yaml")
	unread := &Outcome{Suite: &Suite{Name: "bad/which.yaml"}, Err: wrong}
	all := []*Outcome{passes, fails, unread}
	var text, short, tap, junit, cover bytes.Buffer
	for _, o := range all {
		o.Write(&text, true)
		o.Write(&short, false)
	}
	WriteTAP(&tap, all)
	if err := WriteJUnit(&junit, all); err != nil {
		t.Fatal(err)
	}
	c := NewCoverage()
	c.Add(fails.Suite, fails.Results)
	c.Write(&cover)
	c.Add(passes.Suite, passes.Results)
	c.Write(&cover)
	for name, got := range map[string]*bytes.Buffer{
		"verbose.golden": &text, "short.golden": &short, "tap.golden": &tap, "junit.golden": &junit, "coverage.golden": &cover,
	} {
		golden(t, name, got.Bytes())
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if os.Getenv("GOLDEN") == "write" {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is now:\n%s", name, got)
	}
}

// The same test has the same result each time, to the nanosecond.
func TestResultsAreTheSameEachTime(t *testing.T) {
	for _, name := range []string{"testdata/passes_test.yaml", "testdata/fails_test.yaml", "../testdata/plans/callcentre_test.yaml"} {
		s, err := Read(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Cases {
			first := run(s, c)
			for range 20 {
				if again := run(s, c); !reflect.DeepEqual(first, again) {
					t.Fatalf("%s: at first\n%s\nthen\n%s", c.Name.Value, first.Text(), again.Text())
				}
			}
		}
	}
}

// run runs a test. In its record ids are by chance.
func run(s *Suite, c *Case) *Result {
	r := s.Run(c)
	if r.Observed == nil {
		return r
	}
	for i := range r.Observed.Record.Legs {
		r.Observed.Record.Legs[i].ID = ""
	}
	return r
}

// The clock of the machine does not matter: an hour of a call takes no time, and
// there are as many timers in it as there are.
func BenchmarkAnHour(b *testing.B) {
	s, err := Read("testdata/passes_test.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r := s.Run(s.Cases[0]); r.Failed() {
			b.Fatal(r.Text())
		}
	}
}
