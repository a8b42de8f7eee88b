package dialplan

import (
	"cmp"
	"context"
	"regexp"
	"strconv"
	"strings"

	"dialtone/prompts/say"
)

// Say answers and says something in the caller's language: a number, a date, an
// amount... by the prompts that Dialtone has, or a text by the engine that speech.tts
// names. What cannot be said is left out, and the next step is taken.
type Say struct {
	Placed
	// What is what is said: one thing. A text alone is the text.
	What Saying `yaml:"say" main:"true"`
	// Until are the keys that stop it, as by play.
	Until Text `yaml:"until"`
}

// Saying is what is said, one of text to spell, and how.
type Saying struct {
	// Text is spoken by the engine of speech.tts.
	Text Text `yaml:"text" main:"true"`
	// Number is a number, such as 42, -7 or 3.14.
	Number Text `yaml:"number"`
	// Ordinal is a place in a row, 1 to 31: first, second.
	Ordinal Text `yaml:"ordinal"`
	// Digits are said each by itself: 0815, *72.
	Digits Text `yaml:"digits"`
	// Date is a day, such as 2026-05-04.
	Date Text `yaml:"date"`
	// Time is a time of the day, such as 09:30.
	Time Text `yaml:"time"`
	// Amount is money, such as 12.50.
	Amount Text `yaml:"amount"`
	// Duration is a time that something takes: seconds, or such as 1h30m.
	Duration Text `yaml:"duration"`
	// Phone is a telephone number, said in groups.
	Phone Text `yaml:"phone"`
	// Spell is a name whose letters are said; accents are not.
	Spell Text `yaml:"spell"`
	// Currency is that of an amount: EUR, USD, GBP, CHF, CAD or JPY.
	Currency Text `yaml:"currency"`
	// Clock is that of a time: 12 or 24 hours. Without it, it is that of the language.
	Clock string `yaml:"clock" enum:"12,24"`
	// Feminine is true for a number of things that are feminine in the language.
	Feminine bool `yaml:"feminine"`
	// Language is the one in which it is said, when it is not that of the caller.
	Language Text `yaml:"language"`
}

// kinds are the things that can be said by prompts.
func (s *Saying) kinds() []sayable {
	return []sayable{
		{say.Number, &s.Number},
		{say.Ordinal, &s.Ordinal},
		{say.Digits, &s.Digits},
		{say.Date, &s.Date},
		{say.Time, &s.Time},
		{say.Amount, &s.Amount},
		{say.Duration, &s.Duration},
		{say.Phone, &s.Phone},
		{say.Spell, &s.Spell},
	}
}

type sayable struct {
	kind say.Kind
	text *Text
}

// which is what is said by prompts; its text is nil when none of it is written.
func (s *Saying) which() sayable {
	for _, k := range s.kinds() {
		if k.text.Value != "" {
			return k
		}
	}
	return sayable{}
}

// String implements Step.
func (s *Say) String() string {
	if k := s.What.which(); k.text != nil {
		return "say " + string(k.kind) + " " + k.text.Value
	}
	return "say text " + s.What.Text.Value
}

