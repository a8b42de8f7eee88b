package dialplan

import (
	"strings"
	"time"
)

// PlayKeys are keys that move about in what is played.
type PlayKeys struct {
	// Forward are the keys that skip on, and at the end to the next file.
	Forward Text `yaml:"forward"`
	// Back are the keys that go back, as far as the beginning of the file.
	Back Text `yaml:"back"`
	// Pause are the keys that stop for a while: one of them goes on.
	Pause Text `yaml:"pause"`
	// By is how far one key moves. The default is 5s.
	By time.Duration `yaml:"by" min:"1s" max:"10m"`
}

// Skipping is what keys do while something is played: each is a part of Keypad, "" is
// nothing.
type Skipping struct {
	Forward, Back, Pause string
	By                   time.Duration
}

// Keys are all of them.
func (s Skipping) Keys() string { return s.Forward + s.Back + s.Pause }

const defaultSkip = 5 * time.Second

// skipping is what the keys do.
func (k *PlayKeys) skipping() Skipping {
	s := Skipping{By: k.By}
	s.Forward, _ = keySet(k.Forward.Value)
	s.Back, _ = keySet(k.Back.Value)
	s.Pause, _ = keySet(k.Pause.Value)
	if s.By == 0 {
		s.By = defaultSkip
	}
	return s
}

// check tells the keys apart from each other, and from those that end it.
func (k *PlayKeys) check(c *checker, at Pos, until Text) {
	taken := map[rune]string{}
	stop, _ := keySet(until.Value)
	for _, key := range stop {
		taken[key] = "until"
	}
	c.in("keys")
	defer c.out()
	for _, own := range []struct {
		name string
		text Text
	}{{"forward", k.Forward}, {"back", k.Back}, {"pause", k.Pause}} {
		c.in(own.name)
		c.keys(own.text)
		set, _ := keySet(own.text.Value)
		for _, key := range set {
			if other := taken[key]; other != "" && other != own.name {
				c.fail(own.text.At, "the key "+string(key)+" is one of "+other, "give it one thing to do")
				break
			}
			taken[key] = own.name
		}
		c.out()
	}
	if k.By > 0 && strings.TrimSpace(k.Forward.Value+k.Back.Value) == "" {
		c.fail(at, "by has no effect without forward or back", `write forward: "6", or remove it`)
	}
}
