package voicemail

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dialtone/media/audio"
)

// greetingLength bounds a greeting.
const greetingLength = 2 * time.Minute

// partial is how the names of greetings end that are being recorded.
const partial = ".part"

// options is the menu of what the owner can set.
func (v *visit) options() error {
	for range tries {
		key, err := v.choose(Words("mailbox/options-menu"))
		if err != nil {
			return err
		}
		switch key {
		case "1":
			err = v.which()
		case "2":
			err = v.newPIN()
		case "*", "#":
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// which asks for the situation, and changes its greeting.
func (v *visit) which() error {
	key, err := v.choose(Words("mailbox/which-greeting"))
	if err != nil {
		return err
	}
	name := map[string]string{"1": byDefault, "2": "busy", "3": "away", "4": temporary}[key]
	if name == "" {
		return nil
	}
	for range tries {
		key, err := v.choose(Words("mailbox/greeting-menu"))
		if err != nil {
			return err
		}
		file := files(v.greetings())[name]
		switch key {
		case "1":
			part := Words("mailbox/no-greeting")
			if file != "" {
				part = Part{File: filepath.Join(v.greetings(), file), Name: "greeting " + name}
			}
			if err := v.say(part); err != nil {
				return err
			}
		case "2":
			return v.recordGreeting(name)
		case "3":
			if file != "" {
				if err := os.Remove(filepath.Join(v.greetings(), file)); err != nil {
					return err
				}
			}
			return v.say(Words("mailbox/greeting-standard"))
		default:
			return nil
		}
	}
	return nil
}

// greetings is the folder of those of the mailbox.
func (v *visit) greetings() string {
	return filepath.Join(v.s.config().GreetingsDir(v.s.data), v.box)
}

// recordGreeting records one until the owner is content. The old one stays until then.
func (v *visit) recordGreeting(name string) error {
	dir := v.greetings()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp := filepath.Join(dir, name+partial)
	defer func() { _ = os.Remove(temp) }() // is gone when it was taken
	for range tries {
		long, err := v.recordTo(temp)
		if err != nil {
			return err
		}
		if long < time.Second {
			if err := v.say(Words("record/too-short")); err != nil {
				return err
			}
			continue
		}
		key := "1"
		for key == "1" {
			if key, err = v.choose(Words("record/review")); err != nil {
				return err
			}
			if key == "1" {
				if err := v.say(Part{File: temp, Name: "greeting " + name}); err != nil {
					return err
				}
			}
		}
		if key != "2" {
			continue
		}
		if err := errors.Join(os.Rename(temp, filepath.Join(dir, name+".wav")), syncFolder(dir)); err != nil {
			return err
		}
		for had, file := range files(dir) { // that has another suffix
			if had == name && !strings.HasSuffix(file, ".wav") {
				_ = os.Remove(filepath.Join(dir, file))
			}
		}
		v.s.log.Info("a greeting was recorded", "mailbox", v.box, "greeting", name)
		return v.say(Words("mailbox/greeting-saved"))
	}
	return nil
}

// recordTo records into a file, and says how long somebody spoke.
func (v *visit) recordTo(path string) (spoke time.Duration, err error) {
	if err := v.say(Words("record/after-tone"), Words("tone/beep")); err != nil {
		return 0, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return 0, err
	}
	rate := v.l.Rate()
	w, err := audio.NewWAVWriter(file, rate, 1)
	if err != nil {
		return 0, errors.Join(err, file.Close())
	}
	r, over := v.l.Record(v.ctx, Recording{To: w, Rate: rate, Max: greetingLength, Silence: v.s.config().Voicemail.Silence.D(), Finish: "#"})
	return r.Speech, errors.Join(over, r.Err, w.Close(), file.Close())
}
