package testphone

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// End is how a call ended.
type End struct {
	Far    bool   // the far side ended it, not this phone
	Method string // "BYE", "CANCEL", or "INVITE" for a refusal
	Status int    // of a refusal, else 0
	Text   string // its reason phrase
	Reason string // the Reason header (RFC 3326), as it came
	Reply  Reply  // the refusal
}

// String tells the end in a few words.
func (e End) String() string {
	by := "near"
	if e.Far {
		by = "far"
	}
	s := strings.TrimSpace(fmt.Sprintf("%s by the %s side", e.Method, by))
	if e.Status > 0 {
		s = fmt.Sprintf("refused with %d %s", e.Status, e.Text)
	}
	if e.Reason != "" {
		s += ", Reason: " + e.Reason
	}
	return s
}

// Info is the body of an INFO request.
type Info struct{ ContentType, Body string }

// Call is one call of a phone, from its INVITE to its end.
type Call struct {
	p        *Phone
	outgoing bool

	// all below is guarded by p.mu
	callID, localTag, remoteTag string
	localURI, remoteURI         sip.Uri
	target                      sip.Uri
	routes                      []string
	flow                        *flow
	localSeq, remoteSeq         uint32
	dial                        Dialling
	invite                      *sip.Request  // the last first INVITE, sent or received
	server                      *sip.ServerTx // of a received one
	challenged                  int
	authRes                     *sip.Response // the challenge that was answered
	provisionals                []Reply
	answer                      Reply
	answered, acked, ended      bool
	cancelWanted, cancelSent    bool
	cancelNow                   bool // without waiting for a sign of life
	sign                        bool // something came back to the INVITE
	forks                       int  // 2xx of other dialogs, acknowledged and hung up
	end                         End
	ack                         *sip.Request
	ackSDP                      string   // of the ACK received
	rseq                        uint32   // last reliable response, sent or received
	pracked                     uint32   // last of ours that was acknowledged
	reinvited, updated          int      // requests received
	refuse                      []int    // statuses for the next re-INVITEs
	pendingOut                  bool     // own re-INVITE or UPDATE on its way
	pendingACK                  uint32   // CSeq of the INVITE whose ACK is awaited, 0 for none
	accepts                     []string // branches of the INVITEs that got a 2xx
	infos                       []Info
	fragment                    int                     // the status of a transfer, by the last NOTIFY
	requests                    map[string]*sip.Request // the last received, by method
	closing                     sync.Once
	done                        chan struct{} // closed when it has ended

	audio          *audio
	video          *video // nil before there is any
	mine, theirs   *SDP
	want, agreed   string // direction, from this side
	version, sdpID int
	offerPending   bool // what we sent was an offer, whose answer is to come
	expires        int
	refresher      string
	timerStarted   bool
}

func (p *Phone) newCall(outgoing bool) (*Call, error) {
	a, err := newAudio(p.ip, time.Duration(p.opt.Ptime)*time.Millisecond)
	if err != nil {
		return nil, fmt.Errorf("audio ports: %w", err)
	}
	a.loses = p.opt.Loses
	c := &Call{
		p: p, outgoing: outgoing, audio: a, want: "sendrecv", agreed: "inactive",
		localTag: sip.GenerateTagN(10), sdpID: int(time.Now().UnixNano() % 1e9), requests: map[string]*sip.Request{},
		done: make(chan struct{}),
	}
	p.calls = append(p.calls, c)
	return c, nil
}

// find gives the call that an in-dialog request belongs to.
func (p *Phone) find(req *sip.Request) *Call {
	tag, _ := req.To().Params.Get("tag")
	for _, c := range slices.Backward(p.calls) {
		if c.callID == req.CallID().Value() && (c.localTag == tag || (tag == "" && !c.outgoing)) {
			return c
		}
	}
	return nil
}

// finish ends the call; mu is held.
func (c *Call) finish(e End) {
	if c.ended {
		return
	}
	c.ended, c.end = true, e
	close(c.done)
	c.p.trace.note("call ended: %s", e)
	c.p.wg.Go(c.closeAudio)
	c.p.wake()
}

func (c *Call) closeAudio() {
	c.closing.Do(func() {
		c.audio.close()
		c.p.mu.Lock()
		v := c.video
		c.p.mu.Unlock()
		if v != nil {
			v.close()
		}
	})
}

// String names the call by its parties.
func (c *Call) String() string {
	if c.outgoing {
		return fmt.Sprintf("call %s to %s", c.p.opt.Extension, c.remoteURI.User)
	}
	return fmt.Sprintf("call %s from %s", c.p.opt.Extension, c.remoteURI.User)
}

// await waits for ready and fails the test with what was expected when it does
// not come, at once when the call has ended and mayEnd is false.
func (c *Call) await(ctx context.Context, what string, mayEnd bool, ready func() bool) {
	c.p.t.Helper()
	dead := false
	err := c.p.wait(ctx, func() bool {
		ok := ready()
		dead = c.ended && !mayEnd && !ok
		return ok || dead
	})
	switch {
	case err != nil:
		c.p.fail("%s: expected %s; %v, %s", c, what, err, c.State())
	case dead:
		c.p.fail("%s: expected %s; %s", c, what, c.State())
	}
}

// State tells in words how far the call is.
func (c *Call) State() string {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	var seen []string
	for _, r := range c.provisionals {
		seen = append(seen, strconv.Itoa(r.Status))
	}
	switch {
	case c.ended:
		return "it has ended: " + c.end.String()
	case c.answered && !c.acked && !c.outgoing:
		return "it is answered but not acknowledged"
	case c.answered:
		return "it is answered"
	case len(seen) > 0:
		return "seen so far: " + strings.Join(seen, ", ")
	}
	return "nothing came back but perhaps 100"
}

