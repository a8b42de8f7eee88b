package script

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

func compile(t *testing.T, source string) *Program {
	t.Helper()
	p, wrong := Compile(source)
	if len(wrong) > 0 {
		t.Fatalf("%s\n%v", source, wrong)
	}
	return p
}

// What programs want of a call from 030123 to 200.
func TestRun(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"nothing", ``, "map[]"},
		{"set", `set(who = "10" + call["to"][0], n = 3 * 7, yes = call["from"].startswith("0"))`, "map[n:21 who:102 yes:true]"},
		{"the last value counts", "set(a = 1)\nset(a = 2)", "map[a:2]"},
		{"goto ends it", "set(a = 1)\ngoto('night', to = '300')\nset(a = 2)", "map[a:1] goto night to 300"},
		{"hangup", "if len(call['from']) < 7:\n    hangup('forbidden')", "map[] hangup forbidden"},
		{"hangup without a cause", "hangup()", "map[] hangup normal"},
		{"print", "print('from', call['from'])", "map[] prints [from 030123]"},
		{"a function", "def turn(s):\n    return ''.join(reversed(s.elems()))\nset(a = turn(call['from']))", "map[a:321030]"},
		{"what is not there", "set(a = call.get('nothing', 'x'))", "map[a:x]"},
		{"operators", "a = [1, 2]\na += [3]\nb = {'k': 1}\nb['k'] += 4\nset(a = len(a), b = b['k'], c = '%s-%d' % ('x', 7), d = 7 // 2, e = 'a' in 'abc', f = 3 not in a, g = 1 < 2, h = -(2 << 3))", "map[a:3 b:5 c:x-7 d:3 e:true f:false g:true h:-16]"},
		{"a list grows where it is", "a = [1]\nb = a\na += (2,)\nset(n = len(b))", "map[n:2]"},
		{"slices, comprehensions, lambdas", "f = lambda x, y = 1: x + y\nset(a = ','.join([str(f(x)) for x in range(5) if x % 2]), b = 'abcdef'[1:4], c = str({k: v for k, v in [('a', 1)]}))", `map[a:2,4 b:bcd c:{"a": 1}]`},
		{"sorting, unpacking", "x, (y, z) = 1, (2, 3)\nset(a = str(sorted([3, 1, 2], key = lambda v: -v)), b = x + y + z, c = max(1, *[5, 2]))", "map[a:[3, 2, 1] b:6 c:5]"},
		{"while", "n = 0\nwhile n < 5:\n    n += 1\nset(n = n)", "map[n:5]"},
		{"one or the other", "set(a = 'x' if call['to'] == '200' and not call['rest'] else 'y')", "map[a:x]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := compile(t, test.source).Run(t.Context(), map[string]string{"from": "030123", "to": "200", "rest": ""})
			got := fmt.Sprint(r.Set)
			if r.Goto != "" {
				got += " goto " + r.Goto + " to " + r.To
			}
			if r.Hangup != "" {
				got += " hangup " + r.Hangup
			}
			if r.Printed != nil {
				got += fmt.Sprintf(" prints %v", r.Printed)
			}
			if err != nil || got != test.want {
				t.Errorf("%s, %v; want %s", got, err, test.want)
			}
		})
	}
}

// What is wrong is found before any call, with its place.
func TestCompileErrors(t *testing.T) {
	for source, want := range map[string]string{
		"if call['to'] == '1'\n    pass":     "2:1: got newline, want ':'",
		"x = 1\nset(a = y)":                  `2:9: "y" is not defined; variables of the call are call["NAME"]`,
		"load('other.star', 'x')":            "1:1: a script cannot load other files",
		"open('/etc/passwd')":                `1:1: "open" is not defined; variables of the call are call["NAME"]`,
		"x = [1]\nx[len(x) - 1] += 1":        "2:15: too much on the left of +=; give it a name first",
		strings.Repeat("#", MaxSource+1):     "the program is longer than 64 KiB",
		"for x in range(3):\n    def f(): +": "2:15: got newline, want primary expression",
		"def f():\n    break\n":              "2:5: break not in a loop",
		"print('" + "\n" + "')":              "1:7: unexpected newline in string",
		"x = %binary(1, 2, 3)":               "1:5: got '%', want primary expression",
	} {
		_, wrong := Compile(source)
		if len(wrong) == 0 || wrong[0].Error() != want {
			t.Errorf("%.60q: %v; want %s", source, wrong, want)
		}
	}
}

