package dialplan

import (
	"errors"
	"regexp"
	"strings"
	"time"
)

// Playing is what is played to the caller.
type Playing struct {
	// Files are names without .wav, played in their order: of files in the folder
	// prompts, in the folder of Language there before those outside, else of the prompts
	// that Dialtone has.
	Files    []string
	Language string // such as de or de-AT; "" when nobody says
	// Sentence says that the files are the words of one sentence: they are played
	// without a gap.
	Sentence bool
	// Text is spoken after the files; "" is nothing.
	Text string
	// Until are the keys that stop it, a part of Keypad.
	Until string
	// Keep leaves the key that stopped it to whoever gathers next.
	Keep bool
	// Skip are keys that move about in it.
	Skip Skipping
}

// Gathering is how the keys of a number are gathered.
type Gathering struct {
	Playing // meanwhile; the first key stops it
	// Max is how many keys are taken; Finish are those that end the number before
	// and are no part of it.
	Max    int
	Finish string
	// Enough reports whether keys make a number that none longer is waited for; nil is
	// never.
	Enough  func(keys string) bool
	Timeout time.Duration // for the first key, from when all was played
	Between time.Duration // for each further key
	// Fresh forgets what was pressed before.
	Fresh bool
	// Listen takes what the caller says when all was played, too.
	Listen bool
}

// Gathered is what came of it.
type Gathered struct {
	Keys     string
	TimedOut bool // nothing was pressed in time
	// Spoke says that the caller said something instead; Said is what was understood.
	Spoke bool
	Said  string
}

// UnplayableError says that files were left out, and why. All else was done.
type UnplayableError struct{ Why []string }

// Error implements error.
func (e *UnplayableError) Error() string { return "not played: " + strings.Join(e.Why, "; ") }

// Keypad are the keys that there are.
const Keypad = "0123456789*#ABCD"

// keySet reads keys in a plan: any, none, or the keys themselves.
func keySet(s string) (set string, ok bool) {
	switch s {
	case "any":
		return Keypad, true
	case "none":
		return "", true
	}
	s = strings.ToUpper(s)
	return s, strings.Trim(s, Keypad) == ""
}

func (c *checker) keys(t Text) {
	if _, ok := keySet(t.Value); !ok || t.Value == "" && t.At != (Pos{}) {
		c.fail(t.At, quote(t.Value)+" are no keys of a phone", `write some of 0 to 9, * and # in quotes, or any, or none`)
	}
}

// What a file and a variable in its name may be called.
var (
	promptName  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){0,3}$`)
	promptValue = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)
)

// playing are the files of list, as the call names them. What cannot be named is
// left out and noted.
func (r *Run) playing(list Texts) Playing {
	p := Playing{Language: r.spoken()}
	for i := range list {
		if name, why := r.prompt(&list[i]); why != "" {
			r.note("not played: " + why)
		} else {
			p.Files = append(p.Files, name)
		}
	}
	return p
}

// prompt is the name of a file, or why it has none.
func (r *Run) prompt(t *Text) (name, why string) {
	for _, p := range t.parts {
		if p.variable == "" {
			continue
		}
		if v := r.lookup(p.variable); !promptValue.MatchString(v) {
			return "", p.variable + " is " + quote(v) + ", which cannot be in the name of a file"
		}
	}
	return r.expand(t), ""
}

// played notes what was left out; other errors stay.
func (r *Run) played(err error) error {
	var e *UnplayableError
	if errors.As(err, &e) {
		r.note(e.Error())
		return nil
	}
	return err
}

// prompts checks the names of files to play.
func (c *checker) prompts(list Texts) {
	for i := range list {
		c.text(&list[i])
		c.promptFile(list[i])
	}
}

func (c *checker) promptFile(t Text) {
	name, shape := t.Value, t.Value
	if t.parts != nil {
		var some, every strings.Builder
		for _, p := range t.parts {
			some.WriteString(p.words)
			every.WriteString(p.words)
			if p.variable == "" {
				continue
			}
			some.WriteByte('x')
			every.WriteByte('*')
			if !c.tame(p.variable, t.At) {
				return
			}
		}
		name, shape = some.String(), every.String()
	}
	switch {
	case strings.HasSuffix(strings.ToLower(name), ".wav"):
		c.fail(t.At, quote(t.Value)+" has the end of its name, which is the same for all", "write "+quote(t.Value[:len(t.Value)-4]))
	case !promptName.MatchString(name):
		c.fail(t.At, quote(t.Value)+" is no name of a file in the folder prompts", "write one like welcome or office/closed, without .wav")
	case c.spec.Prompt != nil:
		if f := c.spec.Prompt(shape); f != nil {
			f.At = t.At
			c.add(*f)
		}
	}
}

// tame checks that a variable in the name of a file is not free text of the
// caller.
func (c *checker) tame(variable string, at Pos) bool {
	if variable == "from_name" || variable == "user_agent" || strings.HasPrefix(variable, headerPrefix) {
		c.fail(at, "${"+variable+"} is what the caller writes: it cannot name a file", "use switch, and a step for each value")
		return false
	}
	return true
}
