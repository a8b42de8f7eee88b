package voicemail

import (
	"cmp"
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/storage"
)

const (
	minPIN     = 4
	maxPIN     = 20
	iterations = 100_000
	pinPatient = 10 * time.Second
)

// derive is what is kept of a PIN that was set by telephone.
func derive(pin string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	return derived(pin, salt)
}

func derived(pin string, salt []byte) (string, error) {
	key, err := pbkdf2.Key(sha256.New, pin, salt, iterations, sha256.Size)
	b := base64.RawStdEncoding
	return "pbkdf2-sha256$" + b.EncodeToString(salt) + "$" + b.EncodeToString(key), err
}

// pin is what the PIN of a mailbox is compared with: what the owner has set, else that of
// the configuration; both are empty when there is none.
func (s *Service) pin(mailbox string) (kept, plain string, err error) {
	boxes, err := s.store.Mailboxes()
	for _, b := range boxes {
		if b.Extension == mailbox {
			kept = b.PIN
		}
	}
	if kept == "" {
		plain = s.config().Extensions[mailbox].Voicemail.PIN.Reveal()
	}
	return kept, plain, err
}

// right compares in a time that does not tell how much of the PIN was right.
func right(entered, kept, plain string) bool {
	if kept != "" {
		_, rest, _ := strings.Cut(kept, "$")
		text, _, _ := strings.Cut(rest, "$")
		salt, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return false
		}
		got, err := derived(entered, salt)
		return err == nil && subtle.ConstantTimeCompare([]byte(got), []byte(kept)) == 1
	}
	a, b := sha256.Sum256([]byte(entered)), sha256.Sum256([]byte(plain))
	return plain != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// login finds out whose mailbox it is, and that the caller may hear it. Why says why it
// may not; then the mailbox is "".
func (s *Service) login(ctx context.Context, l Line, v dialplan.Visiting) (mailbox, why string, err error) {
	f, say := l.Facts(), []Part(nil)
	digits := func(prompt string) (string, error) {
		got, err := l.Ask(ctx, Asking{Language: v.Language, Parts: append(say, Words(prompt)), Max: maxPIN, Finish: "#", Timeout: pinPatient, Between: between, Fresh: len(say) > 0})
		say = nil
		return got.Keys, err
	}
	for range tries {
		box := v.Mailbox
		if box == "" {
			if box, err = digits("mailbox/enter"); err != nil {
				return "", "", err
			}
			box = cmp.Or(box, f.Self())
		}
		kept, plain, err := s.pin(box)
		if err != nil {
			return "", "", err
		}
		there := s.config().HasMailbox(box)
		if there && box == f.Self() && kept == "" && plain == "" {
			return box, "", nil
		}
		tried := trying{l.Guesses(), []dialplan.Guesser{f.Guesser()}}
		if box != f.Self() { // strangers must not lock the owner out
			tried.by = append(tried.by, dialplan.Guesser{Caller: "mailbox " + box})
		}
		if tried.tooOften() {
			s.log.Warn("a PIN is not asked for: too many were wrong", "event", "voicemail", "mailbox", box, "from", f.From, "trunk", f.Trunk)
			_, err := l.Say(ctx, v.Language, []Part{Words("pin/locked")}, "")
			return "", "too many wrong PINs", err
		}
		entered, err := digits("pin/enter")
		if err != nil {
			return "", "", err
		}
		if there && right(entered, kept, plain) {
			tried.count(dialplan.Guesses.Right)
			return box, "", nil
		}
		if entered != "" {
			tried.count(dialplan.Guesses.Wrong)
		}
		say = []Part{Words("mailbox/login-wrong")}
	}
	_, err = l.Say(ctx, v.Language, append(say, Words("menu/goodbye")), "")
	return "", "no PIN was right", err
}

// trying counts for who tries PINs, and for what they are tried on.
type trying struct {
	guesses dialplan.Guesses
	by      []dialplan.Guesser
}

func (t trying) tooOften() bool { return slices.ContainsFunc(t.by, t.guesses.Locked) }

func (t trying) count(as func(dialplan.Guesses, dialplan.Guesser)) {
	for _, g := range t.by {
		as(t.guesses, g)
	}
}

// newPIN lets the owner set another one.
func (v *visit) newPIN() error {
	digits := func(parts ...Part) (string, error) {
		got, err := v.l.Ask(v.ctx, Asking{Language: v.language, Parts: parts, Max: maxPIN, Finish: "#", Timeout: pinPatient, Between: between, Fresh: true})
		return got.Keys, err
	}
	var say []Part
	for range tries {
		first, err := digits(append(say, Words("pin/new"))...)
		if err != nil || first == "" {
			return err
		}
		switch {
		case len(first) < minPIN || strings.Trim(first, "0123456789") != "":
			say = []Part{Words("pin/too-short")}
			continue
		case config.WeakPIN(first) || first == v.box:
			say = []Part{Words("pin/too-simple")}
			continue
		}
		second, err := digits(Words("pin/again"))
		if err != nil {
			return err
		}
		if second != first {
			say = []Part{Words("pin/different")}
			continue
		}
		text, err := derive(first)
		if err == nil {
			err = v.s.store.SaveMailbox(storage.Mailbox{Extension: v.box, PIN: text})
		}
		if err != nil {
			return err
		}
		v.s.log.Info("a PIN was changed", "mailbox", v.box)
		return v.say(Words("pin/changed"))
	}
	return v.say(say...)
}
