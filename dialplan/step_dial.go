package dialplan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Dial rings extensions, or calls numbers outside, and joins the caller with the
// first that answers; that conversation ends the call. When nobody answers, the
// branch for why is taken, then the next step.
type Dial struct {
	Placed
	// To is whom to ring: an extension, a group, or a list of them; with via,
	// numbers outside. Over trunks that are internal, these may be names, such as
	// sales for sip:sales@partner.example; a URI itself is none of them.
	To Texts `yaml:"dial" main:"true"`
	// Timeout ends the ringing. The default is calls.ring_timeout; when phones ring
	// one after the other, until each had its time.
	Timeout time.Duration `yaml:"timeout" min:"1s" max:"1h"`
	// Strategy is how all of them ring, whatever their groups say: all at once,
	// sequential (one after the other) or random (one after the other, each time in
	// another order).
	Strategy string `yaml:"strategy" enum:"all,sequential,random"`
	// Each is how long one rings before the next does, with strategy sequential or
	// random. The default is 15s.
	Each time.Duration `yaml:"each" min:"1s" max:"10m"`
	// Via are the trunks over which numbers outside are called, tried in order: the
	// next when one has no free channel or its servers do not answer or have trouble
	// (408, 5xx). Those that are known to be dead are tried after the others.
	Via Texts `yaml:"via"`
	// As is the extension on whose permission, and at whose cost, the numbers are
	// called. Without it, it is the extension that calls; callers from outside need
	// it.
	As Text `yaml:"as"`
	// CallerID is the number that callees outside see, with + and its country code, or
	// anonymous to hide it, as far as the trunk's hidden lets it. The default is what
	// the extension and the trunk say.
	CallerID Text `yaml:"caller_id"`
	// FromName is what the phones show as the caller's name. The default is that
	// name, behind the one of the number that was called on a trunk, if numbers gives
	// it one.
	FromName Text `yaml:"from_name"`
	// Keys are pressed at the callee when it has answered, as by send_keys: the
	// extension behind a menu, or a code: "ww123#".
	Keys Text `yaml:"keys"`
	// WithMusic is a class of music, one of music.classes or default, that the caller hears
	// instead of a ringing tone. A caller that takes no audio before the answer hears its
	// own phone ring.
	WithMusic Text `yaml:"with_music"`
	// Confirm asks who answers before the two are joined: it is a file that is played
	// to the callee, such as one that says "press 1 to take the call", or tones for two
	// short tones; they are played instead of a file that is gone, too. 1 takes the
	// call; another key, hanging up, or nothing within 5s after it was played for the
	// second time refuses it. Meanwhile the caller hears it ring, and the others go on
	// ringing. So the voicemail of a mobile phone never takes a call. Who has answered
	// before timeout may still confirm after it. Calls to emergency numbers are not asked.
	Confirm Text `yaml:"confirm"`
	// On are the steps for when nobody answers, by why.
	On On `yaml:"on"`

	emergency bool   // an emergency number
	path      string // where it stands, for what is found later
}

// On are the branches of a dial that nobody answered.
type On struct {
	// Busy is for a callee that is in a call or does not want to be disturbed.
	Busy Steps `yaml:"busy"`
	// NoAnswer is for phones that rang in vain.
	NoAnswer Steps `yaml:"no-answer"`
	// NotRegistered is for an extension without a phone.
	NotRegistered Steps `yaml:"not-registered"`
	// Declined is for a callee that refused the call.
	Declined Steps `yaml:"declined"`
	// Cancelled is for a caller that gives up while it rings, and then is gone: log,
	// webhook, email, set, if, switch and call only.
	Cancelled Steps `yaml:"cancelled"`
	// Failed is for every other reason that has no branch of its own here.
	Failed Steps `yaml:"failed"`
}

// confirmTones is what confirm says to have tones instead of a file.
const confirmTones = "tones"

// defaultEach is how long one of several rings when nothing says.
const defaultEach = 15 * time.Second