// WaitRinging waits until the far side rings (180).
func (c *Call) WaitRinging(ctx context.Context) { c.p.t.Helper(); c.WaitStatus(ctx, 180) }

// WaitStatus waits for a provisional response with that status and returns it.
func (c *Call) WaitStatus(ctx context.Context, status int) Reply {
	c.p.t.Helper()
	var got Reply
	c.await(ctx, strconv.Itoa(status), false, func() bool {
		i := slices.IndexFunc(c.provisionals, func(r Reply) bool { return r.Status == status })
		if i >= 0 {
			got = c.provisionals[i]
		}
		return i >= 0
	})
	return got
}

// Provisionals are the statuses of the provisional responses received, in order,
// without 100.
func (c *Call) Provisionals() []int {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	var out []int
	for _, r := range c.provisionals {
		out = append(out, r.Status)
	}
	return out
}

// WaitAnswered waits for the 200 of a call made, or for the ACK of one answered.
func (c *Call) WaitAnswered(ctx context.Context) Reply {
	c.p.t.Helper()
	what := "200"
	if !c.outgoing {
		what = "ACK"
	}
	c.await(ctx, what, false, func() bool { return c.answered && (c.outgoing || c.acked) })
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.answer
}

// WaitEnded waits until the call is over and returns how it ended.
func (c *Call) WaitEnded(ctx context.Context) End {
	c.p.t.Helper()
	c.await(ctx, "the end of the call", true, func() bool { return c.ended })
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.end
}

// Done is closed when the call is over.
func (c *Call) Done() <-chan struct{} { return c.done }

// Rings waits for the far side to ring (180), and reports whether it did before
// the call was answered or over, or ctx ended.
func (c *Call) Rings(ctx context.Context) bool {
	rang := false
	err := c.p.wait(ctx, func() bool {
		rang = slices.ContainsFunc(c.provisionals, func(r Reply) bool { return r.Status == 180 })
		return rang || c.answered || c.ended
	})
	return err == nil && rang
}

// Up waits for the answer, and reports whether it came before the call was over
// or ctx ended.
func (c *Call) Up(ctx context.Context) bool {
	up := false
	err := c.p.wait(ctx, func() bool {
		up = c.answered && !c.ended
		return up || c.ended
	})
	return err == nil && up
}

// Agrees waits until it is known what audio the call has, which may be before the
// answer, and reports whether that came before the call was over or ctx ended.
func (c *Call) Agrees(ctx context.Context) bool {
	agreed := false
	err := c.p.wait(ctx, func() bool {
		agreed = c.theirs != nil && !c.ended
		return agreed || c.ended
	})
	return err == nil && agreed
}

// Dialled is the user of the Request-URI of the INVITE that began the call.
func (c *Call) Dialled() string {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.invite.Recipient.User
}

// Ended reports whether the call is over.
func (c *Call) Ended() bool {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.ended
}

// Answered reports whether the call was answered; it stays so after its end.
func (c *Call) Answered() bool {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.answered
}

// Forks is how many further answers of other dialogs came to the same INVITE.
func (c *Call) Forks() int {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.forks
}

// Invite is a header of the INVITE that began the call, "" when it has none.
func (c *Call) Invite(header string) string {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return headerOf(c.invite, header)
}

// Got is a header of the last request of that method that arrived in the call.
func (c *Call) Got(method, header string) string {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if r := c.requests[method]; r != nil {
		return headerOf(r, header)
	}
	return ""
}

// AnswerHeader is a header of the answer to the phone's INVITE, "" when there is none.
func (c *Call) AnswerHeader(name string) string {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.answer.Header(name)
}

// Far is the last description of the far side; nil before there is one.
func (c *Call) Far() *SDP {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.theirs
}

// Direction is what was negotiated, from this side.
func (c *Call) Direction() string {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.agreed
}

// Reinvites is how many re-INVITEs and UPDATEs arrived.
func (c *Call) Reinvites() (invites, updates int) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.reinvited, c.updated
}

// WaitReinvites waits until n re-INVITEs or UPDATEs have arrived in all.
func (c *Call) WaitReinvites(ctx context.Context, n int) {
	c.p.t.Helper()
	c.await(ctx, fmt.Sprintf("%d re-INVITEs or UPDATEs", n), false, func() bool { return c.reinvited+c.updated >= n })
}

// WaitDirection waits until the call's audio is negotiated to flow that way, as
// seen from this phone: "sendrecv", "sendonly", "recvonly" or "inactive".
func (c *Call) WaitDirection(ctx context.Context, direction string) {
	c.p.t.Helper()
	c.await(ctx, "the audio to be "+direction, false, func() bool { return c.agreed == direction })
}

// SessionTimer is the session interval in seconds and who refreshes ("near",
// "far"); 0 and "" when there is none.
func (c *Call) SessionTimer() (seconds int, refresher string) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	return c.expires, c.refresher
}

// RefuseReinvites refuses the next re-INVITEs with these statuses, one each.
func (c *Call) RefuseReinvites(statuses ...int) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.refuse = append(c.refuse, statuses...)
}

// WaitInfo waits for an INFO, the oldest not yet taken.
func (c *Call) WaitInfo(ctx context.Context) Info {
	c.p.t.Helper()
	c.await(ctx, "INFO", false, func() bool { return len(c.infos) > 0 })
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	first := c.infos[0]
	c.infos = c.infos[1:]
	return first
}

// Outgoing reports whether this phone made the call.
func (c *Call) Outgoing() bool { return c.outgoing }
