package dialplan

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// MenuSpec is what a caller is asked to choose from by keys, or by words. When the
// steps of a key are over, the caller is asked again.
type MenuSpec struct {
	Placed
	// Greeting are files that are played to callers who enter the menu, as by play.
	Greeting Texts `yaml:"greeting"`
	// Choices are the files that say what can be pressed. They are played each time that
	// a caller is asked; without them, and without text, greeting is.
	Choices Texts `yaml:"choices"`
	// Text says what can be pressed by the engine of speech.tts, behind choices.
	Text Text `yaml:"text"`
	// Keys are what can be pressed, in quotes, and the steps that are taken then: one
	// step or a list of them. A choice may have several keys: "10".
	Keys Choices `yaml:"keys"`
	// Words are what can be said instead of a key: {"1": [sales, orders]}. They need an
	// engine that understands speech, speech.stt.
	Words map[string]Texts `yaml:"words"`
	// Extensions are those that can be dialled here: true for all, or patterns such as
	// 1XX, of which "not 19X" are left out. Who does not answer there brings the caller
	// back to the menu.
	Extensions Texts `yaml:"extensions"`
	// Timeout is how long to wait for the first key when all was played; the default
	// is 5s.
	Timeout time.Duration `yaml:"timeout" min:"500ms" max:"5m"`
	// Between is how long to wait for each further key of an extension or a choice of
	// several keys; the default is 3s.
	Between time.Duration `yaml:"between" min:"500ms" max:"1m"`
	// Tries is how often a caller is asked who presses nothing, or what is no choice; the
	// default is 3.
	Tries int `yaml:"tries" min:"1" max:"10"`
	// NoKey are files for a caller who pressed nothing, before it is asked again. The
	// default is menu/nothing-heard.
	NoKey Texts `yaml:"no_key"`
	// Invalid are files for a caller who pressed what is no choice, before it is asked
	// again. The default is menu/invalid.
	Invalid Texts `yaml:"invalid"`
	// BargeIn is false when what is played is to be heard to its end: keys that are
	// pressed meanwhile do not count. The default is true: the first key stops it.
	BargeIn *bool `yaml:"barge_in"`
	// On are the steps for a caller who chose nothing in all of its tries.
	On MenuOn `yaml:"on"`
}

// MenuOn are the branches of a menu.
type MenuOn struct {
	// Failed is for a caller who pressed nothing, or what is no choice, too often; then
	// the step behind menu is taken. Without it, the caller hears goodbye and the call
	// ends.
	Failed Steps `yaml:"failed"`
}

// Choice is what a menu does for one key.
type Choice struct {
	Keys Text
	Do   Steps
}

// Choices are those of a menu, in the order in which they are written.
type Choices []Choice

// branches are the ways within a menu.
func (s *MenuSpec) branches() []branch {
	var out []branch
	for _, c := range s.Keys {
		out = append(out, branch{"key " + c.Keys.Value, c.Do})
	}
	return append(out, branch{"on.failed", s.On.Failed})
}

const (
	menuTries   = 3
	menuTimeout = 5 * time.Second
	menuBetween = 3 * time.Second
	menuNoKey   = "menu/nothing-heard"
	menuInvalid = "menu/invalid"
	menuGoodbye = "menu/goodbye"
)

// menu is one that is compiled.
type menu struct {
	*MenuSpec
	name   string
	words  []menuWord // all that can be pressed, sorted
	max    int        // keys of the longest
	finish string     // ends what can be longer
	spoken []phrase   // what can be said
}

// menuWord is something that can be pressed.
type menuWord struct {
	keys      string
	do        Steps
	extension bool // it is one
}

// find is what keys stand for.
func (m *menu) find(pressed string) (w menuWord, ok bool) {
	i, ok := m.search(pressed)
	if !ok {
		return menuWord{}, false
	}
	return m.words[i], true
}

func (m *menu) search(pressed string) (int, bool) {
	return slices.BinarySearchFunc(m.words, pressed, func(w menuWord, s string) int { return cmp.Compare(w.keys, s) })
}

// enough reports whether no further key can make a choice of what was pressed.
func (m *menu) enough(pressed string) bool {
	i, found := m.search(pressed)
	if found {
		i++
	}
	return i == len(m.words) || !strings.HasPrefix(m.words[i].keys, pressed)
}

// longer are the words that begin with those keys.
func (m *menu) longer(pressed string) []menuWord {
	i, found := m.search(pressed)
	if found {
		i++
	}
	end := i
	for end < len(m.words) && strings.HasPrefix(m.words[end].keys, pressed) {
		end++
	}
	return m.words[i:end]
}

// reach are the steps that ring an extension as its number does.
func (p *Plan) reach(extension string) Steps {
	if d := p.unanswered[extension]; d != nil {
		return Steps{d}
	}
	return Steps{&Dial{To: Texts{{Value: extension}}}}
}

// MenuTally counts what callers do in menus. It is safe for concurrent use.
type MenuTally interface {
	// Count counts one more of what happened in a menu. With MenuKey, key is the choice.
	Count(menu string, what MenuEvent, key string)
}

// MenuEvent is something that happens in a menu.
type MenuEvent int

// What can happen in a menu.
const (
	MenuEntered   MenuEvent = iota // a caller came in
	MenuKey                        // a choice was made, by its key or by a word
	MenuExtension                  // an extension was dialled
	MenuTimeout                    // nothing was pressed
	MenuInvalid                    // what was pressed is no choice
	MenuFailed                     // that was the last try
	MenuHangup                     // the caller hung up instead of choosing
)

// Menus are the steps within menus, by menu and then in the order of the manual.
func (p *Plan) Menus() map[string][]Way {
	out := make(map[string][]Way, len(p.menus))
	for name, m := range p.menus {
		for _, b := range m.branches() {
			out[name] = append(out[name], Way{b.key, b.do})
		}
	}
	return out
}
