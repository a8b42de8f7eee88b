package config

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"dialtone/dialplan"
)

// Account is an extension that came out of a table.
type Account struct {
	Number    string
	Extension Extension
	Generated bool // the table had no password for it
}

// ReadAccounts reads a table of extensions: CSV with a line of headings, number
// and the keys of an extension, in any order. Commas, semicolons or tabs may
// divide it. Where there is no password, one is made up. The error is Errors with
// all that is wrong, warnings among it, or nil.
func ReadAccounts(name string, data []byte) ([]Account, Errors) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	t := &table{src: newSource(name, "", data), seen: map[string]int{}}
	if !utf8.Valid(data) {
		return nil, Errors{t.src.badText(data)}
	}
	t.csv = csv.NewReader(bytes.NewReader(data))
	t.csv.Comma, t.csv.FieldsPerRecord = divider(data), -1
	t.csv.TrimLeadingSpace = t.csv.Comma != '\t'
	if t.headings() {
		for t.row() {
		}
	}
	if len(t.accounts) == 0 && len(t.errs) == 0 {
		t.fail(1, 1, "the table has no extensions", "write one in each line below the headings")
	}
	return t.accounts, t.errs
}

// divider is what stands between the headings.
func divider(data []byte) rune {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	best, most := ',', 0
	for _, c := range ",;\t" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

type table struct {
	src      *source
	csv      *csv.Reader
	columns  []column
	accounts []Account
	seen     map[string]int // lines, by number
	errs     Errors
	failures int // among errs, not warnings
}

// full reports whether looking for more mistakes is a waste. Warnings do not count:
// with them, all rows are read.
func (t *table) full() bool { return t.failures >= maxErrors }

// column is what the values below a heading are; the zero column is wrong.
type column struct {
	field  *field // nil for the number itself
	number bool
}

func (t *table) fail(line, column int, reason, remedy string) {
	t.add(line, column, false, reason, remedy)
}

func (t *table) add(line, column int, warning bool, reason, remedy string) {
	if warning && len(t.errs)-t.failures >= maxErrors || t.full() {
		return // more of them help nobody
	}
	if !warning {
		t.failures++
	}
	e := &Error{File: t.src.name, Line: line, Column: column, Reason: reason, Remedy: remedy, Warning: warning}
	if !t.hasSecrets() || line == 1 {
		e.excerpt = excerpt(t.src.lines, line, column, 0)
	}
	t.errs = append(t.errs, e)
}

// hasSecrets reports whether lines must not be shown.
func (t *table) hasSecrets() bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.field != nil && c.field.name == "password" })
}

// next reads one record; false at the end.
func (t *table) next() ([]string, bool) {
	for {
		record, err := t.csv.Read()
		var wrong *csv.ParseError
		switch {
		case err == nil:
			return record, true
		case errors.Is(err, io.EOF) || t.full():
			return nil, false
		case errors.As(err, &wrong):
			t.fail(wrong.Line, t.characters(wrong.Line, wrong.Column), "this is not CSV: "+wrong.Err.Error(),
				`put values with quotes or dividers in quotes, and write a quote within them twice: "the ""boss"""`)
		default:
			t.fail(1, 1, err.Error(), "")
			return nil, false
		}
	}
}

// characters turns a column in bytes into one in characters.
func (t *table) characters(line, column int) int {
	if line < 1 || line > len(t.src.lines) {
		return column
	}
	text := t.src.lines[line-1]
	return utf8.RuneCountInString(text[:min(max(column-1, 0), len(text))]) + 1
}

func (t *table) place(i int) (line, column int) {
	line, column = t.csv.FieldPos(i)
	return line, t.characters(line, column)
}

// headings reads the first line, and reports whether rows can be read.
func (t *table) headings() bool {
	record, ok := t.next()
	if !ok {
		t.fail(1, 1, "the table is empty", "write the headings into the first line, such as number,name,password")
		return false
	}
	fields := fieldsOf(reflect.TypeFor[Extension]())
	names := []string{"number"}
	for _, f := range fields {
		names = append(names, f.name)
	}
	seen := map[string]bool{}
	for i, heading := range record {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading)), " ", "_")
		line, at := t.place(i)
		k := slices.Index(names, name)
		switch {
		case seen[name]:
			t.fail(line, at, "the heading "+quoted(name)+" is given twice", "keep one of the columns")
		case k < 0:
			remedy := "there are " + strings.Join(names, ", ")
			if near := dialplan.Nearest(name, names); near != "" {
				remedy = fmt.Sprintf("did you mean %q? ", near) + remedy
			}
			t.fail(line, at, "there is no key "+quoted(name)+" of extensions", remedy)
		}
		seen[name] = true
		c := column{number: k == 0}
		if k > 0 {
			c.field = &fields[k-1]
		}
		t.columns = append(t.columns, c)
	}
	if !seen["number"] {
		t.fail(1, 1, "there is no column number", "write the headings into the first line, such as number,name,password")
	}
	return seen["number"]
}

