package voicemail

import (
	"cmp"
	"context"
	"errors"
	"time"

	"dialtone/dialplan"
	"dialtone/media/record"
	"dialtone/pbx/disk"
	"dialtone/storage"
)

// How long callers have to choose.
const (
	choice  = 5 * time.Second
	between = 3 * time.Second
	tries   = 3
)

// deposit is a caller who leaves a message.
type deposit struct {
	s        *Service
	l        Line
	d        dialplan.Depositing
	operator string
	urgent   bool
	private  bool
	out      dialplan.Deposited
	outer    context.Context //nolint:containedctx // is the life of the call
	end      context.CancelCauseFunc
	taken    *pickUp // who ended it; Service.mu guards it
}

// Deposit implements call.Voicemail.
func (s *Service) Deposit(ctx context.Context, l Line, d dialplan.Depositing) (dialplan.Deposited, error) {
	cfg := s.config()
	v := &deposit{s: s, l: l, d: d, operator: cmp.Or(cfg.Extensions[d.Mailbox].Voicemail.Operator, cfg.Voicemail.Operator)}
	if err := s.space(d.Mailbox); err != nil {
		return v.refused(ctx, err)
	}
	if _, err := l.Say(ctx, d.Language, nil, ""); err != nil { // who is picked up was answered
		return v.out, err
	}
	return v.orTaken(ctx)
}

// leave greets the caller and takes a message.
func (v *deposit) leave(ctx context.Context) (dialplan.Deposited, error) {
	s, l, d := v.s, v.l, v.d
	parts := s.greeting(l.Facts().From, &d)
	if v.operator != "" && len(parts) > 0 {
		parts = append(parts, Words("voicemail/operator"))
	}
	key, err := l.Say(ctx, d.Language, parts, "#*"+v.zero())
	switch {
	case err != nil:
		v.out.Why = "the call was over before the tone"
		return v.out, err
	case key == "0":
		return v.toOperator()
	case key == "*":
		return v.owner(ctx)
	}
	return v.messages(ctx)
}

// zero is the key for the operator, "" when there is none.
func (v *deposit) zero() string {
	if v.operator == "" {
		return ""
	}
	return "0"
}

func (v *deposit) toOperator() (dialplan.Deposited, error) {
	v.out.Operator = v.operator
	return v.out, nil
}

// owner lets in who pressed the star: the owner, at another phone.
func (v *deposit) owner(ctx context.Context) (dialplan.Deposited, error) {
	v.stay()
	in, err := v.s.Visit(ctx, v.l, dialplan.Visiting{Mailbox: v.d.Mailbox, Language: v.d.Language})
	v.out.Why = cmp.Or(in.Why, "the owner heard messages")
	return v.out, err
}

// refused says that there can be no message, and why.
func (v *deposit) refused(ctx context.Context, why error) (dialplan.Deposited, error) {
	v.out.Why = "no message was kept: " + why.Error()
	prompt := "voicemail/full"
	switch {
	case errors.Is(why, errBoxFull):
		v.s.log.Warn("a mailbox is full", "event", "voicemail", "mailbox", v.d.Mailbox, "max_messages", v.s.config().Voicemail.MaxMessages)
	case errors.Is(why, disk.ErrFull): // which was said when it became so
	default:
		prompt = "voicemail/not-saved"
		v.s.log.Error("a message could not be kept", "event", "voicemail", "mailbox", v.d.Mailbox, "from", v.l.Facts().From, "error", why)
	}
	_, err := v.l.Say(ctx, v.d.Language, []Part{Words(prompt)}, "")
	return v.out, err
}

