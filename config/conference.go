package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dialtone/dialplan"
)

// Conference is a room in which callers hear each other. It is as the configuration
// said when its first member came, until its last one has gone.
type Conference struct {
	// PIN is what members enter: 4 to 20 digits, in quotes. Without one nobody is asked.
	// Write ${NAME} to take it from the environment, or file:PATH to take it from the
	// first line of a file.
	PIN Secret `yaml:"pin,omitempty"`
	// LeaderPIN is what leaders enter. Without pin, who presses # alone is a member.
	LeaderPIN Secret `yaml:"leader_pin,omitempty"`
	// Leaders are extensions that lead without being asked for a PIN.
	Leaders []string `yaml:"leaders,omitempty" format:"extension"`
	// WaitForLeader lets members wait with music while no leader is there.
	WaitForLeader bool `yaml:"wait_for_leader,omitempty"`
	// EndWithLeader ends the conference when its last leader leaves.
	EndWithLeader bool `yaml:"end_with_leader,omitempty"`
	// MaxMembers is how many may be in it; leaders always get in. 0 is any number.
	MaxMembers int `yaml:"max_members,omitempty" min:"0" max:"1000"`
	// MaxDuration ends it so long after its first member came; a minute before, all are
	// told. 0 never does.
	MaxDuration Duration `yaml:"max_duration,omitempty" off:"0" min:"1m" max:"1d"`
	// Announce says how all hear of who comes and goes: none, tone, or name. The name is
	// the file names/NUMBER.wav in the folder prompts; who has none is asked to say it
	// before coming in, and is called by the digits of the number when nothing is said. The
	// default is tone.
	Announce string `yaml:"announce,omitempty" enum:"none,tone,name"`
	// Music is the class of music for who is alone or waits for a leader; none is to let
	// them hear nothing. The default is default.
	Music string `yaml:"music,omitempty" format:"name"`
	// MutedOnJoin lets members come in muted; leaders are not.
	MutedOnJoin bool `yaml:"muted_on_join,omitempty"`
	// Locked lets none but leaders in until one of them unlocks it.
	Locked bool `yaml:"locked,omitempty"`
	// Language is that of what is said to all, such as en or fr. The default is that of
	// the first who comes.
	Language string `yaml:"language,omitempty" format:"language"`
	// Rooms is a pattern, such as 8XXX: each number that fits is a room of its own, which
	// is as this conference says. Without it, the conference is one room of its name.
	Rooms string `yaml:"rooms,omitempty"`
	// Dial is the number at which extensions reach it: 850. With rooms, it is the same
	// pattern, or one of fewer numbers.
	Dial string `yaml:"dial,omitempty"`
	// Record records it, from when the second member has come; who comes hears
	// conference/recording first, unless recording.announce is false.
	Record bool `yaml:"record,omitempty"`
	// Keys are what the keys in it do.
	Keys ConferenceKeys `yaml:"keys,omitempty"`
}

// ConferenceKeys are the keys that do something in a conference: each is a list of
// sequences such as "1" or "*6". What is not written is as by default, unless its keys
// are taken; [] is no key. Those from lock on are for leaders.
type ConferenceKeys struct {
	// Mute mutes oneself, or ends that: 1 or *6.
	Mute []string `yaml:"mute,omitempty"`
	// RollCall says how many are there, and who: 2.
	RollCall []string `yaml:"roll_call,omitempty"`
	// Deaf stops hearing the others, or ends that: *5.
	Deaf []string `yaml:"deaf,omitempty"`
	// Quieter hears the others 3 dB softer: 7.
	Quieter []string `yaml:"quieter,omitempty"`
	// Louder hears the others 3 dB louder: 8.
	Louder []string `yaml:"louder,omitempty"`
	// TalkQuieter is heard 3 dB softer: *7.
	TalkQuieter []string `yaml:"talk_quieter,omitempty"`
	// TalkLouder is heard 3 dB louder: *8.
	TalkLouder []string `yaml:"talk_louder,omitempty"`
	// Menu says what the keys do by default: 0.
	Menu []string `yaml:"menu,omitempty"`
	// Leave leaves the conference, and goes on with the next step: #.
	Leave []string `yaml:"leave,omitempty"`
	// Lock lets nobody else in, or ends that: 4.
	Lock []string `yaml:"lock,omitempty"`
	// MuteAll mutes all but the leaders, or ends that: 5.
	MuteAll []string `yaml:"mute_all,omitempty"`
	// KickLast removes the one who came last: 6.
	KickLast []string `yaml:"kick_last,omitempty"`
	// Call calls somebody: the number is entered behind it and ended with #, * gives up: 3.
	Call []string `yaml:"call,omitempty"`
	// End ends the conference for all: 9.
	End []string `yaml:"end,omitempty"`
}

// conferenceKey is what one action has.
type conferenceKey struct {
	action  string
	written []string
	usual   []string
}