// String implements Step.
func (s *Dial) String() string {
	text := "dial " + strings.Join(values(s.To), ", ")
	if len(s.Via) > 0 {
		text += " via " + strings.Join(values(s.Via), ", ")
	}
	if s.As.Value != "" {
		text += " as " + s.As.Value
	}
	return text
}

// Run implements Step. The call waits in here for all of its time, so what it needs on the
// stack before and after that is left to others.
func (s *Dial) Run(ctx context.Context, r *Run) error {
	by, err := s.ring(ctx, r)
	if by == "" {
		return s.unanswered(ctx, r, err)
	}
	r.answeredBy, r.outcome, r.failed = by, "answered", nil
	r.note(by + " answered")
	return cmp.Or(asEnded(err), &Ended{Cause: CauseNormal})
}

// ring rings, and tells who answered; with somebody, err says how the call ended.
func (s *Dial) ring(ctx context.Context, r *Run) (by string, err error) {
	ring, err := s.ringing(r)
	if err != nil {
		return "", err
	}
	r.note("rings " + ring.String())
	by, err = r.Session.Dial(ctx, ring)
	return by, err //nolint:wrapcheck // it says who ended the call
}

// unanswered goes on where nobody has answered, for which err is why.
func (s *Dial) unanswered(ctx context.Context, r *Run, err error) error {
	if ctx.Err() != nil {
		return s.gaveUp(ctx, r, err)
	}
	e := asEnded(err)
	if e == nil {
		e = &Ended{Cause: CauseNoAnswer}
	}
	r.failed, r.outcome = e, e.Cause.String()
	if box := (*ForwardedError)(nil); errors.As(err, &box) {
		return cmp.Or(r.take(ctx, Steps{&Voicemail{Mailbox: Text{Value: box.Mailbox}}}), error(&Ended{Cause: CauseNormal, Detail: box.Error()}))
	}
	key, steps := s.On.pick(e.Cause)
	if key == "" {
		r.note(e.Error())
		return nil
	}
	r.note(e.Error() + ", so on " + key)
	return r.take(ctx, steps)
}

// pick gives the branch for a cause; "" when there is none.
func (o *On) pick(c Cause) (string, Steps) {
	key, steps := "", Steps(nil)
	switch c {
	case CauseBusy, CauseDoNotDisturb:
		key, steps = "busy", o.Busy
	case CauseNoAnswer:
		key, steps = "no-answer", o.NoAnswer
	case CauseNotRegistered:
		key, steps = "not-registered", o.NotRegistered
	case CauseDeclined:
		key, steps = "declined", o.Declined
	}
	if len(steps) > 0 {
		return key, steps
	}
	if len(o.Failed) > 0 {
		return "failed", o.Failed
	}
	return "", nil
}

// takesMessage reports whether who declines leaves the caller to a mailbox.
func (o *On) takesMessage() bool {
	_, steps := o.pick(CauseDeclined)
	if len(steps) == 0 {
		return false
	}
	_, is := steps[0].(*Voicemail)
	return is
}

// ringing works out whom to ring and when.
func (s *Dial) ringing(r *Run) (Ringing, error) {
	out := Ringing{Timeout: s.Timeout, FromName: r.expand(&s.FromName), Headers: r.headers, Keys: r.expandKeys(&s.Keys), Music: s.WithMusic.Value, Hidden: r.hidden()}
	if out.FromName == "" && len(s.Via) == 0 {
		out.FromName = r.nameOn(r.plan.lines.numbers[r.did])
	}
	for i := range s.To {
		name := r.expand(&s.To[i])
		members, err := s.targets(name, r)
		if err != nil {
			return out, err
		}
		out.Targets = append(out.Targets, members...)
	}
	if s.Strategy != "" {
		out.Targets = arrange(out.Targets, s.Strategy, cmp.Or(s.Each, defaultEach), r.shuffle)
	}
	out.Targets = once(out.Targets)
	if slices.ContainsFunc(out.Targets, Target.emergency) {
		out.Timeout = max(out.Timeout, emergencyTimeout)
	} else if s.Confirm.Value != "" {
		out.Confirm = s.confirming(r)
	}
	out.Voicemail = len(out.Targets) == 1 && s.On.takesMessage()
	if out.Timeout == 0 {
		out.Timeout = r.plan.ringTimeout
		var last time.Duration
		for _, t := range out.Targets {
			last = max(last, t.After+t.For)
		}
		if one := out.Targets[len(out.Targets)-1]; one.For > 0 {
			out.Timeout = last
		}
	}
	return out, nil
}

