package siptrunk

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

// movedAgain is how often at most a change of our address has us register anew.
const movedAgain = time.Minute

// seenAt is the address from which a response says that our request came (RFC 3261
// §18.2.1, RFC 3581), when it is not the one that the flow has.
func seenAt(res *sip.Response, flow sipedge.Flow) netip.AddrPort {
	via := res.Via()
	if via == nil {
		return netip.AddrPort{}
	}
	addr, port := flow.Local.Addr(), flow.Local.Port()
	if a, err := netip.ParseAddr(via.Params.GetOr("received", "")); err == nil {
		addr = a.Unmap()
	}
	if n, err := strconv.ParseUint(via.Params.GetOr("rport", ""), 10, 16); err == nil && n != 0 {
		port = uint16(n)
	}
	seen := netip.AddrPortFrom(addr, port)
	if seen == flow.Local {
		return netip.AddrPort{}
	}
	return seen
}

// sighted takes the answer to a question: when the server that we are registered
// at sees us elsewhere now, as after a new dial-in, its calls would go nowhere.
func (l *line) sighted(s Server, flow sipedge.Flow, res *sip.Response) {
	l.mu.Lock()
	b := &l.bound
	now := time.Now()
	moved := b.valid && b.server == s && b.flow == flow && seenAt(res, flow) != b.seen && now.Sub(b.asked) >= movedAgain
	if moved {
		b.asked = now
	}
	l.mu.Unlock()
	if moved {
		wake(l.again)
	}
}

// flowGone has a trunk register again whose connection has closed.
func (l *line) flowGone(f sipedge.Flow) {
	l.mu.Lock()
	ours := l.bound.valid && l.bound.flow == f
	l.mu.Unlock()
	if ours {
		wake(l.again)
	}
}
