package settings

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/storage"
)

// target checks that an extension may have its calls go to a number, and gives it as it is
// kept.
func (s *Settings) target(extension, to string) (string, error) {
	cfg := s.config()
	if to == storage.ForwardVoicemail || to == cfg.Features.Voicemail && to != "" {
		if !slices.Contains(cfg.Mailboxes(), extension) {
			return "", fmt.Errorf("%w to voicemail: extension %s has no mailbox", ErrValue, extension)
		}
		return storage.ForwardVoicemail, nil
	}
	if to == extension {
		return "", fmt.Errorf("%w to %s: that is the extension itself", ErrValue, to)
	}
	ring, e := s.Onward(extension, to)
	if e != nil {
		return "", fmt.Errorf("%w to %s: %w", ErrValue, to, e)
	}
	for _, t := range ring.Targets {
		if t.Outside == nil {
			continue
		}
		if err := s.judge(cfg, extension, *t.Outside); err != nil {
			return "", fmt.Errorf("%w to %s: %w", ErrValue, to, err)
		}
	}
	return to, nil
}

// Onward finds whom a number reaches to which an extension forwards its calls.
func (s *Settings) Onward(extension, to string) (dialplan.Ringing, *dialplan.Ended) {
	own := s.config().Extensions[extension]
	ring, e := call.Way(s.plan, dialplan.NoPhones{}, dialplan.Facts{
		To: to, From: extension, FromName: own.Name, Extension: extension, Language: own.Language,
	}, nil)
	for i := 0; i < len(ring.Targets) && e == nil; i++ {
		if o := ring.Targets[i].Outside; o != nil {
			e = call.Forwardable(s.plan(), extension, o)
		}
	}
	return ring, e
}

// wanted is a number as people write it.
type wanted struct {
	to    string
	after time.Duration
	asks  string // with or without; "" is what is usual
}

// Bounds of what people write.
const (
	maxFollow   = 5
	maxAfter    = 5 * time.Minute
	maxNumber   = 40
	confirmText = "confirm"
)

var written = regexp.MustCompile(`^(\S(?:.*?\S)??)(?:\s+after\s+(\S+))?(?:\s+(with|without)\s+` + confirmText + `)?$`)

// read understands "102 after 5s without confirm".
func read(text string) (wanted, error) {
	m := written.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return wanted{}, fmt.Errorf("%w to %q; write a number, voicemail, on or off", ErrValue, text)
	}
	t := wanted{to: separators.Replace(m[1]), asks: m[3]}
	if len(t.to) > maxNumber {
		return t, fmt.Errorf("%w to %.40q...: that is too long for a number", ErrValue, text)
	}
	if m[2] != "" {
		d, err := time.ParseDuration(m[2])
		if err != nil || d < time.Second || d > maxAfter {
			return t, fmt.Errorf("%w to %q: %q is no time from 1s to 5m", ErrValue, text, m[2])
		}
		t.after = d
	}
	return t, nil
}

// separators are what people write into numbers.
var separators = strings.NewReplacer(" ", "", "(", "", ")", "", "/", "")

func readList(text string) ([]wanted, error) {
	var list []wanted
	for part := range strings.SplitSeq(text, ",") {
		t, err := read(part)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	if len(list) > maxFollow {
		return nil, fmt.Errorf("%w to %d numbers: at most %d ring", ErrValue, len(list), maxFollow)
	}
	return list, nil
}

// Values are all settings as people write them, by name.
func Values(s storage.Settings) map[string]string {
	out := map[string]string{
		"dnd": switched(s.DND), "call-waiting": switched(!s.NoWaiting), "hide-number": switched(s.HideNumber),
		"forward": forwarded(s.Forward), "forward-busy": forwarded(s.Busy),
		"forward-no-answer": forwarded(s.NoAnswer), "forward-not-registered": forwarded(s.NotRegistered),
		"follow-me": "off",
	}
	if s.FollowMe {
		var parts []string
		for _, f := range s.Follow {
			parts = append(parts, f.To+after(f.After)+map[bool]string{true: " with confirm"}[f.Confirm])
		}
		out["follow-me"] = cmp.Or(strings.Join(parts, ", "), "off")
	}
	return out
}

func switched(on bool) string { return map[bool]string{true: "on", false: "off"}[on] }

func forwarded(f storage.Forward) string {
	if !f.On {
		return "off"
	}
	return f.To + after(f.After)
}

func after(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " after " + d.String()
}