func (k ConferenceKeys) list() []conferenceKey {
	return []conferenceKey{
		{"mute", k.Mute, []string{"1", "*6"}},
		{"roll_call", k.RollCall, []string{"2"}},
		{"deaf", k.Deaf, []string{"*5"}},
		{"quieter", k.Quieter, []string{"7"}},
		{"louder", k.Louder, []string{"8"}},
		{"talk_quieter", k.TalkQuieter, []string{"*7"}},
		{"talk_louder", k.TalkLouder, []string{"*8"}},
		{"menu", k.Menu, []string{"0"}},
		{"leave", k.Leave, []string{"#"}},
		{"lock", k.Lock, []string{"4"}},
		{"mute_all", k.MuteAll, []string{"5"}},
		{"kick_last", k.KickLast, []string{"6"}},
		{"call", k.Call, []string{"3"}},
		{"end", k.End, []string{"9"}},
	}
}

// Table is the sequences of each action.
func (k ConferenceKeys) Table() map[string][]string {
	out := map[string][]string{}
	var taken []string
	for _, e := range k.list() {
		out[e.action] = e.written
		taken = append(taken, e.written...)
	}
	for _, e := range k.list() {
		if e.written != nil {
			continue
		}
		for _, keys := range e.usual {
			if !slices.ContainsFunc(taken, func(other string) bool { return begins(keys, other) }) {
				out[e.action] = append(out[e.action], keys)
			}
		}
	}
	return out
}

// begins reports whether one sequence is the beginning of the other.
func begins(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// conferenceEntries are what the dialplan knows of conferences.
func (c *Config) conferenceEntries(at func(path string) Position) map[string]dialplan.ConferenceEntry {
	out := make(map[string]dialplan.ConferenceEntry, len(c.Conferences))
	for name, conf := range c.Conferences {
		e := dialplan.ConferenceEntry{
			PIN: conf.PIN, LeaderPIN: conf.LeaderPIN, Leaders: conf.Leaders, Rooms: conf.Rooms, Dial: conf.Dial,
			Waits: conf.WaitForLeader || conf.Locked,
		}
		if at != nil {
			e.At = dialplan.Pos(at(join("conferences", name)))
		}
		out[name] = e
	}
	return out
}

// conferences checks what stands in each, and that they can be told apart.
func (c *validator) conferences() {
	taken := map[Secret]string{}
	for _, name := range sortedKeys(c.cfg.Conferences) {
		conf, path := c.cfg.Conferences[name], join("conferences", name)
		if !c.good(path) {
			continue
		}
		c.conferencePIN(conf.PIN, join(path, "pin"), taken)
		c.conferencePIN(conf.LeaderPIN, join(path, "leader_pin"), taken)
		for i, e := range conf.Leaders {
			p := fmt.Sprintf("%s[%d]", join(path, "leaders"), i)
			if _, known := c.cfg.Extensions[e]; !known && c.good(p) {
				remedy := "define it under extensions"
				if near := dialplan.Nearest(e, sortedKeys(c.cfg.Extensions)); near != "" {
					remedy = "did you mean " + quoted(near) + "?"
				}
				c.fail(p, "there is no extension "+quoted(e), remedy)
			}
		}
		if m := conf.Music; m != "" && m != NoMusic && m != DefaultMusic && c.good(join(path, "music")) {
			if _, known := c.cfg.Music.Classes[m]; !known {
				c.fail(join(path, "music"), "there is no class of music "+quoted(m), "define it under music.classes, or write none")
			}
		}
		c.conferenceKeys(conf.Keys, join(path, "keys"))
	}
}

// conferencePIN must be digits that no other has: callers may be asked for nothing but
// the PIN.
func (c *validator) conferencePIN(pin Secret, path string, taken map[Secret]string) {
	if pin == "" || !c.good(path) {
		return
	}
	at := c.place(path).value
	refuse := func(reason, remedy string, warning bool) {
		c.report(finding{at: at, path: path, hide: at.Column, warning: warning, problem: problem{reason, remedy}})
	}
	switch other := taken[pin]; {
	case !pinDigits.MatchString(pin.Reveal()):
		refuse("the PIN is not 4 to 20 digits", "write digits in quotes, or file:PATH to take them from the first line of a file", false)
	case other != "":
		refuse("the PIN is that of "+other+" too", "give one of them another: it says where callers get in, and as what", false)
	case counts(pin.Reveal()):
		refuse("the PIN is easy to guess", "use random digits", true)
	}
	taken[pin] = cmp.Or(taken[pin], path)
}

// conferenceKeys must not be in each other's way.
func (c *validator) conferenceKeys(k ConferenceKeys, path string) {
	var taken []struct{ keys, path string }
	for _, e := range k.list() {
		for i, keys := range e.written {
			p := fmt.Sprintf("%s[%d]", join(path, e.action), i)
			switch {
			case !c.good(p):
			case keys == "" || len(keys) > 4 || strings.Trim(keys, "0123456789*#") != "":
				c.fail(p, quoted(keys)+" is no sequence of keys", `write one to four keys in quotes, like "1" or "*6"`)
				continue
			}
			for _, other := range taken {
				if begins(keys, other.keys) && c.good(p) {
					c.fail(p, fmt.Sprintf("%s cannot be told from %s, which is %s", quoted(keys), quoted(other.keys), other.path), "use sequences of which none is the beginning of another")
					break
				}
			}
			taken = append(taken, struct{ keys, path string }{keys, p})
		}
	}
}
