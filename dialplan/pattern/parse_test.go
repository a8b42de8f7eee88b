package pattern_test

import (
	"errors"
	"strings"
	"testing"

	"dialtone/dialplan/pattern"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes     string // numbers apart by spaces, the rest behind =
		no      string
	}{
		{"110", "110", "11 1100 1101 0110"},
		{"2XX", "200 299", "20 2000 2a0 300"},
		{"ZXX", "100 999", "012"},
		{"NXX", "200 999", "112 012"},
		{"[2-9]1", "21 91", "11 2 211"},
		{"[13579]", "1 9", "2 13"},
		{"[*#]1", "*1 #1", "11 +1"},
		{"[+0]49", "+49 049", "49"},
		{"[a-fX]", "a f X", "g 1"},
		{`[\-\]\\]`, `- ] \`, "["},
		{"00.", "001=1 0049301234=49301234 00a=a", "00 0 10"},
		{"00!", "00= 001=1", "0 10"},
		{".", "1=1 +49=+49 alice=alice", ""},
		{"!", "1=1 +49=+49", ""},
		{"_0X.", "0123=23", "01 _012"},
		{"+49X", "+491", "+49 0491 491"},
		{"*43#", "*43#", "*43"},
		{"**X", "**1", "*1"},
		{"alice", "alice", "Alice alic alicex"},
		{"alice-b", "alice-b", "aliceb"},
		{"front_desk~1", "front_desk~1", "frontdesk1"},
		{"sales[1-3]", "sales1 sales3", "sales4 sales"},
		{"max", "max", "ma1"},
		{`"Xavier"`, "Xavier", "1avier"},
		{`'Z'X`, "Z1", "11"},
		{`"it's"`, "it's", "its"},
		{`\X1`, "X1", "11"},
		{`1\.2`, "1.2", "112"},
		{`\_1`, "_1", "1"},
		{`"a\"b"`, `a"b`, "ab"},
		{`"ü"`, "ü", "u"},
		{"/^49(30|40)/", "4930 4940", "49301 049"},
		{"/[0-9]{3}/", "123", "1234 12"},
		{"/0.*|1/", "0 012 1", "10"},
		{`/\+?49\d+/`, "+491 4912", "49"},
		{"/(?i)alice/", "alice ALICE", "bob"},
	}
	for _, test := range tests {
		p, err := pattern.Parse(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		if p.String() != test.pattern {
			t.Errorf("%s: String gives %s", test.pattern, p)
		}
		for _, want := range strings.Fields(test.yes) {
			number, rest, _ := strings.Cut(want, "=")
			if m, ok := p.Match(number); !ok || m.Rest != rest {
				t.Errorf("%s: Match(%q) = rest %q, %v, want rest %q", test.pattern, number, m.Rest, ok, rest)
			}
		}
		for _, number := range strings.Fields(test.no) {
			if _, ok := p.Match(number); ok {
				t.Errorf("%s matches %q and should not", test.pattern, number)
			}
		}
	}
}

func TestNumbersBeyondTheLimitMatchNothing(t *testing.T) {
	for _, p := range []string{".", "!", "/.*/"} {
		if _, ok := pattern.MustParse(p).Match(strings.Repeat("1", pattern.MaxNumber)); !ok {
			t.Errorf("%s does not match the longest number", p)
		}
		if _, ok := pattern.MustParse(p).Match(strings.Repeat("1", pattern.MaxNumber+1)); ok {
			t.Errorf("%s matches a number that is too long", p)
		}
	}
}

func TestTheEmptyNumber(t *testing.T) {
	for p, want := range map[string]bool{"!": true, ".": false, "X!": false, "/.*/": true, "/1?/": true, "1": false} {
		if _, ok := pattern.MustParse(p).Match(""); ok != want {
			t.Errorf("%s matches the empty number: %v, want %v", p, ok, want)
		}
	}
	var zero pattern.Pattern
	if _, ok := zero.Match(""); ok {
		t.Error("the zero pattern matches")
	}
}

func TestGroupsOfRegularExpressions(t *testing.T) {
	p := pattern.MustParse(`/^0(?<area>[1-9]\d)(\d)(?P<rest>\d+)(?<none>x)?$/`)
	if got := strings.Join(p.GroupNames(), " "); got != "area rest none" {
		t.Errorf("GroupNames = %s", got)
	}
	m, ok := p.Match("0301234")
	if !ok || len(m.Groups) != 3 {
		t.Fatalf("Match = %+v, %v", m, ok)
	}
	for name, want := range map[string]string{"area": "30", "rest": "234", "none": ""} {
		if got, ok := m.Group(name); !ok || got != want {
			t.Errorf("group %s = %q, %v, want %q", name, got, ok, want)
		}
	}
	if _, ok := m.Group("else"); ok {
		t.Error("there is a group else")
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		pattern string
		column  int
		says    string // in the reason
		remedy  string // in the remedy
	}{
		{"", 1, "must not be empty", `"."`},
		{"030 1", 4, "without spaces", "leave the space out"},
		{"030-1", 4, `without "-"`, `\-`},
		{"(030)", 1, `without "("`, `\(`},
		{"0.1", 2, "can only be last", "X for one digit"},
		{"0!1", 2, "can only be last", `\!`},
		{"49xxx", 3, "neither a digit nor part of a name", "X"},
		{"x1z", 1, "neither a digit nor part of a name", "X"},
		{"agentX", 6, "look like a name", `\X`},
		{"agentN", 6, "look like a name", "[2-9]"},
		{"_sales", 1, "Asterisk", `\_`},
		{"_", 1, "Asterisk", `\_`},
		{"1_2", 2, `without "_"`, `\_`},
		{"[2-9", 1, "not closed", `"]"`},
		{"1[]", 2, "empty", "[2-9]"},
		{"[9-2]", 3, "backwards", "2-9"},
		{"[2-]", 3, "no end", "2-9"},
		{"[-2]", 2, "before it", `\-`},
		{"[2-a]", 3, "not a range", "digits"},
		{"[A-z]", 3, "not a range", "capitals"},
		{"[^0]", 2, "turned round", "[1-9]"},
		{"[ü]", 2, "cannot be in a class", "backslash"},
		{"1]", 2, "closes no", "["},
		{"1{2}", 2, "regular expressions", "/.../"},
		{"^1", 1, "regular expressions", "/.../"},
		{"ü", 1, "no meaning", "quotes"},
		{`1\`, 2, "nothing follows", `\\`},
		{`1"ab`, 2, "not closed", `"`},
		{`""1`, 1, "nothing within", "leave"},
		{"/1", 1, "not closed", `"/"`},
		{"//", 1, "empty", "slashes"},
		{"/1(2/", 2, "missing closing )", `\(`},
		{"/12(?=3)/", 4, "Perl syntax", "look-around"},
		{"/a**/", 3, "repetition", "see"},
		{"/(?<a>1)(?<a>2)/", 12, "two groups", "own name"},
		{"/((1{100}){100})/", 5, "repeat", "smaller"},
		{"/(1{1000}){1}(2{900}){1}(3{900})/", 2, "too large", "smaller"},
		{strings.Repeat("1", 256), 256, "at most 255 characters", "shorten"},
		{strings.Repeat("1", 201), 201, "at most 200 positions", "."},
		{"\xff", 1, "UTF-8", "UTF-8"},
	}
	for _, test := range tests {
		_, err := pattern.Parse(test.pattern)
		var e *pattern.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: error %v, want a *pattern.Error", test.pattern, err)
			continue
		}
		if e.Column != test.column || !strings.Contains(e.Reason, test.says) || !strings.Contains(e.Remedy, test.remedy) {
			t.Errorf("%q: %v\nwant column %d, %q, %q", test.pattern, err, test.column, test.says, test.remedy)
		}
	}
}

func TestLiteralPrefixExample(t *testing.T) {
	tests := []struct {
		pattern, literal, prefix, example string
	}{
		{"110", "110", "110", "110"},
		{`"Xa"`, "Xa", "Xa", "Xa"},
		{"1[2]3", "123", "123", "123"},
		{"+49X.", "", "+49", "+4945"},
		{"00!", "", "00", "00"},
		{"NXX", "", "", "223"},
		{".", "", "", "1"},
		{"!", "", "", ""},
		{"[*#]", "", "", "#"},
		{"/^49(30|40)\\d+$/", "", "49", "49305"},
		{"/[a-c]+x?/", "", "", "a"},
		{"/(?i)ab/", "", "", "AB"},
		{`/a\bb/`, "", "a", ""},
	}
	for _, test := range tests {
		p := pattern.MustParse(test.pattern)
		literal, ok := p.Literal()
		if ok != (test.literal != "") || ok && literal != test.literal {
			t.Errorf("%s: Literal = %q, %v, want %q", test.pattern, literal, ok, test.literal)
		}
		if p.Prefix() != test.prefix || p.Example() != test.example {
			t.Errorf("%s: Prefix = %q, Example = %q, want %q, %q", test.pattern, p.Prefix(), p.Example(), test.prefix, test.example)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, number := range []string{"110", "+49*#", "Xavier", "a.b!", `q"\'`, "/1/", "_1", "ü", " "} {
		p, err := pattern.Parse(pattern.Quote(number))
		if err != nil {
			t.Errorf("%q: %v", number, err)
			continue
		}
		if got, ok := p.Literal(); !ok || got != number {
			t.Errorf("Quote(%q) = %s, which matches %q, %v", number, p, got, ok)
		}
	}
}

func TestPlainPatternsDoNotAllocate(t *testing.T) {
	p := pattern.MustParse("+49[1-9]X.")
	if n := testing.AllocsPerRun(100, func() { p.Match("+49301234567") }); n != 0 {
		t.Errorf("Match allocates %v times", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"_0X.", "+49[1-9]!", `"a\"b"'c'`, "/^0(?<a>\\d{2,3})+|x*$/", "sales[a-c]\\X", "[*#", "49xxx", "/(?i)[^a]$/", "/(?m)^a$/"} {
		f.Add(seed, "0123456")
	}
	f.Fuzz(func(t *testing.T, source, number string) {
		p, err := pattern.Parse(source)
		if err != nil {
			var e *pattern.Error
			if !errors.As(err, &e) || e.Column < 1 || e.Column > len([]rune(source))+1 || e.Remedy == "" {
				t.Fatalf("%q: error without a place or remedy: %#v", source, err)
			}
			return
		}
		_, matches := p.Match(number)
		if matches && !strings.HasPrefix(number, p.Prefix()) {
			t.Errorf("%s matches %q, which does not begin with %q", p, number, p.Prefix())
		}
		if example := p.Example(); example != "" {
			if _, ok := p.Match(example); !ok {
				t.Errorf("%s does not match its example %q", p, example)
			}
		}
		if _, _, ok := pattern.NewSet([]pattern.Pattern{p}).First(number); ok != matches {
			t.Errorf("%s: the set says %v for %q, the pattern %v", p, ok, number, matches)
		}
		if !p.Covers(p) || p.Compare(p) != 0 {
			t.Errorf("%s does not cover itself, or is not equal to itself", p)
		}
	})
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]int{"200": 1, "20[1-4]": 4, "NZX": 720, "XXX": 999, "0.": 999, "0!": 999, "/^1$/": 999} {
		if got := pattern.MustParse(text).Numbers(999); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
