// Package say makes numbers, dates, times, amounts, durations and names into the
// prompts that say them, by the grammar of a language. It knows names of prompts only:
// no audio and no call.
//
// Another language is a file with a Grammar, a row in grammars, and a list of texts in
// package prompts.
package say

import (
	"strconv"
	"strings"
	"time"
)

// Grammar is how a language says things. What it gives are names of prompts, to be
// played one after the other in that language.
type Grammar interface {
	// Language is that of the prompts: en.
	Language() string
	// Number says n; beyond ±999,999,999 its digits. feminine is the form for what is
	// counted: une minute.
	Number(n int64, feminine bool) []string
	// Ordinal says 1 to 31 as a place in a row: first. Others are said as numbers.
	Ordinal(n int) []string
	// Date says the day, and its year when that is wanted.
	Date(day time.Time, year bool) []string
	// Time says a time of the day, in the clock of the language when clock is 0; 12 and
	// 24 ask for another, which the language may not have.
	Time(hour, minute, clock int) []string
	// Amount says an amount of money. minor is hundredths, 0 to 99.
	Amount(major int64, minor int, c Currency) []string
	// Duration says d to the second.
	Duration(d time.Duration) []string
	// Phone says a telephone number in groups. It has digits, + at the beginning, and
	// perhaps spaces between its groups.
	Phone(number string) []string
}

// grammars are those that there are, by the language that they are for.
var grammars = map[string]Grammar{
	"en":    english{},
	"en-gb": english{british: true},
	"en-ie": english{british: true},
	"en-au": english{british: true},
	"en-nz": english{british: true},
	"fr":    french{},
}

// Fallback is the language of who speaks none that is here.
const Fallback = "en"

// For is the grammar of a language: that of fr for fr-CA, that of Fallback for one
// that is not spoken here.
func For(language string) Grammar {
	for language = strings.ToLower(language); language != ""; {
		if g := grammars[language]; g != nil {
			return g
		}
		language = language[:max(0, strings.LastIndexByte(language, '-'))]
	}
	return grammars[Fallback]
}

// What is in a sentence between others.
const (
	shortPause = "pause/short"
	plus       = "number/plus"
	minus      = "number/minus"
	point      = "number/point"
)

// maxNumber is the greatest that is said as a number.
const maxNumber = 999_999_999

func number(n int64) string { return "number/" + strconv.FormatInt(n, 10) }

// signed says n by positive, which gets 0 to maxNumber.
func signed(n int64, positive func(int64) []string) []string {
	switch {
	case n > maxNumber || n < -maxNumber:
		return digits(strconv.FormatInt(n, 10))
	case n < 0:
		return append([]string{minus}, positive(-n)...)
	}
	return positive(n)
}

// digits says each digit of s by itself, and the signs before and between them; all
// else is left out.
func digits(s string) (out []string) {
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			out = append(out, number(int64(c-'0')))
		case c == '*':
			out = append(out, "letter/star")
		case c == '#':
			out = append(out, "letter/hash")
		case c == '+':
			out = append(out, plus)
		case c == '-' && len(out) == 0:
			out = append(out, minus)
		}
	}
	return out
}

// groups puts a pause between lists.
func groups(list [][]string) (out []string) {
	for i, g := range list {
		if i > 0 {
			out = append(out, shortPause)
		}
		out = append(out, g...)
	}
	return out
}

// Moment says when something was: today, yesterday or the day, and the time. Both
// times are in the zone in which they are said.
func Moment(g Grammar, t, now time.Time, clock int) []string {
	var out []string
	switch day(t).Sub(day(now)).Hours() / 24 {
	case 0:
		out = []string{"date/today"}
	case -1:
		out = []string{"date/yesterday"}
	case 1:
		out = []string{"date/tomorrow"}
	default:
		out = g.Date(t, t.Year() != now.Year())
	}
	return append(append(out, "date/at"), g.Time(t.Hour(), t.Minute(), clock)...)
}

// day is the beginning of the day of t, in a zone where all days are as long.
func day(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func month(t time.Time) string { return "month/" + strconv.Itoa(int(t.Month())) }

func weekday(t time.Time) string { return "weekday/" + strings.ToLower(t.Format("Mon")) }

// lasting splits d into days, hours, minutes and seconds, and gives those that are
// not 0; of none, 0 seconds.
func lasting(d time.Duration) (out []counted) {
	left := int64(d.Round(time.Second).Abs() / time.Second)
	for _, u := range [...]struct {
		unit    string
		seconds int64
	}{{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		if n := left / u.seconds; n > 0 {
			out = append(out, counted{n, u.unit})
		}
		left %= u.seconds
	}
	if len(out) == 0 {
		out = []counted{{0, "second"}}
	}
	return out
}

type counted struct {
	n    int64
	unit string
}

// listed joins what is said with and before the last.
func listed(parts [][]string, and string) (out []string) {
	for i, p := range parts {
		if i > 0 && i == len(parts)-1 {
			out = append(out, and)
		}
		out = append(out, p...)
	}
	return out
}