// row reads one extension; false at the end.
func (t *table) row() bool {
	record, ok := t.next()
	if !ok {
		return false
	}
	line, _ := t.place(0)
	if len(record) != len(t.columns) {
		t.fail(line, 1, fmt.Sprintf("there are %d values, but %d headings", len(record), len(t.columns)), "write a value for each heading, empty ones too; put values with dividers in quotes")
		return !t.full()
	}
	var a Account
	v := reflect.ValueOf(&a.Extension).Elem()
	password, before := -1, t.failures
	for i, c := range t.columns {
		text := strings.TrimSpace(record[i])
		line, at := t.place(i)
		switch {
		case c.number:
			a.Number = text
			t.number(text, line, at)
		case c.field != nil && text != "":
			if p := setCell(v.Field(c.field.index), text, c.field.tag); p.found() {
				t.fail(line, at, c.field.name+": "+p.reason, p.remedy)
			} else if c.field.name == "password" {
				password = i
			}
		}
	}
	if password >= 0 { // once the number is known, wherever it stands
		if weak := weakness(a.Extension.Password.Reveal(), a.Number); weak != "" {
			line, at := t.place(password)
			t.add(line, at, true, "password: the password is easy to guess: "+weak, "use 12 or more random letters and digits, or leave it empty to have one made up")
		}
	}
	if a.Extension.Password == "" {
		a.Extension.Password, a.Generated = newPassword(), true
	}
	if t.failures == before {
		t.accounts = append(t.accounts, a)
	}
	return !t.full()
}

func (t *table) number(text string, line, at int) {
	if _, p := checkExtension(text); p.found() {
		t.fail(line, at, "number: "+p.reason, p.remedy)
		return
	}
	if first := t.seen[text]; first > 0 {
		t.fail(line, at, fmt.Sprintf("number: %s is given twice, first in line %d", text, first), "keep one of them")
		return
	}
	t.seen[text] = line
}

// setCell puts the text of a cell into a field, by the rules of its tags.
func setCell(v reflect.Value, text string, tag reflect.StructTag) problem {
	if strings.ContainsFunc(text, isControl) {
		return problem{"a line break or control character in the value", "remove it"}
	}
	switch v.Kind() {
	case reflect.Slice:
		words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;", r) })
		v.Set(reflect.MakeSlice(v.Type(), len(words), len(words)))
		for i, word := range words {
			if p := setCell(v.Index(i), word, tag); p.found() {
				return p
			}
		}
	case reflect.Bool:
		yes := slices.Contains([]string{"true", "yes", "1", "x"}, strings.ToLower(text))
		if !yes && !slices.Contains([]string{"false", "no", "0"}, strings.ToLower(text)) {
			return problem{"expected true or false, found " + quoted(text), "write true or false"}
		}
		v.SetBool(yes)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return problem{"expected a number, found " + quoted(text), "write a whole number in digits"}
		}
		v.SetInt(int64(n))
		return ruleBounds(v, tag)
	default:
		if v.Type() == reflect.TypeFor[Secret]() && strings.HasPrefix(text, "file:") {
			return problem{`a password that begins with "file:" would be taken for a file`, "write the password itself"}
		}
		v.SetString(text)
		return (&validator{}).ruleText(v, tag)
	}
	return problem{}
}

// WriteAccounts is the YAML of accounts, with their passwords, below a comment.
func WriteAccounts(comment string, accounts []Account) []byte {
	var b strings.Builder
	b.WriteString("# " + comment + "\nextensions:\n")
	for _, a := range accounts {
		var parts []string
		v := reflect.ValueOf(a.Extension)
		for _, f := range fieldsOf(v.Type()) {
			x := v.Field(f.index)
			switch {
			case x.IsZero():
			case f.name == "password":
				parts = append(parts, "password: "+cell(a.Extension.Password.Reveal()))
			case x.Kind() == reflect.String:
				parts = append(parts, f.name+": "+cell(x.String()))
			default:
				parts = append(parts, f.name+": "+render(x))
			}
		}
		fmt.Fprintf(&b, "  %q: {%s}\n", a.Number, strings.Join(parts, ", "))
	}
	return []byte(b.String())
}

// cell is a text as it must stand in a mapping in one line.
func cell(s string) string {
	s = literal(s)
	text := yamlText(s)
	if text == s && (strings.ContainsAny(s, ",[]{}#:&*!|>'\"%@`") || strings.HasPrefix(s, "- ")) {
		return strconv.Quote(s)
	}
	return cmp.Or(text, `""`)
}
