package testbaresip

import (
	"context"
	"os"
	"path/filepath"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

// lasting is how long a tone is to last that is heard: a quarter of a second.
const lasting = 2000

// Heard is what the phone has heard so far in all of its calls, one after the other, at 8 kHz.
// Of a call that was held it is what came before: baresip records no more after a re-INVITE.
func (p *Phone) Heard() (pcm []int16) {
	p.tb.Helper()
	names, _ := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav")) // in order: the time is in the name
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			p.tb.Fatal(err)
		}
		if sides, err := callscript.Sides(data); err == nil { // it may just begin
			pcm = append(pcm, sides[0]...)
		}
	}
	return pcm
}

// WaitHeard waits until it has heard n samples in all.
func (p *Phone) WaitHeard(ctx context.Context, n int) {
	p.tb.Helper()
	if !callscript.Until(ctx, func() bool { return len(p.Heard()) >= n }) {
		p.tb.Fatalf("baresip heard %d samples, want %d", len(p.Heard()), n)
	}
}

// Hears waits until it has heard a tone, after that many samples.
func (p *Phone) Hears(ctx context.Context, hz float64, since int) {
	p.tb.Helper()
	if !callscript.Until(ctx, func() bool { return testphone.Sounds(p.after(since), hz, lasting) }) {
		p.tb.Fatalf("baresip does not hear %v Hz in %d samples", hz, len(p.after(since)))
	}
}

func (p *Phone) after(since int) []int16 {
	pcm := p.Heard()
	return pcm[min(since, len(pcm)):]
}
