package doctor

import (
	"context"
	"fmt"
	"time"

	"dialtone/pbx/api"
	"dialtone/pbx/processor"
)

const (
	longAgo    = 24 * time.Hour // a stall does not matter any more
	muchStolen = 5              // per cent, on average
)

// processors have to have time for audio every 20 ms.
func (p *patient) processors(context.Context) []Finding {
	times, err := processor.Read()
	f := judgeProcessors(p.status.Stalls, times)
	switch {
	case f.Level == OK && !p.running():
		f = skipped("nothing watches the processors while the server does not run", "")
	case err == nil:
		f.Values["stolen_percent"] = 100 * times.StolenShare()
	}
	return []Finding{f}
}

// judgeProcessors judges what the server noticed, and what they did since the machine
// started; times is zero when that is not known.
func judgeProcessors(s api.Stalls, times processor.Times) Finding {
	f := ok("no gap in the audio was noticed in the last 24 hours")
	percent := 100 * times.StolenShare()
	switch {
	case !s.Told.IsZero() && time.Since(s.Told) < longAgo:
		f = warning(stalled(s), s.Do)
	case percent >= muchStolen:
		f = warning(fmt.Sprintf("the host of this virtual machine gave %.0f %% of its processors to others since it started: audio can have gaps", percent), processor.DoStolen)
	case s.Times > 0 && time.Since(s.Last) < longAgo:
		f = ok(stalled(s))
	case percent > 0:
		f.Text += fmt.Sprintf("; the host of this virtual machine took %.1f %% of its processors since it started", percent)
	}
	f.Values = map[string]float64{"stalls": float64(s.Times), "stall_max_ms": s.LongestMS}
	return f
}

// stalled tells of gaps that the server noticed.
func stalled(s api.Stalls) string {
	return fmt.Sprintf("the server did not run in time %s since it started, for %.0f ms at most, last at %s: gaps in the audio of all calls; %s",
		count(s.Times, "time"), s.LongestMS, s.Last.Format("2006-01-02 15:04:05 MST"), s.Why)
}
