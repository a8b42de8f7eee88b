package browser

import (
	"context"
	"testing"
	"time"
)

// Who hangs up in the moment of the answer has hung up: CANCEL is too late, and BYE follows.
func TestHangingUpWhileTheCallIsAnswered(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOffice(t)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	page.Eval(`(() => {
		const s = window.sockets.find((s) => s.protocol === 'sip' && s.readyState === WebSocket.OPEN)
		const { onmessage } = s
		const send = s.send.bind(s)
		let late
		s.send = (text) => text.startsWith('CANCEL') ? late = text : send(text)
		s.onmessage = (e) => {
			if (late && /^SIP.2.0 200 [^]*^CSeq: \d+ INVITE/m.test(e.data)) {
				send(late)
				late = ''
			}
			onmessage(e)
		}
	})()`, nil)
	page.Fill("Name or number", "101")
	page.Press("Enter")
	call := phone.Next(ctx)
	call.Ring()
	page.See("text", "Calling")
	page.Click("button", "Hang up")
	call.Answer()
	before, cancel := context.WithTimeout(ctx, 15*time.Second) // the answer would be repeated for 32
	defer cancel()
	call.WaitEnded(before)
	o.quiet(page)
}
