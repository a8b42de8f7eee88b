package dialplan

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"dialtone/dialplan/script"
)

// Script runs a small program in Starlark, a dialect of Python, for decisions
// that the other steps cannot make. It reads the variables of the call,
// call["from"], and may set some, set(who = "101"), go on elsewhere,
// goto("night") or goto("night/sorry", to = "300"), hang up, hangup("busy"), and
// write into the log, print("..."). It has neither files nor net nor clock, and
// at most half a second, 200000 steps and 8 MiB.
type Script struct {
	Placed
	// Text is the program, or file:PATH for one in a file of its own, relative to
	// the configuration file.
	Text Text `yaml:"script" main:"true" path:"file:"`
	// On are the steps for when it fails.
	On ScriptOn `yaml:"on"`

	compiled bool
	program  *script.Program
	source   string // the file, "" for one that stands in the plan
	wrong    []*script.Error
	unread   error
}

// ScriptOn are the branches of a script.
type ScriptOn struct {
	// Failed is for a program that ends with an error; then nothing that it did
	// counts. Without it, the next step is taken.
	Failed Steps `yaml:"failed"`
}

const scriptFile = "file:"

// String implements Step.
func (s *Script) String() string {
	if name, ok := strings.CutPrefix(s.Text.Value, scriptFile); ok {
		return "script " + filepath.Base(name)
	}
	return "script"
}

// Run implements Step.
func (s *Script) Run(ctx context.Context, r *Run) error {
	if s.program == nil {
		return &Ended{Cause: CauseInternal, Detail: "the script at " + s.Where().String() + " was not compiled"}
	}
	result, err := s.program.Run(ctx, r.variables())
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, text := range result.Printed {
		r.say(bound(text), s)
	}
	if err == nil && result.Hangup != "" && !slices.Contains(hangupCauses(), result.Hangup) {
		err = &script.Error{Reason: "hangup: there is no cause " + quote(result.Hangup)}
	}
	if err != nil {
		return s.failed(ctx, r, err)
	}
	for _, name := range keys(result.Set) {
		r.vars[name] = bound(result.Set[name])
		r.note(name + " = " + r.vars[name])
	}
	switch {
	case result.Goto != "":
		r.note("goto " + result.Goto)
		j := &jump{to: r.To}
		j.context, j.route, _ = strings.Cut(result.Goto, "/")
		if result.To != "" {
			j.to = bound(result.To)
		}
		return j
	case result.Hangup != "":
		return &Ended{Cause: CauseOf(result.Hangup), Detail: "the script hangs up, " + r.here()}
	}
	return nil
}

func (s *Script) failed(ctx context.Context, r *Run, err error) error {
	text := bound(err.Error())
	r.note(text)
	if r.Log != nil {
		r.Log.Warn("a script failed", "error", text, "at", s.Where().String())
	}
	if len(s.On.Failed) > 0 {
		r.note("so on failed")
	}
	return r.take(ctx, s.On.Failed)
}

// variables are all of the call, by name.
func (r *Run) variables() map[string]string {
	out := map[string]string{}
	for name, value := range r.vars {
		out[name] = value
	}
	for name, value := range r.Facts.Headers {
		out[headerPrefix+name] = value
	}
	for i := range builtin {
		out[builtin[i].Name] = builtin[i].get(r)
	}
	return out
}

// say writes a line of the plan into the log.
func (r *Run) say(text string, s Step) {
	r.note(text)
	if r.Log != nil {
		r.Log.Info("dialplan", "says", text, "at", s.Where().String())
	}
}

// compile reads the program, once.
func (s *Script) compile(c *checker) {
	if s.compiled {
		return
	}
	s.compiled = true
	source := s.Text.Value
	if name, ok := strings.CutPrefix(source, scriptFile); ok {
		if c.spec.ReadFile == nil {
			return // nobody can know
		}
		data, err := c.spec.ReadFile(name)
		if err != nil {
			s.unread = err
			return
		}
		s.source, source = name, string(data)
	}
	s.program, s.wrong = script.Compile(source)
}

// place is where a place of the program stands.
func (s *Script) place(line, column int) Pos {
	switch {
	case s.source != "":
		return Pos{File: s.source, Line: max(line, 1), Column: max(column, 1)}
	case line == 0:
		return s.Text.At
	}
	return Pos{File: s.Text.At.File, Line: s.Text.At.Line + line - 1, Column: s.Text.At.Column + column - 1}
}

func (s *Script) check(c *checker) {
	s.compile(c)
	if s.unread != nil {
		c.fail(s.Text.At, "the script cannot be read: "+s.unread.Error(), "check the name; it is relative to the configuration file")
	}
	for _, e := range s.wrong {
		c.fail(s.place(e.Line, e.Column), "in the script: "+e.Reason, "")
	}
	for _, v := range s.sets(c) {
		c.settable(v.Name, v.At)
	}
	for _, g := range s.gotos() {
		if g.Target.parts == nil {
			c.target(g.Target)
		}
	}
	if s.program != nil {
		for _, w := range s.program.Hangups {
			if !slices.Contains(hangupCauses(), w.Text) {
				c.undefined(s.place(w.Line, w.Column), "cause", w.Text, hangupCauses())
			}
		}
	}
	c.within("on.failed", s.On.Failed)
}

// sets implements setting.
func (s *Script) sets(c *checker) Values {
	s.compile(c)
	if s.program == nil {
		return nil
	}
	var out Values
	for _, w := range s.program.Sets {
		out = append(out, Value{Name: w.Text, At: s.place(w.Line, w.Column)})
	}
	return out
}

// unknown are the parts of a text that nobody can know before.
var unknown = []part{{}}

// gotos are where it may go on; with parts in the target, anywhere.
func (s *Script) gotos() []*Goto {
	if s.program == nil {
		return nil
	}
	var out []*Goto
	for _, w := range s.program.Gotos {
		at := s.place(w.Line, w.Column)
		g := &Goto{Target: Text{Value: w.Text, At: at}, To: Text{parts: unknown}}
		g.SetPos(at)
		out = append(out, g)
	}
	if s.program.Anywhere {
		g := &Goto{Target: Text{At: s.Text.At, parts: unknown}, To: Text{parts: unknown}}
		g.SetPos(s.Where())
		out = append(out, g)
	}
	return out
}

func (s *Script) branches() []branch { return []branch{{"failed", s.On.Failed}} }
