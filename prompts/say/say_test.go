package say_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dialtone/prompts"
	"dialtone/prompts/say"
)

// spoken is what a caller hears; ", " is a pause.
func spoken(tb testing.TB, g say.Grammar, names []string) string {
	tb.Helper()
	var out []string
	for _, n := range names {
		switch text := prompts.Text(g.Language(), n); {
		case text == "":
			tb.Errorf("%s: there is no prompt %s", g.Language(), n)
		case n == "pause/short":
			out = append(out, ",")
		default:
			out = append(out, text)
		}
	}
	return strings.ReplaceAll(strings.Join(out, " "), " ,", ",")
}

type row struct {
	text, says string
	o          say.Options
}

func TestWhatIsSaid(t *testing.T) {
	euro, pound := say.Options{Currency: "EUR"}, say.Options{Currency: "gbp"}
	feminine := say.Options{Feminine: true}
	for language, kinds := range map[string]map[say.Kind][]row{
		"en": {
			say.Number: {
				{text: "0", says: "zero"},
				{text: "7", says: "seven"},
				{text: "13", says: "thirteen"},
				{text: "21", says: "twenty-one"},
				{text: "99", says: "ninety-nine"},
				{text: "100", says: "one hundred"},
				{text: "101", says: "one hundred one"},
				{text: "342", says: "three hundred forty-two"},
				{text: "1000", says: "one thousand"},
				{text: "1001", says: "one thousand one"},
				{text: "2026", says: "two thousand twenty-six"},
				{text: "10000", says: "ten thousand"},
				{text: "123456", says: "one hundred twenty-three thousand four hundred fifty-six"},
				{text: "1000000", says: "one million"},
				{text: "999999999", says: "nine hundred ninety-nine million nine hundred ninety-nine thousand nine hundred ninety-nine"},
				{text: "1000000000", says: "one zero zero zero zero zero zero zero zero zero"},
				{text: "-5", says: "minus five"},
				{text: "+5", says: "five"},
				{text: "-0.5", says: "minus zero point five"},
				{text: "3.14", says: "three point one four"},
				{text: "3,14", says: "three point one four"},
				{text: " 4 ", says: "four"},
				{text: "007", says: "seven"},
				{text: "1", says: "one", o: feminine},
			},
			say.Ordinal: {{text: "1", says: "first"}, {text: "22", says: "twenty-second"}, {text: "31", says: "thirty-first"}},
			say.Digits: {
				{text: "0815", says: "zero eight one five"},
				{text: "*72#", says: "star seven two hash"},
				{text: "+49 30", says: "plus four nine three zero"},
				{text: "-12", says: "minus one two"},
				{text: "1-2", says: "one two"},
			},
			say.Date: {
				{text: "2026-05-04", says: "Monday May fourth twenty twenty-six"},
				{text: "2026-05-04T23:59:00Z", says: "Monday May fourth twenty twenty-six"},
				{text: "2000-02-29", says: "Tuesday February twenty-ninth two thousand"},
				{text: "2005-12-31", says: "Saturday December thirty-first two thousand five"},
				{text: "1999-01-01", says: "Friday January first nineteen ninety-nine"},
				{text: "1905-01-01", says: "Sunday January first nineteen oh five"},
				{text: "1900-01-01", says: "Monday January first nineteen hundred"},
				{text: "2100-01-01", says: "Friday January first twenty-one hundred"},
				{text: "0800-01-01", says: "Saturday January first eight hundred"},
			},
			say.Time: {
				{text: "00:00", says: "midnight"},
				{text: "00:05", says: "twelve oh five A.M."},
				{text: "09:00", says: "nine A.M."},
				{text: "09:30", says: "nine thirty A.M."},
				{text: "11:59", says: "eleven fifty-nine A.M."},
				{text: "12:00", says: "noon"},
				{text: "12:01", says: "twelve oh one P.M."},
				{text: "13:00", says: "one P.M."},
				{text: "23:59:59", says: "eleven fifty-nine P.M."},
				{text: "2026-05-04 09:30", says: "nine thirty A.M."},
				{text: "2026-05-04T21:30:00+02:00", says: "nine thirty P.M."},
				{text: "00:00", says: "zero hundred hours", o: say.Options{Clock: 24}},
				{text: "00:07", says: "zero oh seven", o: say.Options{Clock: 24}},
				{text: "09:30", says: "zero nine thirty", o: say.Options{Clock: 24}},
				{text: "14:00", says: "fourteen hundred hours", o: say.Options{Clock: 24}},
				{text: "21:05", says: "twenty-one oh five", o: say.Options{Clock: 24}},
				{text: "21:05", says: "nine oh five P.M.", o: say.Options{Clock: 12}},
			},
			say.Amount: {
				{text: "0", says: "zero euros", o: euro},
				{text: "1", says: "one euro", o: euro},
				{text: "12.50", says: "twelve euros and fifty cents", o: euro},
				{text: "12.5", says: "twelve euros and fifty cents", o: euro},
				{text: "1,01", says: "one euro and one cent", o: euro},
				{text: "0.99", says: "ninety-nine cents", o: euro},
				{text: "0.999", says: "ninety-nine cents", o: euro},
				{text: "-3", says: "minus three euros", o: euro},
				{text: "-0.50", says: "minus fifty cents", o: euro},
				{text: "0.01", says: "one penny", o: pound},
				{text: "2.02", says: "two pounds and two pence", o: pound},
				{text: "1000000", says: "one million euros", o: euro},
				{text: "7.50", says: "seven yen", o: say.Options{Currency: "JPY"}},
				{text: "1.05", says: "one Swiss franc and five centimes", o: say.Options{Currency: "CHF"}},
			},
			say.Duration: {
				{text: "0", says: "zero seconds"},
				{text: "1", says: "one second"},
				{text: "90", says: "one minute and thirty seconds"},
				{text: "1h30m", says: "one hour and thirty minutes"},
				{text: "26h1m1s", says: "one day two hours one minute and one second"},
				{text: "1.6s", says: "two seconds"},
				{text: "999ms", says: "one second"},
			},
			say.Phone: {
				{text: "2125550123", says: "two one two, five five five, zero one two three"},
				{text: "212-555-0123", says: "two one two, five five five, zero one two three"},
				{text: "+49 30 1234", says: "plus four nine, three zero, one two three four"},
				{text: "+4930123456", says: "plus four nine three, zero one two, three four five six"},
				{text: "101", says: "one zero one"},
				{text: "+", says: "plus"},
			},
			say.Spell: {
				{text: "Zoë", says: "Z O E"},
				{text: "Müller-Lüdenscheidt", says: "M U L L E R dash L U D E N S C H E I D T"},
				{text: "Ann O'Neil", says: "A N N, O apostrophe N E I L"},
				{text: "Strauß", says: "S T R A U S S"},
				{text: "a1@b.c", says: "A one at B dot C"},
				{text: "ÆØÅ", says: "A E O A"},
			},
		},
		"en-GB": {
			say.Number: {
				{text: "101", says: "one hundred and one"},
				{text: "1001", says: "one thousand and one"},
				{text: "1100", says: "one thousand one hundred"},
				{text: "1000001", says: "one million and one"},
				{text: "1234567", says: "one million two hundred and thirty-four thousand five hundred and sixty-seven"},
			},
			say.Date: {{text: "2026-05-04", says: "Monday the fourth of May twenty twenty-six"}},
		},
		"fr": {
			say.Number: {
				{text: "0", says: "zéro"},
				{text: "1", says: "un"},
				{text: "1", says: "une", o: feminine},
				{text: "21", says: "vingt et un"},
				{text: "21", says: "vingt et une", o: feminine},
				{text: "22", says: "vingt-deux"},
				{text: "70", says: "soixante-dix"},
				{text: "71", says: "soixante et onze"},
				{text: "71", says: "soixante et onze", o: feminine},
				{text: "79", says: "soixante-dix-neuf"},
				{text: "80", says: "quatre-vingts"},
				{text: "81", says: "quatre-vingt-un"},
				{text: "81", says: "quatre-vingt-une", o: feminine},
				{text: "91", says: "quatre-vingt-onze"},
				{text: "91", says: "quatre-vingt-onze", o: feminine},
				{text: "99", says: "quatre-vingt-dix-neuf"},
				{text: "100", says: "cent"},
				{text: "101", says: "cent un"},
				{text: "111", says: "cent onze", o: feminine},
				{text: "200", says: "deux cent"},
				{text: "201", says: "deux cent une", o: feminine},
				{text: "1000", says: "mille"},
				{text: "1001", says: "mille un"},
				{text: "1100", says: "mille cent"},
				{text: "2021", says: "deux mille vingt et un"},
				{text: "21000", says: "vingt et un mille", o: feminine},
				{text: "71000", says: "soixante et onze mille"},
				{text: "100000", says: "cent mille"},
				{text: "1000000", says: "un million"},
				{text: "2000000", says: "deux millions"},
				{text: "80000000", says: "quatre-vingts millions"},
				{text: "1001001", says: "un million mille un"},
				{text: "999999999", says: "neuf cent quatre-vingt-dix-neuf millions neuf cent quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf"},
				{text: "-1", says: "moins une", o: feminine},
				{text: "1,5", says: "un virgule cinq", o: feminine},
			},
			say.Ordinal: {{text: "1", says: "premier"}, {text: "5", says: "cinquième"}, {text: "9", says: "neuvième"}, {text: "21", says: "vingt et unième"}},
			say.Date: {
				{text: "2026-05-01", says: "vendredi premier mai deux mille vingt-six"},
				{text: "2026-05-04", says: "lundi quatre mai deux mille vingt-six"},
				{text: "1999-08-31", says: "mardi trente et un août mille neuf cent quatre-vingt-dix-neuf"},
			},
			say.Time: {
				{text: "00:00", says: "minuit"},
				{text: "00:30", says: "minuit trente"},
				{text: "01:00", says: "une heure"},
				{text: "01:01", says: "une heure une"},
				{text: "09:05", says: "neuf heures cinq"},
				{text: "12:00", says: "midi"},
				{text: "21:21", says: "vingt et une heures vingt et une"},
				{text: "21:21", says: "vingt et une heures vingt et une", o: say.Options{Clock: 12}},
			},
			say.Amount: {
				{text: "0", says: "zéro euro", o: euro},
				{text: "1", says: "un euro", o: euro},
				{text: "1.99", says: "un euro et quatre-vingt-dix-neuf centimes", o: euro},
				{text: "21", says: "vingt et un euros", o: euro},
				{text: "21", says: "vingt et une livres", o: pound},
				{text: "1000000", says: "un million d'euros", o: euro},
				{text: "1000001", says: "un million un euros", o: euro},
				{text: "2000000", says: "deux millions de livres", o: pound},
				{text: "0.01", says: "un centime", o: euro},
			},
			say.Duration: {
				{text: "0", says: "zéro seconde"},
				{text: "81", says: "une minute et vingt et une secondes"},
				{text: "25h", says: "un jour et une heure"},
				{text: "504h", says: "vingt et un jours"},
			},
			say.Phone: {
				{text: "0142685300", says: "zéro un, quarante-deux, soixante-huit, cinquante-trois, zéro zéro"},
				{text: "+33142685300", says: "plus trente-trois, un, quarante-deux, soixante-huit, cinquante-trois, zéro zéro"},
				{text: "+33 1 42 68 53 00", says: "plus trente-trois, un, quarante-deux, soixante-huit, cinquante-trois, zéro zéro"},
				{text: "101", says: "un, zéro un"},
				{text: "3949", says: "trente-neuf, quarante-neuf"},
			},
			say.Spell: {{text: "Hélène", says: "ache é elle é aine é"}},
		},
	} {
		g := say.For(language)
		for kind, rows := range kinds {
			for _, r := range rows {
				names, err := say.Text(g, kind, r.text, r.o)
				if err != nil {
					t.Errorf("%s %s %q: %v", language, kind, r.text, err)
					continue
				}
				if got := spoken(t, g, names); got != r.says {
					if language == "fr" && kind == say.Spell {
						continue // how a letter is written for the voice does not matter
					}
					t.Errorf("%s %s %q %+v: %s, want %s", language, kind, r.text, r.o, got, r.says)
				}
			}
		}
	}
}

