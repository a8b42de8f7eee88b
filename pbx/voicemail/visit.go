package voicemail

import (
	"context"
	"errors"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/prompts/say"
	"dialtone/storage"
)

// visit is an owner who hears messages.
type visit struct {
	s        *Service
	l        Line
	ctx      context.Context //nolint:containedctx // is the life of the visit
	box      string
	language string
	own      bool // by the owner's phone
	deleted  map[storage.MessageKey]bool
	out      dialplan.Visited
}

// Visit implements call.Voicemail.
func (s *Service) Visit(ctx context.Context, l Line, in dialplan.Visiting) (dialplan.Visited, error) {
	if in.PickUp {
		if joined, err := s.pickUp(ctx, l, in); joined || err != nil {
			return dialplan.Visited{Talked: joined}, err
		}
	}
	box, why, err := s.login(ctx, l, in)
	if box == "" {
		return dialplan.Visited{Why: why}, err
	}
	f := l.Facts()
	v := &visit{s: s, l: l, ctx: ctx, box: box, language: in.Language, own: box == f.Self(), deleted: map[storage.MessageKey]bool{}}
	defer v.purge()
	s.log.Info("a mailbox is heard", "mailbox", box, "from", f.From, "call", f.CallID)
	err = v.main()
	return v.out, err
}

// purge removes what the owner has deleted, now that there is no undoing it.
func (v *visit) purge() {
	for k, deleted := range v.deleted {
		if deleted {
			v.s.purge(k)
		}
	}
}

func (v *visit) say(parts ...Part) error {
	_, err := v.l.Say(v.ctx, v.language, parts, "")
	return err
}

// choose plays parts and waits for one key, "" when none came in time.
func (v *visit) choose(parts ...Part) (string, error) {
	got, err := v.l.Ask(v.ctx, Asking{Language: v.language, Parts: parts, Max: 1, Timeout: choice})
	return got.Keys, err
}

// main is the menu that the owner hears first.
func (v *visit) main() error {
	missed := 0
	parts, err := v.summary()
	for err == nil && missed < tries && v.out.CallBack == "" {
		var key string
		if key, err = v.choose(append(parts, Words("mailbox/main-menu"))...); err != nil {
			return err
		}
		missed, parts = missed+1, nil
		switch key {
		case "1":
			missed, err = 0, v.listen(true)
		case "2":
			missed, err = 0, v.listen(false)
		case "0":
			missed, err = 0, v.options()
		case "*", "#":
			return v.say(Words("menu/goodbye"))
		case "":
		default:
			parts = []Part{Words("menu/invalid")}
		}
	}
	if err != nil || v.out.CallBack != "" {
		return err
	}
	return v.say(Words("menu/goodbye"))
}

// summary says how many messages there are.
func (v *visit) summary() ([]Part, error) {
	c, err := v.s.Counts(v.box)
	if err != nil {
		return nil, err
	}
	g := say.For(v.language)
	var words []string
	count := func(n int, one, many string) {
		if n == 0 {
			return
		}
		word := many
		if n == 1 {
			word = one
		}
		if len(words) > 0 {
			words = append(words, "mailbox/and")
		}
		words = append(append(words, g.Number(int64(n), false)...), word)
	}
	count(c.New, "mailbox/new-message", "mailbox/new-messages")
	count(c.Old, "mailbox/old-message", "mailbox/old-messages")
	out := []Part{Words(append([]string{"mailbox/you-have"}, words...)...)}
	if len(words) == 0 {
		out = []Part{Words("mailbox/no-messages")}
	}
	if files(v.greetings())[temporary] != "" {
		out = append(out, Words("mailbox/temporary-on"))
	}
	if limit := v.s.config().Voicemail.MaxMessages; (c.New+c.Old)*10 >= limit*9 {
		out = append(out, Words("mailbox/almost-full"))
	}
	return out, nil
}

// list are the messages that are new, or those that are not; urgent ones first.
func (v *visit) list(fresh bool) (urgent []storage.Message, err error) {
	all, err := v.s.Messages(v.box)
	var rest []storage.Message
	for _, m := range all {
		switch {
		case m.New() != fresh:
		case m.Urgent && fresh:
			urgent = append(urgent, m)
		default:
			rest = append(rest, m)
		}
	}
	return append(urgent, rest...), err
}

