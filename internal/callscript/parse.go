package callscript

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

// Script is one file, understood but not run.
type Script struct {
	Name   string
	Config string            // what it changes in the configuration of the server
	Files  map[string]string // further files in the archive, by name
	lines  []line
}

// line is what happens at once: its statements run at the same time.
type line struct {
	at         string // file:line
	text       string
	statements []statement
}

type statement struct {
	verb   *verb
	args   map[string]string
	within time.Duration
}

const (
	configFile = "dialtone.yaml"
	patience   = 10 * time.Second
)

// Parse reads a script. The error names every line that is not understood.
func Parse(name string, data []byte) (*Script, error) {
	archive := txtar.Parse(data)
	s := &Script{Name: name, Files: map[string]string{}}
	for _, f := range archive.Files {
		if f.Name == configFile {
			s.Config = string(f.Data)
		} else {
			s.Files[f.Name] = string(f.Data)
		}
	}
	p := parser{name: name, phones: map[string]bool{}}
	for i, text := range strings.Split(string(archive.Comment), "\n") {
		p.number = i + 1
		p.line(strings.TrimSpace(text))
	}
	if len(p.open) > 0 {
		p.errorf("repeat without end")
	}
	s.lines = p.lines
	if len(p.errs) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(p.errs, "\n"))
	}
	if len(s.lines) == 0 {
		return nil, fmt.Errorf("%s: there is nothing to do in it", name)
	}
	return s, nil
}

type parser struct {
	name   string
	number int
	phones map[string]bool
	lines  []line
	open   []repeat
	errs   []string
}

type repeat struct{ from, times int }

func (p *parser) errorf(format string, args ...any) {
	p.errs = append(p.errs, fmt.Sprintf("%s:%d: %s", p.name, p.number, fmt.Sprintf(format, args...)))
}

func (p *parser) line(text string) {
	words := strings.Fields(text)
	switch {
	case len(words) == 0 || strings.HasPrefix(text, "#"):
	case words[0] == "repeat":
		times := 0
		if len(words) == 2 {
			_, _ = fmt.Sscan(words[1], &times)
		}
		if times < 1 {
			p.errorf("repeat wants a number of times, as in: repeat 10")
		}
		p.open = append(p.open, repeat{len(p.lines), times})
	case text == "end":
		if len(p.open) == 0 {
			p.errorf("end without repeat")
			return
		}
		r := p.open[len(p.open)-1]
		p.open = p.open[:len(p.open)-1]
		body := slices.Clone(p.lines[r.from:])
		for range r.times - 1 {
			p.lines = append(p.lines, body...)
		}
	default:
		for part := range strings.SplitSeq(text, " / ") {
			p.part(strings.TrimSpace(part))
		}
	}
}

// part is what stands between two slashes: statements that run together.
func (p *parser) part(text string) {
	l := line{at: fmt.Sprintf("%s:%d", p.name, p.number), text: text}
	for one := range strings.SplitSeq(text, " & ") {
		s, err := p.statement(one)
		if err != nil {
			p.errorf("%v", err)
			return
		}
		l.statements = append(l.statements, s)
	}
	p.lines = append(p.lines, l)
}

func (p *parser) statement(text string) (statement, error) {
	words, err := split(text)
	if err != nil {
		return statement{}, err
	}
	s := statement{within: patience}
	if len(words) > 2 && words[0] == "within" {
		if s.within, err = time.ParseDuration(words[1]); err != nil {
			return s, fmt.Errorf("within wants a time, as in: within 2s alice hears 440")
		}
		words = words[2:]
	}
	for i := range verbs {
		args, fits := match(verbs[i].form, words)
		if !fits {
			continue
		}
		s.verb, s.args = &verbs[i], args
		if verbs[i].phone {
			p.phones[args["NAME"]] = true
			if _, _, err := options(strings.Fields(args["TRAITS"])); err != nil {
				return s, err
			}
		} else if who := args["PHONE"]; who != "" && !p.phones[who] {
			return s, fmt.Errorf("there is no phone %q; a line above must say: phone %s 100", who, who)
		}
		return s, nil
	}
	return s, p.unknown(words)
}

// unknown says what could have been meant.
func (p *parser) unknown(words []string) error {
	var same, all []string
	for _, v := range verbs {
		form := strings.Fields(v.form)
		all = append(all, v.form)
		if len(words) > 1 && len(form) > 1 && form[0] == "PHONE" && form[1] == words[1] || form[0] == words[0] {
			same = append(same, v.form)
		}
	}
	if len(same) > 0 {
		return fmt.Errorf("%q is not understood; there is:\n\t%s", strings.Join(words, " "), strings.Join(same, "\n\t"))
	}
	return fmt.Errorf("%q is not understood; there is:\n\t%s", strings.Join(words, " "), strings.Join(all, "\n\t"))
}

// match compares words with a form, in which words in capitals stand for
// anything, and one that ends in "..." for all the rest, perhaps nothing.
func match(form string, words []string) (map[string]string, bool) {
	args := map[string]string{}
	for _, want := range strings.Fields(form) {
		if name, rest := strings.CutSuffix(want, "..."); rest {
			args[name] = strings.Join(words, " ")
			return args, true
		}
		if len(words) == 0 {
			return nil, false
		}
		if want == strings.ToUpper(want) && want != strings.ToLower(want) {
			args[want] = words[0]
		} else if want != words[0] {
			return nil, false
		}
		words = words[1:]
	}
	return args, len(words) == 0
}

// split cuts text at blanks; what stands in double quotes stays together.
func split(text string) ([]string, error) {
	var out []string
	for i, part := range strings.Split(text, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	if strings.Count(text, `"`)%2 == 1 {
		return nil, fmt.Errorf("a quote is open at the end of %q", text)
	}
	return out, nil
}
