package sipua

import (
	"context"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
)

// Weights share the load; what site.emergency says is an order.
func TestWeightsDoNotOrderEmergencyCalls(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("near", func(t *config.Trunk) { t.Weight = 1 }), trunk("far", func(t *config.Trunk) { t.Weight = 1000 }))
	near, far := b.provider("near"), b.provider("far")
	o := outgoing("112", "near", "far")
	o.Emergency = true
	out := b.outside(context.Background(), o, nil)
	near.reply(near.request(sip.INVITE), 200, "callee", plainSDP)
	near.request(sip.ACK)
	if d := b.wait(out); d.err != nil {
		t.Fatal(d.err)
	}
	far.silent(t1)
}

// Nobody waits for trunks that are known to be dead, as long as there are others.
func TestDeadTrunksAreTriedLast(t *testing.T) {
	t.Parallel()
	for name, emergency := range map[string]bool{"any call": false, "an emergency": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, trunk("a"), trunk("b"), trunk("c"), trunk("d"))
			b.lines.mu.Lock()
			b.lines.dead = map[string]bool{"a": true, "c": true}
			b.lines.mu.Unlock()
			trunks := map[string]*peer{}
			for _, n := range []string{"a", "b", "c", "d"} {
				trunks[n] = b.provider(n)
			}
			o := outgoing("112", "a", "b", "c", "d")
			o.Emergency = emergency
			out := b.outside(context.Background(), o, nil)
			for _, n := range []string{"b", "d", "a"} {
				p := trunks[n]
				p.reply(p.request(sip.INVITE), 503, "x")
				p.request(sip.ACK)
			}
			last := trunks["c"]
			last.reply(last.request(sip.INVITE), 200, "callee", plainSDP)
			last.request(sip.ACK)
			if d := b.wait(out); d.err != nil {
				t.Fatal(d.err)
			}
			if got := strings.Join(o.Via, " "); got != "a b c d" {
				t.Errorf("the list of the plan became %s", got)
			}
		})
	}
}

// Why a call failed does not depend on which trunks were known to be dead.
func TestTheLastTrunkSaysWhyAllFailed(t *testing.T) {
	t.Parallel()
	b := newBed(t, trunk("sip"), trunk("full", func(t *config.Trunk) { t.Channels = 1 }))
	b.lines.dead = map[string]bool{"sip": true}
	p := b.provider("sip")
	release, _ := b.lines.Acquire("full", false)
	defer release()
	out := b.outside(context.Background(), outgoing("+4930123456", "sip", "full"), nil)
	p.reply(p.request(sip.INVITE), 503, "x")
	p.request(sip.ACK)
	e := b.fails(b.wait(out).err, dialplan.CauseCallLimit)
	if !strings.HasPrefix(e.Detail, "full: ") || !strings.Contains(e.Detail, "; sip: ") {
		t.Errorf("%+v", e)
	}
}
