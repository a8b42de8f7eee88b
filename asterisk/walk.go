package asterisk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// step is a step of Dialtone in one line of YAML. final is one after which nothing
// comes.
type step struct {
	text  string
	final bool
}

// walk turns the lines of one exten into steps.
type walk struct {
	*house
	key       key
	exten     *exten
	into      string // the context that the route is in
	name      string // of the route
	subplan   bool
	shown     string // what callees are to see as the caller's name
	group     string // of the regular expression, when a part of the number is needed
	groupFrom int
	groupTo   int
	inside    []string // labels whose steps are being written
}

// steps converts lines, up to one after which nothing comes.
func (w *walk) steps(list []priority) []step {
	var out []step
	for i, p := range list {
		out = append(out, w.line(p, i > 0 && waits(list[:i]))...)
		if n := len(out); n > 0 && out[n-1].final {
			break
		}
	}
	if len(out) == 0 {
		out = append(out, step{"{hangup: normal}", true})
	}
	return out
}

// waits reports whether a line among these lets time pass.
func waits(list []priority) bool {
	return slices.ContainsFunc(list, func(p priority) bool {
		return slices.Contains([]string{"dial", "wait", "queue", "musiconhold"}, p.app)
	})
}

// plain are applications that are a step whatever their arguments.
var plain = map[string]step{
	"ringing":         {text: "ring"},
	"progress":        {text: "progress"},
	"busy":            hangup("busy"),
	"playtones(busy)": hangup("busy"),
	"congestion":      hangup("unreachable"),
	"echo":            {text: "echo", final: true},
	"musiconhold":     {text: "music", final: true},
	"milliwatt":       {text: "{tone: 1004}", final: true},
}

// line converts one line.
func (w *walk) line(p priority, waited bool) []step {
	if s, is := plain[p.app]; is {
		return []step{s}
	}
	args := split(p.args)
	switch p.app {
	case "answer":
		out := []step{{text: "answer"}}
		return append(out, w.wait(args, p, 0.001)...)
	case "wait":
		return w.wait(args, p, 1)
	case "hangup":
		return []step{hangup(map[string]string{"17": "busy", "19": "no-answer", "1": "not-found", "21": "declined"}[args[0]])}
	case "noop", "verbose", "log":
		return w.log(p)
	case "set", "setglobalvar":
		return w.set(p)
	case "dial":
		return w.dial(p, args)
	case "queue":
		return w.queue(p, args[0])
	case "goto", "gotoif", "gotoiftime", "execif":
		return w.turn(p, waited)
	case "macro", "gosub":
		return w.call(p, args)
	}
	if w.subplan && (p.app == "return" || p.app == "macroexit") {
		return []step{{"", true}}
	}
	return w.strange(p)
}

// turn is a line after which a call may go on elsewhere.
func (w *walk) turn(p priority, waited bool) []step {
	switch p.app {
	case "gotoif":
		return w.gotoIf(p, waited)
	case "gotoiftime":
		return w.gotoIfTime(p, waited)
	case "execif":
		return w.execIf(p, waited)
	}
	return []step{w.jump(p, p.args, waited)}
}

// harmless are applications that a call goes on without.
func harmless(app string) bool {
	return slices.Contains([]string{
		"playback", "playtones", "stopplaytones", "saydigits", "saynumber", "sayalpha", "sayphonetic", "sayunixtime", "festival",
		"mixmonitor", "monitor", "stopmixmonitor", "cdr", "resetcdr", "nocdr", "userevent", "system", "trysystem", "sipaddheader",
		"startmusiconhold", "stopmusiconhold", "dumpchan", "curl", "channelredirect", "return", "macroexit", "senddtmf", "amaflags", "forkcdr",
	}, app)
}

// strange is an application that is not converted: what only tells or notes is
// left out, anything else decides the call, which is refused.
func (w *walk) strange(p priority) []step {
	shown := p.app + "(" + clip(p.args) + ")"
	if p.app == "" {
		shown = "a line without an application"
	}
	if harmless(p.app) {
		remedy := "it was left out: the call goes on without it"
		switch p.app {
		case "playback":
			remedy = "it was left out; with the recording among the prompts, write play: NAME"
		case "saydigits", "saynumber", "sayalpha", "sayunixtime":
			remedy = "it was left out; write a step say"
		case "mixmonitor", "monitor":
			remedy = "it was left out; write a step record, or a rule of docs/recording.md"
		}
		w.note(p.at, shown+" was not carried over", remedy)
		return []step{{text: logStep("left out: " + shown)}}
	}
	remedy := "the call is refused there; write what it is to do instead"
	switch p.app {
	case "voicemail":
		remedy = "callers hear that nobody answers; give the extension a mailbox, and write a step voicemail"
	case "voicemailmain":
		remedy = "the call is refused there; write a step mailbox"
	case "confbridge", "meetme":
		remedy = "the call is refused there; write a conference, and a step conference"
	case "background", "waitexten", "read":
		remedy = "the call is refused there; write a menu"
	}
	w.note(p.at, shown+" is not converted", remedy)
	cause := "unreachable"
	if p.app == "voicemail" {
		cause = "no-answer"
	}
	return []step{{text: logStep("left out: " + shown)}, hangup(cause)}
}

