package dialplan

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Menu answers and lets the caller choose from a menu. When the caller goes back out
// of it, the next step is taken: behind a key of another menu, that one asks again.
type Menu struct {
	Placed
	// Name is that of the menu. One that the caller is in already is gone back to.
	Name Text `yaml:"menu" main:"true"`

	menu *menu
}

// Repeat lets the menu ask again, in which it stands.
type Repeat struct{ Placed }

// Back leaves the menu in which it stands: to the menu from which the caller came, or
// to the step behind menu.
type Back struct{ Placed }

// again is the error that lets a menu ask again; "" is the one it comes from.
type again struct{ menu string }

func (*again) Error() string { return "repeat" }

// back is the error that leaves a menu.
type back struct{}

func (*back) Error() string { return "back" }

// String implements Step.
func (s *Menu) String() string { return "menu " + s.Name.Value }

// String implements Step.
func (*Repeat) String() string { return "repeat" }

// String implements Step.
func (*Back) String() string { return "back" }

// Run implements Step.
func (*Repeat) Run(context.Context, *Run) error { return &again{} }

// Run implements Step.
func (*Back) Run(context.Context, *Run) error { return &back{} }

// Run implements Step.
func (s *Menu) Run(ctx context.Context, r *Run) error {
	m := s.menu
	if slices.Contains(r.menus, m.name) {
		return &again{m.name}
	}
	if len(r.menus) >= maxCalls {
		return &Ended{Cause: CauseLoop, Detail: s.String() + ": more than " + strconv.Itoa(maxCalls) + " menus within each other"}
	}
	r.menus = append(r.menus, m.name)
	defer func() { r.menus = r.menus[:len(r.menus)-1] }()
	r.count(m, MenuEntered, "")
	v := &menuVisit{menu: m, entering: true}
	for {
		err := v.round(ctx, r)
		var a *again
		var b *back
		switch {
		case errors.As(err, &a) && (a.menu == "" || a.menu == m.name):
			v.tries = 0
		case errors.As(err, &b), err == nil && v.over:
			return nil
		case err != nil:
			return err
		}
		r.failed = nil
	}
}

// menuVisit is a caller in a menu.
type menuVisit struct {
	*menu
	entering bool
	tries    int   // that were in vain
	fresh    bool  // keys that were pressed before do not count
	sorry    Texts // is played before the caller is asked again
	over     bool  // all tries were in vain
}

// round asks once, and takes the steps of what was chosen.
func (v *menuVisit) round(ctx context.Context, r *Run) error {
	r.failed = nil
	got, err := v.ask(ctx, r)
	if err != nil {
		r.hungUp(v.menu, err)
		return err
	}
	if got.Spoke {
		got.Keys = v.understood(got.Said)
		r.note("said " + quote(got.Said))
	}
	w, ok := v.find(got.Keys)
	switch {
	case ok && w.extension:
		r.count(v.menu, MenuExtension, "")
		r.note("extension " + w.keys)
	case ok:
		r.count(v.menu, MenuKey, w.keys)
		r.note("key " + w.keys)
	case got.TimedOut:
		r.count(v.menu, MenuTimeout, "")
		r.note("nothing was pressed")
		v.sorry = orPrompt(v.NoKey, menuNoKey)
	default:
		r.count(v.menu, MenuInvalid, "")
		if !got.Spoke {
			r.note(quote(got.Keys) + " is no choice")
		}
		v.sorry = orPrompt(v.Invalid, menuInvalid)
	}
	if ok {
		v.tries, v.fresh, v.sorry = 0, false, nil
		return r.take(ctx, w.do)
	}
	v.fresh = true
	if v.tries++; v.tries < cmp.Or(v.Tries, menuTries) {
		return nil
	}
	return v.fail(ctx, r)
}

// ask plays what there is to choose and gathers what is chosen.
func (v *menuVisit) ask(ctx context.Context, r *Run) (Gathered, error) {
	g := Gathering{
		Playing: r.playing(v.prompts()), Max: v.max, Finish: v.finish, Enough: v.enough, Fresh: v.fresh, Listen: len(v.spoken) > 0,
		Timeout: cmp.Or(v.Timeout, menuTimeout), Between: cmp.Or(v.Between, menuBetween),
	}
	if !v.entering || v.repeats() {
		g.Text = strings.TrimSpace(oneLine(r.expand(&v.Text)))
	}
	v.entering, v.sorry = false, nil
	if v.BargeIn != nil && !*v.BargeIn {
		_, err := r.Session.Play(ctx, g.Playing)
		if err = r.played(err); err != nil {
			return Gathered{}, err
		}
		g.Files, g.Text, g.Fresh = nil, "", true
	}
	got, err := r.Session.Gather(ctx, g)
	if got.Keys == "" && !got.TimedOut && !got.Spoke {
		got.Keys = g.Finish // alone, it is a key like others
	}
	return got, r.played(err)
}

// prompts are what is played before a choice.
func (v *menuVisit) prompts() Texts {
	switch {
	case v.entering:
		return append(slices.Clip(v.Greeting), v.Choices...)
	case v.repeats():
		return append(slices.Clip(v.sorry), v.Choices...)
	}
	return append(slices.Clip(v.sorry), v.Greeting...)
}

// repeats reports whether something else than the greeting says what can be pressed.
func (m *menu) repeats() bool { return len(m.Choices) > 0 || m.Text.Value != "" }

func orPrompt(own Texts, ours string) Texts {
	if len(own) > 0 {
		return own
	}
	return Texts{{Value: ours}}
}

// fail is what comes of a caller who chose nothing.
func (v *menuVisit) fail(ctx context.Context, r *Run) error {
	r.count(v.menu, MenuFailed, "")
	v.over = true
	if len(v.On.Failed) > 0 {
		r.note("so on failed")
		return r.take(ctx, v.On.Failed)
	}
	_, err := r.Session.Play(ctx, r.playing(Texts{{Value: menuGoodbye}}))
	if err = r.played(err); err != nil {
		return err
	}
	return &Ended{Cause: CauseNormal, Detail: "nothing was chosen in menu " + v.name}
}

func (r *Run) count(m *menu, what MenuEvent, key string) {
	if r.Menus != nil {
		r.Menus.Count(m.name, what, key)
	}
}

// hungUp counts a caller who left the menu by hanging up.
func (r *Run) hungUp(m *menu, err error) {
	if e := asEnded(err); e != nil && e.Remote {
		r.count(m, MenuHangup, "")
		r.note("hung up in menu " + m.name)
	}
}

func (s *Menu) check(c *checker) {
	if s.Name.Value == "" {
		return
	}
	if s.menu = c.plan.menus[s.Name.Value]; s.menu == nil {
		c.undefined(s.Name.At, "menu", s.Name.Value, keys(c.spec.Menus))
		return
	}
	c.usedMenus[s.Name.Value] = true
}

func (s *Repeat) check(c *checker) { c.withinMenu(s) }
func (s *Back) check(c *checker)   { c.withinMenu(s) }

func (c *checker) withinMenu(s Step) {
	if !c.inMenu {
		c.fail(s.Where(), s.String()+" stands outside of a menu", "write it behind a key of a menu, or use goto")
	}
}

func (*Menu) waits() bool   { return true }
func (*Repeat) final() bool { return true }
func (*Back) final() bool   { return true }
