package dialplan

import "context"

// Step is one verb of the language.
type Step interface {
	// String is the step as a person would say it: "dial 101".
	String() string
	// Run takes the step. nil goes on to the next one; a *Ended ends the call with
	// that cause.
	Run(ctx context.Context, r *Run) error
	// Where is where the step stands.
	Where() Pos
	// SetPos says where it stands.
	SetPos(Pos)
	// check says what is wrong with it and prepares its texts.
	check(c *checker)
}

// steps is the whole vocabulary; a step is a row here and a file of its name. Its
// struct's doc comments are the manual. The field with the tag main is what
// stands behind the step's name; without one, or when it is optional, the name
// may stand alone.
var steps = [...]struct {
	name string
	make func() Step
}{
	{"answer", func() Step { return new(Answer) }},
	{"ring", func() Step { return new(Ring) }},
	{"progress", func() Step { return new(Progress) }},
	{"dial", func() Step { return new(Dial) }},
	{"echo", func() Step { return new(Echo) }},
	{"tone", func() Step { return new(Tone) }},
	{"music", func() Step { return new(Music) }},
	{"play", func() Step { return new(Play) }},
	{"say", func() Step { return new(Say) }},
	{"gather", func() Step { return new(Gather) }},
	{"pin", func() Step { return new(Pin) }},
	{"voicemail", func() Step { return new(Voicemail) }},
	{"mailbox", func() Step { return new(Mailbox) }},
	{"send_keys", func() Step { return new(SendKeys) }},
	{"key_echo", func() Step { return new(KeyEcho) }},
	{"conference", func() Step { return new(Conference) }},
	{"pickup", func() Step { return new(Pickup) }},
	{"park", func() Step { return new(Park) }},
	{"page", func() Step { return new(Page) }},
	{"record", func() Step { return new(Record) }},
	{"wait", func() Step { return new(Wait) }},
	{"set", func() Step { return new(Set) }},
	{"if", func() Step { return new(If) }},
	{"switch", func() Step { return new(Switch) }},
	{"menu", func() Step { return new(Menu) }},
	{"repeat", func() Step { return new(Repeat) }},
	{"back", func() Step { return new(Back) }},
	{"directory", func() Step { return new(Directory) }},
	{"language", func() Step { return new(Language) }},
	{"goto", func() Step { return new(Goto) }},
	{"call", func() Step { return new(CallSubplan) }},
	{"hangup", func() Step { return new(Hangup) }},
	{"header", func() Step { return new(Header) }},
	{"http", func() Step { return new(HTTP) }},
	{"script", func() Step { return new(Script) }},
	{"webhook", func() Step { return new(Webhook) }},
	{"email", func() Step { return new(Email) }},
	{"block", func() Step { return new(Block) }},
	{"unblock", func() Step { return new(Unblock) }},
	{"setting", func() Step { return new(Setting) }},
	{"redial", func() Step { return new(Redial) }},
	{"hide_number", func() Step { return new(HideNumber) }},
	{"ring_back", func() Step { return new(RingBack) }},
	{"log", func() Step { return new(Log) }},
}

// StepNames are the names of all steps, in the order of the manual.
func StepNames() []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = s.name
	}
	return out
}

// NewStep gives an empty step of that name, nil when there is none.
func NewStep(name string) Step {
	for _, s := range steps {
		if s.name == name {
			return s.make()
		}
	}
	return nil
}

// final is a step after which nothing comes.
type final interface{ final() bool }

func isFinal(s Step) bool {
	f, ok := s.(final)
	return ok && f.final()
}

// waiting is a step that lets time pass or has to do with a phone; a loop with
// one in it does no harm.
type waiting interface{ waits() bool }

func waits(s Step) bool {
	w, ok := s.(waiting)
	return ok && w.waits()
}

// setting is a step that gives variables values.
type setting interface{ sets(c *checker) Values }

// leaving is a step that may go on elsewhere, as these would.
type leaving interface{ gotos() []*Goto }

// branching is a step with steps within.
type branching interface {
	branches() []branch
}

type branch struct {
	key string
	do  Steps
}
