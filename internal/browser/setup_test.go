package browser

import (
	"fmt"
	"testing"
)

// timed clicks on a button and waits for the first packet of audio, in milliseconds.
const timed = `(async () => {
	const before = window.connections.length
	const begin = performance.now();
	%s;
	for (;;) {
		for (const pc of window.connections.slice(before)) {
			for (const s of (await pc.getStats()).values()) {
				if (s.type === 'inbound-rtp' && s.packetsReceived > 0) return performance.now() - begin
			}
		}
		await new Promise((done) => setTimeout(done, 5))
	}
})()`

// TestTheFirstAudioAfterAClick says how long it takes until one who calls, and one who
// answers, hears something: docs/benchmarks.md. It fails when nothing is ever heard.
func TestTheFirstAudioAfterAClick(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	for range 3 {
		page.Fill("Name or number", "101")
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			call := phone.NextCall(ctx)
			call.Answer()
			call.Speak(desk)
		}()
		took := page.clickTimed("Call")
		<-answered
		t.Logf("calling: %.0f ms", took)
		page.Click("button", "Hang up")
		page.Gone("button", "Hang up")

		call := phone.Dial(ctx, "100")
		call.Speak(desk)
		t.Logf("answering: %.0f ms", page.clickTimed("Answer"))
		call.Hangup()
		page.Gone("button", "Hang up")
	}
	o.quiet(page)
}

func (p *Page) clickTimed(button string) (milliseconds float64) {
	p.t.Helper()
	p.See("button", button)
	p.Eval(fmt.Sprintf(timed, find("button", button)+".click()"), &milliseconds)
	return milliseconds
}