// confirming is what is played to who answers.
func (s *Dial) confirming(r *Run) *Playing {
	p := r.playing(nil)
	if s.Confirm.Value != confirmTones {
		p = r.playing(Texts{s.Confirm})
	}
	return &p
}

// members are the targets that a name stands for: of a group without the caller,
// who need not ring for its own call.
func (p *Plan) members(name string, r *Run) ([]Target, error) {
	g := p.groups[name]
	if g == nil {
		if !p.extensions[name] {
			return nil, &Ended{Cause: CauseNotFound, Detail: name + " is neither an extension nor a group"}
		}
		return []Target{{Extension: name}}, nil
	}
	var out []Target
	for _, m := range g.Members {
		if m.Extension.Value != r.Facts.Extension {
			out = append(out, Target{Extension: m.Extension.Value, After: m.Delay})
		}
	}
	if len(out) == 0 {
		return nil, &Ended{Cause: CauseNotFound, Detail: "nobody but the caller is in group " + name}
	}
	if g.Strategy == "" || g.Strategy == "all" {
		return out, nil
	}
	return arrange(out, g.Strategy, cmp.Or(g.Each, defaultEach), r.shuffle), nil
}

// arrange spreads targets over time as a strategy says.
func arrange(targets []Target, strategy string, each time.Duration, shuffle func(int, func(i, j int))) []Target {
	if strategy == "random" {
		shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
	}
	for i := range targets {
		if strategy == "all" {
			targets[i].After, targets[i].For = 0, 0
			continue
		}
		targets[i].After, targets[i].For = time.Duration(i)*each, each
	}
	return targets
}

// once keeps the first of each extension and number.
func once(targets []Target) []Target {
	seen := map[string]bool{}
	var out []Target
	for _, t := range targets {
		if !seen[t.Name()] {
			seen[t.Name()] = true
			out = append(out, t)
		}
	}
	return out
}

// String is whom it rings, for people.
func (r Ringing) String() string {
	var parts []string
	for _, t := range r.Targets {
		text := t.Name()
		if t.Outside != nil {
			text += " via " + strings.Join(t.Outside.Via, ", ")
		}
		if t.After > 0 {
			text += " after " + t.After.String()
		}
		parts = append(parts, text)
	}
	text := fmt.Sprintf("%s for at most %s", strings.Join(parts, ", "), r.Timeout)
	if r.Confirm != nil {
		text += ", and who answers must confirm"
	}
	return text
}

func asEnded(err error) *Ended {
	var e *Ended
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	}
	return &Ended{Cause: CauseInternal, Detail: err.Error()}
}

func (s *Dial) check(c *checker) {
	s.path = c.where()
	for i := range s.To {
		c.text(&s.To[i])
		s.checkTarget(c, s.To[i])
	}
	c.text(&s.FromName)
	c.pressing(&s.Keys)
	c.music(s.WithMusic)
	if c.text(&s.Confirm); s.Confirm.Value != "" && s.Confirm.Value != confirmTones {
		c.promptFile(s.Confirm)
	}
	s.checkOutside(c)
	if s.Each > 0 && s.Strategy != "sequential" && s.Strategy != "random" {
		c.fail(s.Where(), "each has no effect when all ring at once", "write strategy: sequential, or remove each")
	}
	for _, b := range s.branches() {
		c.within("on."+b.key, b.do)
	}
	c.withoutCaller(s.On.Cancelled)
}

func (s *Dial) branches() []branch {
	o := &s.On
	return []branch{
		{"busy", o.Busy},
		{"no-answer", o.NoAnswer},
		{"not-registered", o.NotRegistered},
		{"declined", o.Declined},
		{"cancelled", o.Cancelled},
		{"failed", o.Failed},
	}
}

func (*Dial) waits() bool { return true }
