package config

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"dialtone/media/sealed"
)

// Recording says how calls are recorded. Nothing is recorded unless an extension, a
// number, a conference or a step of the dialplan says so.
type Recording struct {
	// Key is pressed in a conversation by an extension that may: it starts to record, and
	// stops. "" is none.
	Key string `yaml:"key" format:"keys"`
	// PauseKey is pressed while something is said that must not be kept, such as the number
	// of a card, and when that is over. "" is none.
	PauseKey string `yaml:"pause_key" format:"keys"`
	// Format is wav, or opus, which is smaller and takes more of the processor.
	Format string `yaml:"format" enum:"wav,opus"`
	// Announce plays record/notice to all before they are recorded. consent of numbers and
	// trunks, and the step record, may say otherwise.
	Announce bool `yaml:"announce"`
	// Keep is for how long recordings are kept; 0 keeps them for ever.
	Keep Duration `yaml:"keep" off:"0" min:"1h" max:"10000d"`
	// MinFree is how much of the disk has to stay free, such as 500MB or 2GB: with less,
	// recordings stop and no message is taken for a mailbox; calls go on. 0 does not look.
	MinFree string `yaml:"min_free" format:"size"`
	// Folder is where they are, relative to the configuration file. The default is
	// recordings in the data folder.
	Folder string `yaml:"folder,omitempty" path:"true" format:"path" restart:"true"`
	// SealTo are public keys of age (age1...): then files can be read with one of the
	// private keys only, which Dialtone does not have.
	SealTo []string `yaml:"seal_to,omitempty" format:"seal_key"`
}

// What becomes of the consent of who is recorded.
const (
	ConsentAnnounce = "announce"
	ConsentAsk      = "ask"
	ConsentSilent   = "silent"
)

// When the calls of an extension, or of a number, are recorded.
const (
	RecordAlways = "always"
	RecordByKey  = "by_key"
	RecordNever  = "never"
)

// RecordingDir is the folder of recordings, with data as the data folder.
func (c *Config) RecordingDir(data string) string {
	return cmp.Or(c.Recording.Folder, filepath.Join(data, "recordings"))
}

// Consent is what has to be done before a call to a number that came on a trunk is
// recorded.
func (c *Config) Consent(did, trunk string) string {
	usual := ConsentSilent
	if c.Recording.Announce {
		usual = ConsentAnnounce
	}
	return cmp.Or(c.Numbers[did].Consent, c.Trunks[trunk].Consent, usual)
}

// FreeBytes is min_free.
func (r Recording) FreeBytes() uint64 {
	n, _ := parseSize(r.MinFree)
	return n
}

var sizeText = regexp.MustCompile(`^([0-9]{1,6})(k|M|G|T)B$`)

// parseSize reads "500MB"; a kB is 1000 bytes.
func parseSize(s string) (uint64, bool) {
	if s == "0" {
		return 0, true
	}
	m := sizeText.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.ParseUint(m[1], 10, 32)
	return n * uint64(math.Pow10(3*(1+strings.Index("kMGT", m[2])))), true
}

const keysPattern = `([0-9*#]{1,4})?`

// recordingFormat is FormatOf for the formats of recordings.
func recordingFormat(name string) Format {
	switch name {
	case "keys":
		return Format{Says: `one to four keys, like "*1", or empty`, Pattern: `^` + keysPattern + `$`}
	case "size":
		return Format{Says: "a number of kB, MB, GB or TB, such as 500MB, or 0", Pattern: `^(0|[0-9]{1,6}[kMGT]B)$`}
	case "seal_key":
		return Format{Says: "a public key of age", Pattern: `^age1[02-9ac-hj-np-z]{58}$`}
	}
	return Format{}
}

// recordingCheck is checkOf for those formats.
func recordingCheck(name string) func(string) (string, problem) {
	switch name {
	case "keys":
		return checkKeys
	case "size":
		return checkSize
	}
	return nil
}

func checkKeys(s string) (string, problem) {
	if len(s) > 4 || strings.Trim(s, "0123456789*#") != "" {
		return s, problem{quoted(s) + " is no sequence of keys", `write one to four keys in quotes, like "*1", or ""`}
	}
	return s, problem{}
}

func checkSize(s string) (string, problem) {
	if _, ok := parseSize(s); !ok {
		return s, problem{quoted(s) + " is no size", "write a whole number with a unit: 500MB or 2GB; or 0"}
	}
	return s, problem{}
}

// recording checks the keys of seal_to.
func (c *validator) recording() {
	for i, key := range c.cfg.Recording.SealTo {
		path := fmt.Sprintf("recording.seal_to[%d]", i)
		if _, err := sealed.ParseKey(key); err != nil && c.good(path) {
			at := c.place(path).value
			c.report(finding{at: at, path: path, hide: at.Column, problem: problem{err.Error(), "write the public key that age-keygen prints, which begins with age1"}})
		}
	}
}

// SealKeys are the keys of seal_to.
func (r Recording) SealKeys() (keys []sealed.Key) {
	for _, text := range r.SealTo {
		if k, err := sealed.ParseKey(text); err == nil {
			keys = append(keys, k)
		}
	}
	return keys
}