// listen plays messages, one after the other, and does with them what the owner wants.
func (v *visit) listen(fresh bool) error {
	list, err := v.list(fresh)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		if fresh {
			return v.say(Words("mailbox/no-new"))
		}
		return v.say(Words("mailbox/no-messages"))
	}
	for at := 0; at < len(list) && v.out.CallBack == ""; {
		step, err := v.message(&list[at], at)
		if err != nil || step == leave {
			return err
		}
		if at+step < 0 {
			if err := v.say(Words("mailbox/no-earlier")); err != nil {
				return err
			}
			continue
		}
		at += step
	}
	if v.out.CallBack != "" {
		return nil
	}
	return v.say(Words("mailbox/no-more"))
}

// leave is where to go on when the owner has had enough.
const leave = 1 << 20

// message plays one message and its menu, and says which one comes next.
func (v *visit) message(m *storage.Message, at int) (step int, err error) {
	parts := v.whole(m, at)
	for missed := 0; missed < tries; {
		key, err := v.hear(m, parts)
		if err != nil {
			return 0, err
		}
		if missed++; key != "" {
			missed = 0
		}
		if step, parts, err = v.act(m, at, key); step != 0 || err != nil {
			return step, err
		}
	}
	return leave, nil
}

// whole is all that is played of a message.
func (v *visit) whole(m *storage.Message, at int) []Part {
	return []Part{v.envelope(m, at), {File: v.s.Path(m), Name: "message of " + m.From}}
}

// hear plays parts and the menu, and gives the key. A message that is in parts is no
// longer new when a key was pressed, or when it was played to its end.
func (v *visit) hear(m *storage.Message, parts []Part) (string, error) {
	start, plays := time.Now(), len(parts) > 1
	key, err := v.choose(append(parts, Words("mailbox/message-menu"))...)
	if plays && m.New() && (err == nil || time.Since(start) >= m.Length) {
		if fault := v.s.heard(m.MessageKey); fault != nil {
			v.s.log.Error("a message stays new", "mailbox", v.box, "message", m.ID, "error", fault)
		}
		m.Heard = start
	}
	return key, err
}

// act does what a key stands for. A step of 0 stays at the message, and parts are said.
func (v *visit) act(m *storage.Message, at int, key string) (step int, parts []Part, err error) {
	switch key {
	case "1", "6":
		return 1, nil, nil
	case "4":
		return -1, nil, nil
	case "5":
		parts = v.whole(m, at)
	case "9":
		return 1, nil, v.say(Words("mailbox/saved"))
	case "7":
		parts, err = v.toggle(m)
	case "8":
		parts, err = v.forward(m)
	case "2":
		if parts = v.callBack(m); parts == nil {
			return leave, nil, v.say(Words("mailbox/call-back"))
		}
	case "0":
		err = v.options()
	case "*", "#":
		return leave, nil, nil
	case "":
	default:
		parts = []Part{Words("menu/invalid")}
	}
	return 0, parts, err
}

// envelope says which message it is, from whom and since when.
func (v *visit) envelope(m *storage.Message, at int) Part {
	g := say.For(v.language)
	words := []string{"mailbox/message"}
	switch {
	case m.Urgent:
		words[0] = "mailbox/urgent"
	case m.Private:
		words[0] = "mailbox/private"
	}
	words = append(words, g.Number(int64(at+1), false)...)
	if number := strings.TrimPrefix(m.From, "+"); number != "" && strings.Trim(number, "0123456789") == "" {
		words = append(append(words, "mailbox/from"), g.Phone(m.From)...)
	} else {
		words = append(words, "mailbox/from-unknown")
	}
	zone := v.s.zone()
	words = append(append(words, "mailbox/received"), say.Moment(g, m.At.In(zone), time.Now().In(zone), 0)...)
	return Words(words...)
}

// toggle deletes a message, or takes that back.
func (v *visit) toggle(m *storage.Message) ([]Part, error) {
	gone := !v.deleted[m.MessageKey]
	switch err := v.s.mark(m.MessageKey, gone); {
	case errors.Is(err, ErrNotFound): // the operator, or the mail, has deleted it
		return []Part{Words("mailbox/deleted")}, nil
	case err != nil:
		return nil, err
	}
	v.deleted[m.MessageKey] = gone
	if gone {
		return []Part{Words("mailbox/deleted")}, nil
	}
	return []Part{Words("mailbox/restored")}, nil
}

// callBack goes on to whom the message is from; what it gives is said when it cannot.
// Only the owner's own phone may: what it may call is up to the dialplan, which has the last
// word on the number, too.
func (v *visit) callBack(m *storage.Message) []Part {
	if !v.own || !dialplan.CanCallBack(m.From) {
		return []Part{Words("mailbox/cannot-call-back")}
	}
	v.out.CallBack = m.From
	return nil
}
