package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
)

// Voicemail takes messages for extensions.
type Voicemail struct {
	// Enabled gives every extension a mailbox: callers whom nobody answers can leave a
	// message when no route of the dialplan takes their calls elsewhere. false alone
	// (voicemail: false) turns all of it off.
	Enabled bool `yaml:"enabled" main:"optional"`
	// Delay is how long an extension that has a mailbox rings.
	Delay Duration `yaml:"delay" min:"1s" max:"1h"`
	// MaxLength ends a message.
	MaxLength Duration `yaml:"max_length" min:"5s" max:"1h"`
	// Silence ends a message in which nobody has spoken for so long; 0 never does.
	Silence Duration `yaml:"silence" off:"0" min:"2s" max:"10m"`
	// Minimum is how long a message is at least; shorter ones are dropped.
	Minimum Duration `yaml:"minimum" off:"0" min:"100ms" max:"1m"`
	// MaxMessages is how many messages a mailbox holds.
	MaxMessages int `yaml:"max_messages" min:"1" max:"10000"`
	// Keep is for how long messages that were heard are kept; 0 keeps them for ever.
	Keep Duration `yaml:"keep" off:"0" min:"1h" max:"10000d"`
	// Greetings is the folder of greetings, relative to the configuration file. The
	// default is voicemail/greetings in the data folder. See docs/voicemail.md
	// for how the files in it are called.
	Greetings string `yaml:"greetings,omitempty" path:"true" format:"path"`
	// Operator is the number that a caller reaches with 0 while the greeting plays; without
	// one, there is none.
	Operator string `yaml:"operator,omitempty" format:"number"`
	// Transcript is a program that makes a text of a message: it gets a WAV file on its
	// standard input and writes the text, in UTF-8, to its standard output. {language}
	// stands for the language of the mailbox.
	Transcript []string `yaml:"transcript,omitempty"`
}

// Mailbox is the voicemail of one extension.
type Mailbox struct {
	// Enabled is false for an extension without a mailbox; voicemail: false says the same.
	Enabled string `yaml:"enabled,omitempty" main:"optional" enum:"true,false"`
	// PIN opens the mailbox from other phones: 4 to 20 digits, in quotes. Without one, only
	// the extension itself can. Write ${NAME} to take it from the environment, or
	// file:PATH to take it from the first line of a file. The owner can change it by
	// telephone; then that one counts.
	PIN Secret `yaml:"pin,omitempty"`
	// Email gets each message, with its audio.
	Email string `yaml:"email,omitempty" format:"address"`
	// Delete deletes messages when they were mailed.
	Delete bool `yaml:"delete,omitempty"`
	// Operator is used instead of voicemail.operator.
	Operator string `yaml:"operator,omitempty" format:"number"`
}

// HasMailbox reports whether an extension has one.
func (c *Config) HasMailbox(extension string) bool {
	e, ok := c.Extensions[extension]
	return ok && c.Voicemail.Enabled && e.Voicemail.Enabled != "false"
}

// Mailboxes are the extensions that have one, sorted.
func (c *Config) Mailboxes() []string {
	var out []string
	for _, e := range slices.Sorted(maps.Keys(c.Extensions)) {
		if c.HasMailbox(e) {
			out = append(out, e)
		}
	}
	return out
}

// GreetingsDir is the folder of greetings, with data as the data folder.
func (c *Config) GreetingsDir(data string) string {
	if c.Voicemail.Greetings != "" {
		return c.Voicemail.Greetings
	}
	return filepath.Join(data, "voicemail", "greetings")
}

// voicemail checks mailboxes.
func (c *validator) voicemail() {
	v := c.cfg.Voicemail
	if c.good("voicemail.minimum", "voicemail.max_length") && v.Enabled && v.Minimum >= v.MaxLength {
		c.fail(c.written("voicemail.minimum", "voicemail.max_length"), fmt.Sprintf("no message can be kept: minimum is %v, max_length %v", v.Minimum, v.MaxLength), "shorten the one or lengthen the other")
	}
	if len(v.Transcript) > 0 && v.Transcript[0] == "" && c.good("voicemail.transcript") {
		c.fail("voicemail.transcript", "the command has no program", `write the program first: [whisper-transcribe, "{language}"]`)
	}
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Extensions)) {
		c.mailbox(join(join("extensions", name), "voicemail"), c.cfg.Extensions[name].Voicemail)
	}
}

func (c *validator) mailbox(path string, m Mailbox) {
	pin, email := join(path, "pin"), join(path, "email")
	at := c.place(pin).value
	if c.good(path, pin) && m.PIN != "" {
		refuse := func(reason, remedy string, warning bool) {
			c.report(finding{at: at, path: pin, hide: at.Column, warning: warning, problem: problem{reason, remedy}})
		}
		switch digits := m.PIN.Reveal(); {
		case !pinDigits.MatchString(digits):
			refuse("the PIN is not 4 to 20 digits", "write digits in quotes, or file:PATH to take them from the first line of a file", false)
		case WeakPIN(digits):
			refuse("the PIN is easy to guess", "use 4 or more random digits", true)
		}
	}
	if c.good(path, email, "mail.server") && m.Email != "" && c.cfg.Mail.Server == "" {
		c.fail(email, "nothing says which server takes the mail", "write mail: {server: smtp.example.net, from: pbx@example.net}")
	}
	if c.good(path, email, join(path, "delete")) && m.Delete && m.Email == "" {
		c.fail(join(path, "delete"), "messages are deleted when they were mailed, and nothing says to whom", "write email, or remove delete")
	}
}

// WeakPIN reports whether a PIN is the first that one would try: its digits only repeat
// or count, or it is a year.
func WeakPIN(digits string) bool {
	year, err := strconv.Atoi(digits)
	return counts(digits) || err == nil && len(digits) == 4 && year >= 1930 && year <= 2030
}