func logStep(text string) string {
	return "{log: " + quote(strings.ReplaceAll(text, "${", "$${")) + "}"
}

func hangup(cause string) step {
	if cause == "" {
		cause = "normal"
	}
	return step{"{hangup: " + cause + "}", true}
}

// refuse ends a call that nobody knows the way of.
func (w *walk) refuse(p priority, why, remedy string) step {
	w.note(p.at, why, remedy)
	return hangup("unreachable")
}

func split(args string) []string {
	out := strings.Split(args, ",")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// wait waits for seconds; unit is what args count in.
func (w *walk) wait(args []string, p priority, unit float64) []step {
	seconds, err := strconv.ParseFloat(args[0], 64)
	if args[0] == "" || seconds*unit < 0.1 {
		return nil
	}
	if err != nil {
		w.note(p.at, "how long to wait is not a number", "the wait was left out")
		return nil
	}
	return []step{{text: "{wait: " + (time.Duration(seconds*unit*1000) * time.Millisecond).String() + "}"}}
}

func (w *walk) log(p priority) []step {
	text := p.args
	if p.app != "noop" {
		if level, rest, found := strings.Cut(text, ","); found && len(level) < 8 {
			text = rest
		}
	}
	text = strings.Trim(strings.TrimSpace(text), `"`)
	if text == "" {
		return nil
	}
	said, ok := w.value(text)
	if !ok {
		said = strings.ReplaceAll(text, "${", "$${")
	}
	return []step{{text: "{log: " + quote(said) + "}"}}
}

func (w *walk) set(p priority) []step {
	name, text, found := strings.Cut(p.args, "=")
	name = strings.TrimSpace(name)
	value, ok := w.value(strings.Trim(strings.TrimSpace(text), `"`))
	switch {
	case !found || !ok:
		w.note(p.at, "Set("+clip(p.args)+") cannot be worked out", "it was left out")
	case strings.EqualFold(name, "CALLERID(name)"):
		w.shown = value
		return nil
	case setName.MatchString(name):
		return []step{{text: "{set: {" + ownName(setName.FindStringSubmatch(name)[1]) + ": " + quote(value) + "}}"}}
	default:
		w.note(p.at, "Set("+clip(p.args)+") has no counterpart", "it was left out")
	}
	return nil
}

func (w *walk) queue(p priority, name string) []step {
	group := nameOf(name)
	if w.groups[group] == nil {
		group = nameOf("queue-" + name)
	}
	if w.groups[group] == nil {
		w.note(p.at, "the queue "+name+" is not known here", "convert again with queues.conf, or dial somebody; the call is refused there")
		return []step{{text: logStep("left out: queue " + name)}, hangup("unreachable")}
	}
	return []step{{text: "{dial: " + group + w.from() + "}"}}
}

// from is what callees see, when the plan says it.
func (w *walk) from() string {
	if w.shown == "" {
		return ""
	}
	return ", from_name: " + quote(w.shown)
}

// call takes the steps of a macro or subroutine: those without labels.
func (w *walk) call(p priority, args []string) []step {
	context, exten := "macro-"+args[0], "s"
	given := args[1:]
	if p.app == "gosub" {
		text := p.args
		var inner string
		if i := strings.IndexByte(text, '('); i >= 0 {
			text, inner = text[:i], strings.TrimSuffix(text[i+1:], ")")
		}
		parts := split(text)
		if len(parts) == 3 {
			context, exten = parts[0], parts[1]
		}
		given = split(inner)
		if len(parts) != 3 || parts[2] != "1" {
			return []step{w.refuse(p, "Gosub within a context has no counterpart", "write the steps into a subplan")}
		}
	}
	c := w.made.contexts[context]
	if c == nil {
		return []step{w.refuse(p, "there is no "+context, "")}
	}
	for _, x := range c.extens {
		if x.name != exten {
			continue
		}
		// The steps are written where they are called, so that what they know of the
		// number is still true.
		if len(w.inside) > 4 {
			return []step{w.refuse(p, context+" calls itself", "")}
		}
		return w.inline(x, given, context)
	}
	return []step{w.refuse(p, context+" has no exten "+exten, "")}
}

// inline writes the steps of a macro with its arguments filled in.
func (w *walk) inline(x *exten, given []string, context string) []step {
	sub := *w
	sub.subplan, sub.inside = true, append(slices.Clone(w.inside), context)
	var list []priority
	for _, p := range x.steps {
		for i, value := range given {
			p.args = strings.ReplaceAll(p.args, fmt.Sprintf("${ARG%d}", i+1), value)
		}
		p.args = strings.NewReplacer("${ARG1}", "", "${ARG2}", "", "${ARG3}", "").Replace(p.args)
		list = append(list, p)
	}
	holder := *x
	holder.name, holder.steps = w.exten.name, list
	sub.exten = &holder
	steps := sub.steps(list)
	w.group, w.groupFrom, w.groupTo = sub.group, sub.groupFrom, sub.groupTo
	w.made.subplans[nameOf(context)] = steps
	if n := len(steps); n > 0 && steps[n-1].text == "" {
		steps = steps[:n-1]
	}
	return steps
}
