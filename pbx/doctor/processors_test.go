package doctor

import (
	"strings"
	"testing"
	"time"

	"dialtone/pbx/api"
	"dialtone/pbx/processor"
)

func TestProcessors(t *testing.T) {
	calm := processor.Times{Total: 1000 * time.Second, Idle: 900 * time.Second, Stolen: time.Second}
	crowded := processor.Times{Total: 1000 * time.Second, Idle: 900 * time.Second, Stolen: 70 * time.Second}
	lately, once := time.Now().Add(-time.Hour), time.Now().Add(-48*time.Hour)
	for _, c := range []struct {
		name     string
		stalls   api.Stalls
		times    processor.Times
		level    Level
		text, do string
	}{
		{"ours", api.Stalls{}, calm, OK, "took 0.1 %", ""},
		{"a crowded host", api.Stalls{}, crowded, Warning, "gave 7 % of its processors to others", "processors of its own"},
		{"another system", api.Stalls{}, processor.Times{}, OK, "no gap in the audio", ""},
		{
			"stalls",
			api.Stalls{Times: 3, Told: lately, LongestMS: 340, Last: lately, Why: "the processors are 97 % busy", Do: "see with what"},
			calm, Warning, "3 times since it started, for 340 ms at most", "see with what",
		},
		{"a short one", api.Stalls{Times: 1, LongestMS: 90, Last: lately, Why: "it was too short"}, calm, OK, "1 time since it started, for 90 ms at most", ""},
		{"stalls of long ago", api.Stalls{Times: 3, Told: once, LongestMS: 340, Last: once, Why: "x", Do: "y"}, calm, OK, "took 0.1 %", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := judgeProcessors(c.stalls, c.times)
			if f.Level != c.level || !strings.Contains(f.Text, c.text) || !strings.Contains(f.Do, c.do) || (f.Do == "") != (c.do == "") {
				t.Errorf("%+v", f)
			}
			if f.Values["stalls"] != float64(c.stalls.Times) {
				t.Errorf("%v", f.Values)
			}
		})
	}
}
