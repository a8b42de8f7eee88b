package dialplan_test

import (
	"fmt"
	"strings"
	"testing"

	"dialtone/config"
	"dialtone/dialplan"
)

// bigPlan has n routes of all kinds, the last of which is for 99999.
func bigPlan(n int) string {
	var b strings.Builder
	b.WriteString(extensions + "schedules: {office: {open: [\"Mon-Fri 08:00-18:00\"]}}\ndialplan:\n  phones:\n")
	for i := range n - 1 {
		to := fmt.Sprintf("%07d", i)
		switch i % 4 {
		case 1:
			to = fmt.Sprintf("00%06d.", i)
		case 2:
			to = fmt.Sprintf("8%06dXX", i)
		}
		when := ""
		if i%4 == 3 {
			when = "when: {time: office, from: not 0X.}, "
		}
		fmt.Fprintf(&b, "    - {name: route %d, to: %q, %sdo: [{dial: \"101\", timeout: 20s, on: {failed: [{hangup: busy}]}}]}\n", i, to, when)
	}
	b.WriteString("    - {name: last, to: \"99999\", do: [echo]}\n")
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		text := []byte(bigPlan(n))
		b.Run(fmt.Sprint(n, " routes"), func(b *testing.B) {
			for b.Loop() {
				if _, err := config.Parse("plan.yaml", text, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		l, err := config.Parse("plan.yaml", []byte(bigPlan(n)), nil)
		if err != nil {
			b.Fatal(err)
		}
		plan := func() *dialplan.Plan { return l.Plan }
		for _, to := range []string{"99999", "00000001123", "404"} {
			b.Run(fmt.Sprintf("%d routes/%s", n, to), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r := dialplan.NewRun(dialplan.Facts{Extension: "101", From: "101", To: to}, plan, dialplan.NoPhones{})
					r.Trace = &dialplan.Trace{}
					if d := r.Decide(); (d.Route == nil) != (to == "404") {
						b.Fatal(d)
					}
				}
			})
		}
	}
}

// A call through a big plan leaves a short trace.
func TestBigPlansHaveShortTraces(t *testing.T) {
	l, err := config.Parse("plan.yaml", []byte(bigPlan(1000)), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := runOf(l.Plan, &world{}, dialplan.Facts{Extension: "101", To: "99999"})
	if d := r.Decide(); d.Name() != "last" || len(r.Trace.Events) > 3 {
		t.Errorf("took %s, with %d lines of trace", d.Name(), len(r.Trace.Events))
	}
}