// messages records until the caller is content.
func (v *deposit) messages(ctx context.Context) (dialplan.Deposited, error) {
	cfg := v.s.config().Voicemail
	for range tries {
		f := v.l.Facts()
		t, err := v.s.begin(storage.Message{
			MessageKey: storage.MessageKey{Mailbox: v.d.Mailbox}, From: f.From, FromName: f.FromName, To: v.d.Called, Trunk: f.Trunk, CallID: f.CallID,
		}, v.l.Rate())
		if err != nil {
			return v.refused(ctx, err)
		}
		if _, err := v.l.Say(ctx, v.d.Language, []Part{Words("tone/beep")}, "#"); err != nil {
			t.drop()
			return v.out, err
		}
		r, over := v.l.Record(ctx, Recording{To: t.writer, Rate: t.rate, Max: cfg.MaxLength.D(), Silence: cfg.Silence.D(), Finish: "#" + v.zero()})
		if r.Err != nil {
			v.s.log.Error("a message could not be recorded in full", "event", "voicemail", "mailbox", v.d.Mailbox, "message", t.m.ID, "error", r.Err)
		}
		if r.Speech < cfg.Minimum.D() {
			t.drop()
			v.out.Why = "the message was too short"
			if over != nil || r.Why == record.Silent {
				return v.out, over
			}
			if r.Key == "0" {
				return v.toOperator()
			}
			if _, err := v.l.Say(ctx, v.d.Language, []Part{Words("voicemail/too-short"), Words("voicemail/leave-message")}, "#"); err != nil {
				return v.out, err
			}
			continue
		}
		if again, err := v.finish(ctx, t, r, over); !again {
			return v.out, err
		}
	}
	return v.out, nil
}

// finish keeps a message, perhaps after its caller has listened to it; again says that it
// is to be recorded anew.
func (v *deposit) finish(ctx context.Context, t *take, r Recorded, over error) (again bool, err error) {
	if over == nil && r.Key == "#" {
		switch again, over = v.review(ctx, t); {
		case again:
			t.drop()
			return true, nil
		}
	}
	if p := v.stay(); p != nil && p.begins(v.outer) {
		t.drop()
		return false, over
	}
	if err := v.keep(t); err != nil {
		if over != nil {
			v.out, _ = v.refused(ctx, err)
			return false, over
		}
		v.out, err = v.refused(ctx, err)
		return false, err
	}
	switch {
	case over != nil:
		return false, over
	case r.Key == "0":
		v.out.Operator = v.operator
		return false, nil
	}
	_, err = v.l.Say(ctx, v.d.Language, []Part{Words("voicemail/sent")}, "")
	return false, err
}

// keep makes it a message of the mailbox.
func (v *deposit) keep(t *take) error {
	t.m.Urgent, t.m.Private = v.urgent, v.private
	if err := t.keep(); err != nil {
		return err
	}
	v.out.Kept, v.out.Length, v.out.Why = true, t.m.Length, ""
	v.s.log.Info("a message was left", "mailbox", t.m.Mailbox, "message", t.m.ID, "from", t.m.From, "length", t.m.Length, "call", t.m.CallID)
	return nil
}

// review lets the caller listen, mark and record again. Who hangs up has sent it.
func (v *deposit) review(ctx context.Context, t *take) (again bool, over error) {
	if err := t.writer.Flush(); err != nil {
		return false, nil //nolint:nilerr // keep says so
	}
	say := []Part{}
	for range 5 * tries {
		say = append(say, Words("voicemail/review"), Words("voicemail/mark"))
		got, err := v.l.Ask(ctx, Asking{Language: v.d.Language, Parts: say, Max: 1, Timeout: choice})
		if err != nil {
			return false, err
		}
		say = nil
		switch got.Keys {
		case "1", "#", "":
			return false, nil
		case "2":
			say = []Part{{File: t.file.Name(), Name: "message"}}
		case "3":
			return true, nil
		case "4":
			v.urgent = !v.urgent
			if v.urgent {
				say = []Part{Words("voicemail/marked-urgent")}
			}
		case "5":
			v.private = !v.private
			if v.private {
				say = []Part{Words("voicemail/marked-private")}
			}
		default:
			say = []Part{Words("menu/invalid")}
		}
	}
	return false, nil
}