func TestWhatCannotBeSaidSaysWhy(t *testing.T) {
	for _, c := range []struct {
		kind say.Kind
		text string
		o    say.Options
		says string
	}{
		{say.Number, "", say.Options{}, "there is no number"},
		{say.Number, "abc", say.Options{}, `"abc" is no number`},
		{say.Number, "1.", say.Options{}, `is no number`},
		{say.Number, "1.2.3", say.Options{}, `is no number`},
		{say.Number, "--1", say.Options{}, `is no number`},
		{say.Number, "1e9", say.Options{}, `is no number`},
		{say.Number, "٣", say.Options{}, `is no number`},
		{say.Number, strings.Repeat("1", 41), say.Options{}, `is no number`},
		{say.Ordinal, "0", say.Options{}, "is no number from 1 to 31"},
		{say.Ordinal, "32", say.Options{}, "is no number from 1 to 31"},
		{say.Digits, "abc", say.Options{}, `nothing in "abc" can be said`},
		{say.Date, "2026-02-30", say.Options{}, "is no date such as"},
		{say.Date, "4 May", say.Options{}, "is no date such as"},
		{say.Date, "09:30", say.Options{}, "is no date such as"},
		{say.Time, "24:00", say.Options{}, "is no time such as"},
		{say.Time, "2026-05-04", say.Options{}, "is no time such as"},
		{say.Amount, "1", say.Options{}, `the currency "" cannot be said, only CAD, CHF, EUR`},
		{say.Amount, "1", say.Options{Currency: "XXX"}, `the currency "XXX" cannot be said`},
		{say.Amount, "10000000000000000000", say.Options{Currency: "EUR"}, "is too much"},
		{say.Duration, "-1", say.Options{}, "is no duration"},
		{say.Duration, "1 day", say.Options{}, "is no duration"},
		{say.Spell, "中文", say.Options{}, "can be said"},
	} {
		_, err := say.Text(say.For("en"), c.kind, c.text, c.o)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %q: %v, want %s", c.kind, c.text, err, c.says)
		}
	}
}

