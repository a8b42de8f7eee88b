package asterisk

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// matches reports whether a number is one of a pattern.
func matches(list []element, number string) bool {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.regex)
	}
	re, err := regexp.Compile("^" + b.String() + "$")
	return err == nil && re.MatchString(number)
}

// dial converts Dial(TECH/one&TECH/two,seconds,options).
func (w *walk) dial(p priority, args []string) []step {
	text, ok := w.value(strings.ReplaceAll(args[0], "PJSIP_DIAL_CONTACTS", "PJSIP_DIAL_CONTACTS"))
	text = contactsOf.ReplaceAllString(text, "PJSIP/$1")
	if !ok && !contactsOf.MatchString(args[0]) {
		return []step{w.refuse(p, "whom Dial("+clip(p.args)+") calls cannot be worked out", "the call is refused there; write a dial")}
	}
	var phones []string
	var calls []string // numbers outside, each with its trunk
	for _, target := range strings.Split(text, "&") {
		name, number, known := w.target(p, strings.TrimSpace(target))
		switch {
		case !known:
		case number == "":
			phones = append(phones, quote(name))
		case w.key.outside:
			w.note(p.at, "callers from outside would call over the trunk "+name, "that is refused; write as: with the extension that pays, if it is meant")
		default:
			calls = append(calls, "{dial: "+quote(number)+", via: "+name+w.dialOptions(args)+"}")
		}
	}
	var out []step
	switch len(phones) {
	case 0:
	case 1:
		out = append(out, step{text: "{dial: " + phones[0] + w.dialOptions(args) + "}"})
	default:
		out = append(out, step{text: "{dial: [" + strings.Join(phones, ", ") + "]" + w.dialOptions(args) + "}"})
	}
	for _, c := range calls {
		out = append(out, step{text: c})
	}
	if len(out) == 0 {
		return []step{{text: logStep("left out: dial " + clip(p.args))}, hangup("forbidden")}
	}
	if len(args) > 2 {
		for _, o := range strings.Split(options.ReplaceAllString(args[2], ""), "") {
			if !strings.Contains("tTrRiIkKwWxXcoeHhNn", o) {
				w.note(p.at, "the option "+o+" of Dial has no counterpart", "it was left out")
			}
		}
	}
	return out
}

var (
	contactsOf = regexp.MustCompile(`\$\{PJSIP_DIAL_CONTACTS\(([^)]*)\)\}`)
	options    = regexp.MustCompile(`\([^)]*\)|\s`)
	onlyNumber = regexp.MustCompile(`^[-0-9*#+a-zA-Z${}_.]+$`)
)

// dialOptions is how long it rings, and what callees see.
func (w *walk) dialOptions(args []string) string {
	out := ""
	if len(args) > 1 {
		if n, err := strconv.Atoi(args[1]); err == nil && n > 0 && n <= 3600 {
			out = fmt.Sprintf(", timeout: %ds", n)
		}
	}
	return out + w.from()
}

// target is whom one part of a Dial means: an extension, or a trunk and a number.
func (w *walk) target(p priority, text string) (name, number string, known bool) {
	tech, rest, _ := strings.Cut(text, "/")
	switch strings.ToUpper(tech) {
	case "SIP", "PJSIP", "IAX2":
	case "LOCAL":
		exten, _, _ := strings.Cut(rest, "@")
		if w.phones[exten] != nil {
			w.note(p.at, "Local/"+rest+" became extension "+exten, "what its context does besides is not carried over")
			return exten, "", true
		}
		w.note(p.at, "Local/"+rest+" has no counterpart", "dial whom it reaches")
		return "", "", false
	case "":
		w.note(p.at, "Dial("+clip(p.args)+") names nobody", "dial an extension, or a number by a trunk")
		return "", "", false
	default:
		w.note(p.at, tech+" has no counterpart", "dial an extension, or a number by a trunk")
		return "", "", false
	}
	number, peer, at := strings.Cut(rest, "@")
	if !at {
		if first, second, slash := strings.Cut(rest, "/"); slash {
			peer, number, at = first, second, true
		}
	}
	if !at {
		if w.phones[rest] != nil || strings.Contains(rest, "${") {
			return rest, "", true
		}
		w.note(p.at, text+" is no extension here", "it was left out")
		return "", "", false
	}
	number = strings.TrimPrefix(number, "sip:")
	if w.trunks[nameOf(peer)] == nil || !onlyNumber.MatchString(number) {
		w.note(p.at, text+" goes over no trunk that is known here", "it was left out")
		return "", "", false
	}
	return nameOf(peer), number, true
}