// languageName is how a language may be written.
var languageName = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$`)

// Run implements Step.
func (s *Say) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	language := cmp.Or(r.expand(&s.What.Language), r.spoken())
	if !languageName.MatchString(language) {
		language = ""
	}
	p := Playing{Language: language}
	p.Until, _ = keySet(s.Until.Value)
	p.Keep = s.Until.Value == "any"
	if k := s.What.which(); k.text == nil {
		p.Text = strings.TrimSpace(oneLine(r.expand(&s.What.Text)))
		r.note(p.Text)
	} else {
		text := r.expand(k.text)
		files, err := s.words(r, k.kind, text, language)
		if err != nil {
			r.note("not said: " + err.Error())
			return nil //nolint:nilerr // the trace says it, and the call goes on
		}
		r.note(text)
		p.Files, p.Sentence, p.Language = files, true, sayIn(language)
	}
	key, err := r.Session.Play(ctx, p)
	if err = r.played(err); err == nil && key != "" {
		r.note("stopped by " + key)
	}
	return err
}

// words are the prompts that say text.
func (s *Say) words(r *Run, kind say.Kind, text, language string) ([]string, error) {
	clock, _ := strconv.Atoi(s.What.Clock)
	return say.Text(say.For(language), kind, text, say.Options{
		Currency: r.expand(&s.What.Currency), Clock: clock, Feminine: s.What.Feminine,
	})
}

// sayIn is the language of the prompts that a grammar names: that of the caller, as
// long as the grammar is its own.
func sayIn(language string) string {
	own, _, _ := strings.Cut(language, "-")
	if g := say.For(language).Language(); !strings.EqualFold(own, g) {
		return g
	}
	return language
}

func (s *Say) check(c *checker) {
	c.in("say")
	defer c.out()
	w := &s.What
	var found []string
	if w.Text.Value != "" {
		found = append(found, "text")
	}
	for _, k := range w.kinds() {
		c.text(k.text)
		if k.text.Value != "" {
			found = append(found, string(k.kind))
		}
	}
	c.text(&w.Text)
	c.text(&w.Currency)
	c.text(&w.Language)
	c.keys(s.Until)
	switch {
	case len(found) == 0:
		c.fail(s.Where(), "it is not said what is to be said", `write say: {number: "42"}, or date, time, amount, digits, spell, text...`)
		return
	case len(found) > 1:
		c.fail(s.Where(), "two things are to be said by one step: "+strings.Join(found, " and "), "write a step for each")
		return
	case found[0] == "text" && !c.spec.Speech:
		c.fail(w.Text.At, "there is no engine that speaks texts", `write speech: {tts: {command: [espeak-ng, -v, "{language}", --stdin, --stdout]}}`)
	}
	if l := w.Language; l.Value != "" && l.parts == nil && !languageName.MatchString(l.Value) {
		c.fail(l.At, quote(l.Value)+" is no language", "write one such as en, fr or fr-CA")
	}
	s.extras(c, found[0])
}

// extras checks what belongs to one kind only, and the text when it is fixed.
func (s *Say) extras(c *checker, kind string) {
	w := &s.What
	_, known := say.CurrencyOf(w.Currency.Value)
	switch {
	case kind == string(say.Amount) && w.Currency.Value == "":
		c.fail(s.Where(), "it is not said of which currency the amount is", "write currency: EUR")
		return
	case kind != string(say.Amount) && w.Currency.Value != "":
		c.fail(w.Currency.At, "a currency belongs to an amount only", "remove it, or write amount")
	case w.Currency.Value != "" && w.Currency.parts == nil && !known:
		c.fail(w.Currency.At, quote(w.Currency.Value)+" is no currency that can be said", "there are "+strings.Join(say.Currencies(), ", "))
		return
	}
	if w.Clock != "" && kind != string(say.Time) {
		c.fail(s.Where(), "a clock belongs to a time only", "remove it, or write time")
	}
	k := w.which()
	if k.text == nil || k.text.parts != nil || w.Currency.parts != nil {
		return
	}
	if _, err := s.words(&Run{}, k.kind, k.text.Value, w.Language.Value); err != nil {
		c.fail(k.text.At, err.Error(), "write "+example(k.kind))
	}
}

// example is how a kind is written.
func example(kind say.Kind) string {
	switch kind {
	case say.Date:
		return "2026-05-04"
	case say.Time:
		return `"09:30"`
	case say.Amount:
		return "12.50"
	case say.Duration:
		return "90, or 1h30m"
	case say.Phone:
		return `"+4930123456"`
	case say.Spell:
		return "letters and digits"
	case say.Digits:
		return `"0815"`
	case say.Ordinal:
		return "1 to 31"
	}
	return "a number such as 42 or 3.14"
}

func (*Say) waits() bool { return true }