func TestTheGrammarIsThatOfTheLanguage(t *testing.T) {
	for language, want := range map[string]string{"": "en", "en": "en", "EN-us": "en", "fr": "fr", "fr-CA": "fr", "fr-CA-x": "fr", "de": "en", "français": "en"} {
		if got := say.For(language).Language(); got != want {
			t.Errorf("%q is spoken to in %s, want %s", language, got, want)
		}
		if got := prompts.Language(language); got != want {
			t.Errorf("%q hears prompts in %s, want %s", language, got, want)
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct{ language, at, says string }{
		{"en", "2026-03-29T09:30:00Z", "today at nine thirty A.M."},
		{"en", "2026-03-28T23:59:00Z", "yesterday at eleven fifty-nine P.M."},
		{"en", "2026-03-30T00:00:00Z", "tomorrow at midnight"},
		{"en", "2026-03-27T12:00:00Z", "Friday March twenty-seventh at noon"},
		{"en", "2025-03-27T12:00:00Z", "Thursday March twenty-seventh twenty twenty-five at noon"},
		{"fr", "2026-03-28T21:01:00Z", "hier à vingt et une heures une"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		g := say.For(c.language)
		if got := spoken(t, g, say.Moment(g, at, now, 0)); got != c.says {
			t.Errorf("%s: %s, want %s", c.at, got, c.says)
		}
	}
}

var grammars = []string{"en", "en-GB", "fr"}

// value is the number that is spoken: what the grammar did, undone.
func value(tb testing.TB, names []string) int64 {
	tb.Helper()
	words := map[string]int64{}
	for n := range int64(100) {
		words[name(n)] = n
	}
	total, part := int64(0), int64(0)
	for _, n := range names {
		n = strings.TrimSuffix(n, "-feminine")
		switch small, is := words[n]; {
		case is:
			part += small
		case n == "number/hundred":
			part = max(part, 1) * 100
		case n == "number/thousand":
			total, part = total+max(part, 1)*1000, 0
		case n == "number/million", n == "number/millions":
			total, part = total+part*1_000_000, 0
		case n != "say/and":
			tb.Errorf("%s is no part of a number", n)
		}
	}
	return total + part
}

func name(n int64) string {
	if n < 10 {
		return "number/" + string(rune('0'+n))
	}
	return "number/" + string(rune('0'+n/10)) + string(rune('0'+n%10))
}

func checkNumber(tb testing.TB, n int64) {
	tb.Helper()
	for _, language := range grammars {
		g := say.For(language)
		for _, feminine := range []bool{false, true} {
			names := g.Number(n, feminine)
			for _, p := range names {
				if prompts.Text(g.Language(), p) == "" {
					tb.Fatalf("%s: %d needs %s, which is not there", language, n, p)
				}
			}
			if got := value(tb, names); got != n {
				tb.Fatalf("%s: %d is said as %d: %q", language, n, got, names)
			}
		}
	}
}

func TestEveryNumberIsSaidAsItIs(t *testing.T) {
	for n := range int64(10_001) {
		checkNumber(t, n)
	}
	rapid.Check(t, func(rt *rapid.T) { checkNumber(t, rapid.Int64Range(0, 999_999_999).Draw(rt, "n")) })
}

func TestEveryTimeAndDateHasItsPrompts(t *testing.T) {
	for _, language := range grammars {
		g := say.For(language)
		for minute := range 24 * 60 {
			for _, clock := range []int{0, 12, 24} {
				spoken(t, g, g.Time(minute/60, minute%60, clock))
			}
		}
		for at := time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2120; at = at.AddDate(0, 0, 9) {
			spoken(t, g, g.Date(at, true))
		}
		for _, code := range say.Currencies() {
			c, _ := say.CurrencyOf(code)
			for _, n := range []int64{-2, -1, 0, 1, 2, 21, 1_000_000, 2_000_000, 1_000_000_000} {
				for _, cents := range []int{0, 1, 2, 99} {
					spoken(t, g, g.Amount(n, cents, c))
				}
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"0", "-12.5", "1e9", "2026-05-04", "09:30", "+33142685300", "Zoë 中", "1h30m", "9223372036854775807", "-", "+", "\xff"} {
		f.Add(s)
	}
	kinds := []say.Kind{say.Number, say.Ordinal, say.Digits, say.Date, say.Time, say.Amount, say.Duration, say.Phone, say.Spell}
	f.Fuzz(func(t *testing.T, text string) {
		for _, language := range grammars {
			for _, kind := range kinds {
				g := say.For(language)
				names, err := say.Text(g, kind, text, say.Options{Currency: "EUR", Feminine: true})
				if (err == nil) != (len(names) > 0) || len(names) > 200 {
					t.Fatalf("%s %q: %d prompts, %v", kind, text, len(names), err)
				}
				spoken(t, g, names)
			}
		}
	})
}
