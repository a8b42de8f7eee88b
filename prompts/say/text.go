package say

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind is what a text is, so that it is said.
type Kind string

// The kinds that there are.
const (
	Number   Kind = "number"   // 42, -7, 3.14
	Ordinal  Kind = "ordinal"  // 1 to 31
	Digits   Kind = "digits"   // 0815, each by itself
	Date     Kind = "date"     // 2026-05-04, with or without a time behind it
	Time     Kind = "time"     // 09:30, with or without a date before it
	Amount   Kind = "amount"   // 12.50
	Duration Kind = "duration" // 1h30m, or seconds
	Phone    Kind = "phone"    // +4930123456
	Spell    Kind = "spell"    // a name
)

// Options are how it is said.
type Options struct {
	Currency string // of an amount
	Clock    int    // of a time: 12 or 24; 0 is that of the language
	Feminine bool   // of a number
}

// maxSaid bounds how many prompts one text becomes.
const maxSaid = 200

// Text makes a text into prompts, by its kind. The error says what is wrong with it.
func Text(g Grammar, kind Kind, text string, o Options) (out []string, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, fmt.Errorf("there is no %s", kind)
	}
	out, err = said(g, kind, text, o)
	switch {
	case err != nil:
		return nil, err
	case len(out) == 0:
		return nil, fmt.Errorf("nothing in %.40q can be said", text)
	}
	return out[:min(len(out), maxSaid)], nil
}

func said(g Grammar, kind Kind, text string, o Options) ([]string, error) {
	switch kind {
	case Number:
		return decimal(g, text, o.Feminine)
	case Ordinal:
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 31 {
			return nil, fmt.Errorf("%.40q is no number from 1 to 31", text)
		}
		return g.Ordinal(n), nil
	case Digits:
		return digits(text), nil
	case Date:
		t, err := parse(text, days, "date such as 2026-05-04")
		if err != nil {
			return nil, err
		}
		return g.Date(t, true), nil
	case Time:
		t, err := parse(text, times, "time such as 09:30")
		if err != nil {
			return nil, err
		}
		return g.Time(t.Hour(), t.Minute(), o.Clock), nil
	case Amount:
		return amount(g, text, o.Currency)
	case Duration:
		return duration(g, text)
	case Phone:
		return g.Phone(text), nil
	case Spell:
		return spell(text), nil
	}
	return nil, nil
}

// split reads a number: its sign, and what stands before and behind the point.
func split(text string) (negative bool, whole, part string, err error) {
	bare := strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	whole, part, cut := strings.Cut(strings.Replace(bare, ",", ".", 1), ".")
	if len(text)-len(bare) > 1 || whole == "" || strings.Trim(whole+part, "0123456789") != "" || cut && part == "" || len(whole+part) > 40 {
		return false, "", "", fmt.Errorf("%.40q is no number", text)
	}
	return text[0] == '-', whole, part, nil
}

func decimal(g Grammar, text string, feminine bool) ([]string, error) {
	negative, whole, part, err := split(text)
	if err != nil {
		return nil, err
	}
	var out []string
	if negative {
		out = append(out, minus)
	}
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil && n <= maxNumber {
		out = append(out, g.Number(n, feminine && part == "")...)
	} else {
		out = append(out, digits(whole)...)
	}
	if part != "" {
		out = append(append(out, point), digits(part)...)
	}
	return out, nil
}

func amount(g Grammar, text, code string) ([]string, error) {
	c, known := CurrencyOf(code)
	if !known {
		return nil, fmt.Errorf("the currency %.10q cannot be said, only %s", code, strings.Join(Currencies(), ", "))
	}
	negative, whole, part, err := split(text)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%.40q is too much", text)
	}
	cents, _ := strconv.Atoi((part + "00")[:2]) // digits
	var out []string
	if negative && (n != 0 || cents != 0) {
		out = append(out, minus)
	}
	return append(out, g.Amount(n, cents, c)...), nil
}

// How dates and times are written.
var (
	times = []string{"15:04", "15:04:05", time.RFC3339, "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"}
	days  = append([]string{"2006-01-02"}, times[2:]...)
)

func parse(text string, layouts []string, what string) (time.Time, error) {
	for _, l := range layouts {
		if t, err := time.Parse(l, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no %s", text, what)
}

// maxDuration is the longest that is said, in seconds: ten thousand days.
const maxDuration = 10_000 * 86400

func duration(g Grammar, text string) ([]string, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 && n <= maxDuration {
		return g.Duration(time.Duration(n) * time.Second), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxDuration*time.Second {
		return nil, fmt.Errorf("%.40q is no duration such as 90, 90s or 1h30m", text)
	}
	return g.Duration(d), nil
}
