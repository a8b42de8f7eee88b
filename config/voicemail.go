package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
)

// Voicemail takes messages for extensions.
type Voicemail struct {
	// Enabled gives every extension a mailbox that does not say otherwise: callers whom
	// nobody answers can leave a message when no route of the dialplan takes their calls
	// elsewhere. true alone (voicemail: true) says the same. Without a configuration
	// file, and in the one that dialtone init writes, it is true.
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
	// one, there is none. It is dialled as an extension would: a number outside needs a route
	// in phones whose dial says as, since nobody pays for callers from outside.
	Operator string `yaml:"operator,omitempty" format:"number"`
	// Transcript makes a text of each message, for the mail and for dialtone ctl messages.
	Transcript Transcript `yaml:"transcript,omitempty"`
}

// Transcript is an engine that writes down what is said in a message: a program or a web
// server. A message is mailed without a text when the engine fails.
type Transcript struct {
	// Command is a program and its arguments. It gets a WAV file (mono, 16 bits, 8000 or
	// 16000 Hz) on its standard input and writes the text to its standard output, in UTF-8.
	// {language} stands for the language of the mailbox, such as fr-CA.
	Command []string `yaml:"command,omitempty"`
	// URL is a web server that gets the WAV file (POST, audio/wav) and answers with the
	// text (text/plain in UTF-8). {language} stands for the same.
	URL string `yaml:"url,omitempty" format:"url"`
	// Timeout is how long the engine may take for a message.
	Timeout Duration `yaml:"timeout" min:"1s" max:"1h"`
}

// Enabled reports whether there is an engine.
func (t Transcript) Enabled() bool { return len(t.Command) > 0 || t.URL != "" }

// Mailbox is the voicemail of one extension.
type Mailbox struct {
	// Enabled is true for an extension with a mailbox and false for one without;
	// voicemail: true and voicemail: false say the same. The default is voicemail.enabled.
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
	return ok && (e.Voicemail.Enabled == "true" || c.Voicemail.Enabled && e.Voicemail.Enabled == "")
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

// operators are the numbers to which 0 leads in mailboxes, by the key that says so.
func (c *Config) operators(mailboxes []string) map[string]string {
	out := map[string]string{}
	for _, e := range mailboxes {
		path, number := "voicemail.operator", c.Voicemail.Operator
		if own := c.Extensions[e].Voicemail.Operator; own != "" {
			path, number = join(join(join("extensions", e), "voicemail"), "operator"), own
		}
		if number != "" {
			out[path] = number
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
	if c.good("voicemail.minimum", "voicemail.max_length") && v.Minimum >= v.MaxLength {
		c.fail(c.written("voicemail.minimum", "voicemail.max_length"), fmt.Sprintf("no message can be kept: minimum is %v, max_length %v", v.Minimum, v.MaxLength), "shorten the one or lengthen the other")
	}
	c.engine("voicemail.transcript", v.Transcript.Command, v.Transcript.URL, "write down messages", "/usr/local/bin/transcribe, \"{language}\"")
	said := c.place("voicemail.enabled").key.File != "" || !c.good("voicemail", "voicemail.enabled")
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Extensions)) {
		path, m := join(join("extensions", name), "voicemail"), c.cfg.Extensions[name].Voicemail
		c.mailbox(path, m)
		if !said && !v.Enabled && m.Enabled == "" && m != (Mailbox{}) && c.good(path, join(path, "enabled")) {
			c.warn(path, "the extension has no mailbox", "write enabled: true here, or voicemail: {enabled: true} for all extensions")
		}
	}
	if !said && !reflect.DeepEqual(v, Default().Voicemail) && len(c.cfg.Mailboxes()) == 0 {
		c.warn("voicemail", "no extension has a mailbox", "write enabled: true, or enabled: false to keep it off")
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
