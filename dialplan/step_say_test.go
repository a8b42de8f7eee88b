package dialplan_test

import (
	"context"
	"strings"
	"testing"

	"dialtone/dialplan"
)

// listener is a world that keeps what it is played.
type listener struct {
	world
	played []dialplan.Playing
}

func (l *listener) Play(ctx context.Context, p dialplan.Playing) (string, error) {
	l.played = append(l.played, p)
	return l.world.Play(ctx, p)
}

func TestSay(t *testing.T) {
	for _, c := range []struct {
		name, steps, language string
		want                  dialplan.Playing
		traced                string
	}{
		{"a number", `{say: {number: 21}}`, "en", dialplan.Playing{Files: []string{"number/21"}, Language: "en", Sentence: true}, "21"},
		{"a variable", `{set: {n: "101"}}, {say: {number: "${n}"}, until: any}`, "fr-CA", dialplan.Playing{Files: []string{"number/hundred", "number/1"}, Language: "fr-CA", Sentence: true, Until: dialplan.Keypad, Keep: true}, "101"},
		{"feminine", `{say: {number: 1, feminine: true}}`, "fr", dialplan.Playing{Files: []string{"number/1-feminine"}, Language: "fr", Sentence: true}, "1"},
		{"a language without a grammar", `{say: {digits: "07"}}`, "de", dialplan.Playing{Files: []string{"number/0", "number/7"}, Language: "en", Sentence: true}, "07"},
		{"nobody says which language", `{say: {ordinal: 3}}`, "", dialplan.Playing{Files: []string{"ordinal/3"}, Language: "en", Sentence: true}, "3"},
		{"a language of its own", `{say: {time: "09:00", language: fr}}`, "en", dialplan.Playing{Files: []string{"number/9", "unit/hour-plural"}, Language: "fr", Sentence: true}, "09:00"},
		{"a language from elsewhere that is none", `{set: {language: "../x"}}, {say: {number: 1}}`, "", dialplan.Playing{Files: []string{"number/1"}, Language: "en", Sentence: true}, "1"},
		{"a clock", `{say: {time: "21:00", clock: "24"}, until: "#"}`, "en", dialplan.Playing{Files: []string{"number/21", "say/hundred-hours"}, Language: "en", Sentence: true, Until: "#"}, "21:00"},
		{"an amount", `{say: {amount: "1.50", currency: EUR}}`, "en", dialplan.Playing{Files: []string{"number/1", "currency/eur", "say/and", "number/50", "currency/cent-plural"}, Language: "en", Sentence: true}, "1.50"},
		{"a text", `{say: "Hello ${from_name}"}`, "de", dialplan.Playing{Text: "Hello Zoe", Language: "de"}, "Hello Zoe"},
		{"a text in another language", `{say: {text: Bonjour, language: fr}}`, "de", dialplan.Playing{Text: "Bonjour", Language: "fr"}, "Bonjour"},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := planOf(t, `
speech: {tts: {command: [espeak-ng, --stdin, --stdout]}}
dialplan: {phones: [{name: it, to: 200, do: [`+c.steps+`]}]}
`)
			l := &listener{}
			r := runOf(plan, &l.world, dialplan.Facts{Extension: "102", To: "200", Language: c.language, FromName: "Zoe"})
			r.Session, r.Trace = l, &dialplan.Trace{}
			r.Do(t.Context())
			if len(l.played) != 1 {
				t.Fatalf("it was played %d things", len(l.played))
			}
			got := l.played[0]
			if strings.Join(got.Files, " ") != strings.Join(c.want.Files, " ") || got.Text != c.want.Text || got.Language != c.want.Language ||
				got.Sentence != c.want.Sentence || got.Until != c.want.Until || got.Keep != c.want.Keep {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if text := l.traced(r, "say"); text != c.traced {
				t.Errorf("the trace says %q, want %q", text, c.traced)
			}
		})
	}
}

// traced is what the trace says of the step that begins so.
func (*listener) traced(r *dialplan.Run, step string) string {
	for _, e := range r.Trace.Events {
		if strings.HasPrefix(e.Name, step) {
			return e.Text
		}
	}
	return ""
}

func TestWhatCannotBeSaidIsLeftOut(t *testing.T) {
	for steps, says := range map[string]string{
		`{set: {n: many}}, {say: {number: "${n}"}}`:               `not said: "many" is no number`,
		`{say: {date: "${customer}"}}`:                            `not said: there is no date`,
		`{set: {c: XAU}}, {say: {amount: "1", currency: "${c}"}}`: `not said: the currency "XAU" cannot be said`,
		`{set: {n: "1; rm -rf /"}}, {say: {phone: "${n}"}}`:       "1; rm -rf /",
		`{set: {n: "⠓"}}, {say: {spell: "${n}"}}`:                 `not said: nothing in "⠓" can be said`,
	} {
		plan := planOf(t, `
dialplan: {phones: [{name: it, to: 200, do: [{set: {customer: ""}}, `+steps+`, {hangup: busy}]}]}
`)
		l := &listener{}
		r := runOf(plan, &l.world, dialplan.Facts{Extension: "102", To: "200"})
		r.Session, r.Trace = l, &dialplan.Trace{}
		if e := r.Do(t.Context()); e.Cause != dialplan.CauseBusy {
			t.Errorf("%s: the call ended with %v", steps, e)
		}
		if text := l.traced(r, "say"); !strings.HasPrefix(text, says) {
			t.Errorf("%s: the trace says %q, want %q", steps, text, says)
		}
		if strings.HasPrefix(says, "not said") && len(l.played) > 0 {
			t.Errorf("%s: played %+v", steps, l.played)
		}
	}
}