// Failures say where they happened.
func TestRunErrors(t *testing.T) {
	for source, want := range map[string]string{
		"x = 1\ny = x + 'a'":       "2:7: unknown binary op: int + string",
		"set(a = call['nothing'])": `1:13: key "nothing" not in dict`,
		"call['a'] = 1":            "1:5: cannot insert into frozen hash table",
		"set('a')":                 `1:4: set: write set(name = "value")`,
		"set(a = [1])":             "1:4: set: a is to be a list; only texts, whole numbers and truth values can be",
		"set(**{'b': 1})":          "1:4: set: write out the name, as in set(b = ...)",
		"goto('')":                 "1:5: goto: the target is empty",
		"goto()":                   "1:5: goto: missing argument for target",
		"x = 'a'.nothing":          "1:8: string has no .nothing",
		"def f():\n    f()\nf()":   "2:5: function f called recursively",
		"fail('enough')":           "1:5: fail: enough",
		"'abc'.index('x')":         "1:12: index: substring not found",
	} {
		_, err := compile(t, source).Run(t.Context(), map[string]string{})
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v; want %s", source, err, want)
		}
	}
}

// Programs that would take all time or memory end, soon, and say why.
func TestBounds(t *testing.T) {
	for _, source := range []string{
		"while True:\n    pass",
		"for i in range(1000000000):\n    pass",
		"x = 'x' * 1000000000",
		"x = 1000000000 * 'x'",
		"x = [0] * 1000000000",
		"x = (0,) * 1000000000",
		"x = b'x' * 1000000000",
		"x = 'x'\nwhile True:\n    x = x + x",
		"x = 'x'\nwhile True:\n    x += x",
		"x = [1]\nwhile True:\n    x += x",
		"x = [1]\nwhile True:\n    x.extend(x)",
		"x = [1]\nadd = x.extend\nwhile True:\n    add(x)",
		"x = (1,)\nwhile True:\n    x = (x, x)",
		"x = [1]\nwhile True:\n    x = [x, x]\n    y = str(x)",
		"x = [1]\nx.append(x)\ny = x == x and str(x) + '!'\nz = [x] * 2\nprint(z)",
		"x = {}\nx['a'] = x\nprint(str(x))",
		"x = list(range(1000000000))",
		"x = [i for i in range(1000000000)]",
		"x = ','.join(['y' * 1000] * 1000)",
		"x = ('y' * 30000).replace('y', 'z' * 30000)",
		"x = ('{0}' * 10000).format('y' * 30000)",
		"x = '%s' * 10000 % (('y' * 1000,) * 10000)",
		"x = 1 << 1000000000",
		"x = 2\nwhile True:\n    x = x * x",
		"x = 2\nwhile True:\n    x *= x",
		"s = 'x' * 50000\nkeep = []\nwhile True:\n    keep.append(s + 'y')",
		"l = [0] * 30000\nkeep = []\nwhile True:\n    keep.append(l[:])",
		"l = [0] * 30000\nkeep = []\nwhile True:\n    keep.append([x for x in l])",
		"getattr('x' * 60000, 'replace')('x', 'y' * 60000)",
		"sorted([[1] * 30000] * 30000)",
	} {
		start := time.Now()
		_, err := compile(t, source).Run(t.Context(), map[string]string{})
		var e *Error
		if took := time.Since(start); err == nil || !errors.As(err, &e) || took > 10*MaxTime {
			t.Errorf("%q: %v after %v", source, err, took)
		}
	}
}

// A caller who hangs up ends the program.
func TestCancel(t *testing.T) {
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, err := compile(t, "while True:\n    pass").Run(ctx, nil); !errors.Is(err, gone) {
		t.Errorf("ended with %v", err)
	}
}

// What a program may do to a call can be read out of it.
func TestWords(t *testing.T) {
	p := compile(t, "set(a = 1,\n    b = 2)\ngoto('night/x')\nhangup(call['a'])\nhangup('busy')\n")
	want := "[{a 1 5} {b 2 5}] [{night/x 3 7}] [{busy 5 9}]"
	if got := fmt.Sprint(p.Sets, p.Gotos, p.Hangups); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzRun(f *testing.F) {
	f.Add("set(a = call['from'] * 3)")
	f.Add("x = [1]\nwhile len(x) < 100:\n    x += x\nprint(x)")
	f.Add("def f(a, *b, c = 1, **d):\n    return a\nf(*[1], **{'c': 2})")
	f.Add("(x, [y]) = 1, [2]\nx, y = y, x\ngoto('%s' % x)")
	f.Fuzz(func(t *testing.T, source string) {
		p, wrong := Compile(source)
		if (p == nil) == (len(wrong) == 0) {
			t.Fatal("neither a program nor what is wrong with it")
		}
		if p == nil {
			return
		}
		start := time.Now()
		once, err := p.Run(t.Context(), map[string]string{"from": "100"})
		if took := time.Since(start); took > 20*MaxTime {
			t.Fatalf("took %v", took)
		}
		again, err2 := p.Run(t.Context(), map[string]string{"from": "100"})
		if !maps.Equal(once.Set, again.Set) || once.Goto != again.Goto || (err == nil) != (err2 == nil) && !strings.Contains(fmt.Sprint(err, err2), "longer than") {
			t.Fatalf("%v %v, then %v %v", once, err, again, err2)
		}
	})
}
