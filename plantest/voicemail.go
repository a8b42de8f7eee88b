package plantest

import (
	"context"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/pbx/voicemail"
)

// nowhere is where messages go that are left in tests.
type nowhere struct{ samples int }

// Write implements record.Writer.
func (n *nowhere) Write(pcm []int16) error { n.samples += len(pcm); return nil }

// Flush implements record.Writer.
func (*nowhere) Flush() error { return nil }

// Length implements record.Writer.
func (n *nowhere) Length() time.Duration { return time.Duration(n.samples) * time.Second / 8000 }

// Deposit implements call.Voicemail: the caller hears that it may speak, and does so until
// it hangs up or presses #. With an operator, 0 is for that.
func (w *world) Deposit(ctx context.Context, l voicemail.Line, d dialplan.Depositing) (out dialplan.Deposited, err error) {
	v := w.cfg.Voicemail
	keys := "#"
	if v.Operator != "" {
		keys += "0"
	}
	key, err := l.Say(ctx, d.Language, []voicemail.Part{voicemail.Words("voicemail/leave-message"), voicemail.Words("tone/beep")}, keys)
	if err != nil || key == "0" {
		out.Operator = map[bool]string{true: v.Operator}[key == "0"]
		return out, err
	}
	r, err := l.Record(ctx, voicemail.Recording{To: &nowhere{}, Max: v.MaxLength.D(), Finish: "#"})
	if out.Kept, out.Length = r.Length >= v.Minimum.D(), r.Length; !out.Kept {
		out.Why = "the message was too short"
		return out, err
	}
	w.left("message for " + d.Mailbox + ", greeting " + d.Greeting)
	return out, err
}

// Visit implements call.Voicemail: there are no messages.
func (w *world) Visit(ctx context.Context, l voicemail.Line, v dialplan.Visiting) (dialplan.Visited, error) {
	w.left(strings.TrimSpace("mailbox " + v.Mailbox))
	_, err := l.Say(ctx, v.Language, []voicemail.Part{voicemail.Words("mailbox/no-messages")}, "")
	return dialplan.Visited{}, err
}

func (w *world) left(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.voicemail = append(w.voicemail, what)
}

// sameVoicemail compares a line of voicemail with what happened, of which the end may be
// left out: "message for 101" is one with any greeting.
func sameVoicemail(want, got string) bool { return want == got || strings.HasPrefix(got, want+",") }
