package config

import "strings"

// laidLine is a line that was indented anew.
type laidLine struct {
	text string
	key  string // of a section that begins here, "" when none does
	raw  bool   // part of a text over several lines: nothing is taken away
}

// indentStep is how far each level stands in from the one around it.
const indentStep = 2

// indentLevel is a mapping or list that is open: where it stood and where it
// stands now.
type indentLevel struct {
	list     bool
	old, now int
}

// layout indents lines one after the other. It knows as much of YAML as it takes
// to see where keys, items and texts over several lines begin.
type layout struct {
	in       []string
	out      []laidLine
	levels   []indentLevel
	comments []int // indexes into out that wait for the line below them
}

// layOut indents all lines.
func layOut(lines []string) []laidLine {
	l := &layout{in: lines}
	for i := 0; i < len(lines); {
		i = l.line(i)
	}
	l.place(nil)
	return l.out
}

func indentOf(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// line lays out the line i, with those that belong to it, and gives the next.
func (l *layout) line(i int) int {
	text := strings.TrimRight(l.in[i], " \t")
	body := strings.TrimLeft(text, " ")
	switch {
	case strings.TrimSpace(body) == "":
		l.out = append(l.out, laidLine{})
		return i + 1
	case body[0] == '#':
		l.comments = append(l.comments, len(l.out))
		l.out = append(l.out, laidLine{text: text})
		return i + 1
	case text == body && (strings.HasPrefix(text, "---") || text == "..." || text[0] == '%'):
		l.place(nil)
		l.levels = nil
		l.out = append(l.out, laidLine{text: text})
		return i + 1
	}
	return l.structure(i, len(text)-len(body), body)
}

// structure lays out a line with items, a key or a value.
func (l *layout) structure(i, column int, body string) int {
	before := l.levels
	var first *indentLevel
	holder := indentLevel{old: -1, now: -indentStep}
	note := func(level indentLevel) {
		if holder = level; first == nil {
			first = &level
		}
	}
	if n := len(l.levels); n > 0 {
		holder = l.around(column)
	}
	var b strings.Builder
	for isItem(body) {
		note(l.enter(true, column))
		rest := strings.TrimLeft(body[1:], " \t")
		column += len(body) - len(rest)
		if body = rest; body == "" || body[0] == '#' {
			b.WriteString("-" + spaced(body))
			break
		}
		b.WriteString("- ")
	}
	key, value := keyOf(body)
	if key != "" {
		note(l.enter(false, column))
	}
	now := holder.now + indentStep // a value that stands alone
	if first != nil {
		now = first.now
	}
	l.placeBelow(before, column, first, now)
	line := laidLine{text: strings.Repeat(" ", now) + b.String() + body}
	if len(l.levels) == 1 && key != "" && first != nil && !first.list {
		line.key = strings.Trim(key, `"'`)
	}
	l.out = append(l.out, line)
	if isItem(body) || body == "" {
		return i + 1
	}
	return l.rest(i, holder, value, now-indentOf(l.in[i]))
}

// spaced is a comment behind something, "" for none.
func spaced(comment string) string {
	if comment == "" {
		return ""
	}
	return " "
}

// isItem reports whether a list's item begins here.
func isItem(s string) bool {
	return s == "-" || strings.HasPrefix(s, "- ") || strings.HasPrefix(s, "-\t")
}

// around is the level that a value at column stands in.
func (l *layout) around(column int) indentLevel {
	for i := len(l.levels) - 1; i >= 0; i-- {
		if l.levels[i].old < column {
			return l.levels[i]
		}
	}
	return indentLevel{old: -1, now: -indentStep}
}

// enter gives the level of a key or item at column; those further in are over.
func (l *layout) enter(list bool, column int) indentLevel {
	n := len(l.levels)
	for n > 0 && (l.levels[n-1].old > column || l.levels[n-1].old == column && l.levels[n-1].list && !list) {
		n--
	}
	l.levels = append([]indentLevel(nil), l.levels[:n]...)
	if n > 0 && l.levels[n-1].old == column && l.levels[n-1].list == list {
		return l.levels[n-1]
	}
	level := indentLevel{list: list, old: column}
	if n > 0 {
		level.now = l.levels[n-1].now + indentStep
	}
	l.levels = append(l.levels, level)
	return level
}

// placeBelow indents the comments that wait, when the line below them is known.
func (l *layout) placeBelow(before []indentLevel, column int, first *indentLevel, now int) {
	next := indentLevel{old: column, now: now}
	if first != nil {
		next = *first
	}
	after := l.levels
	l.levels = before
	l.place(&next)
	l.levels = after
}

// place indents the comments that wait: as the line below when they stand as far
// in as it does, else as the level that they belong to.
func (l *layout) place(next *indentLevel) {
	for _, i := range l.comments {
		body := strings.TrimLeft(l.out[i].text, " ")
		column := len(l.out[i].text) - len(body)
		now := 0
		switch {
		case next != nil && next.old == column:
			now = next.now
		default:
			for _, level := range l.levels {
				if level.old == column {
					now = level.now
				} else if level.old < column { // an example that is switched off
					now = level.now + column - level.old
				}
			}
		}
		l.out[i].text = strings.Repeat(" ", now) + body
	}
	l.comments = nil
}

// rest lays out the further lines of a value that begins in line i: they move with
// it.
func (l *layout) rest(i int, holder indentLevel, value string, by int) int {
	for value != "" && (value[0] == '&' || value[0] == '!') {
		_, value, _ = strings.Cut(value, " ")
		value = strings.TrimLeft(value, " ")
	}
	if value == "" || value[0] == '#' {
		return i + 1
	}
	end := i + 1
	switch value[0] {
	case '|', '>':
		return l.block(i, holder, by, strings.Contains(strings.SplitN(value, "#", 2)[0], "+"))
	case '[', '{', '"', '\'':
		end = closing(l.in, i, len(strings.TrimRight(l.in[i], " \t"))-len(value)) + 1
	default:
		for n := end; n < len(l.in); n++ {
			text := strings.TrimSpace(l.in[n])
			if text != "" && (indentOf(l.in[n]) <= holder.old || text[0] == '#') {
				break
			}
			if text != "" {
				end = n + 1
			}
		}
	}
	if end > i+1 { // the line ends within the value
		last := &l.out[len(l.out)-1]
		last.text = strings.TrimRight(last.text, " \t")
	}
	for n := i + 1; n < min(end, len(l.in)); n++ {
		l.out = append(l.out, laidLine{text: moved(l.in[n], by), raw: true})
	}
	return max(end, i+1)
}

// block lays out the lines of a text in block style.
func (l *layout) block(i int, holder indentLevel, by int, keep bool) int {
	end, n := i+1, i+1
	for ; n < len(l.in); n++ {
		if strings.TrimSpace(l.in[n]) == "" {
			continue
		}
		if indentOf(l.in[n]) <= holder.old {
			break
		}
		end = n + 1
	}
	if keep {
		end = n
	}
	for n := i + 1; n < end; n++ {
		l.out = append(l.out, laidLine{text: moved(l.in[n], by), raw: true})
	}
	return end
}

// moved indents a line by more or less than it was.
func moved(line string, by int) string {
	if line == "" || by == 0 {
		return line
	}
	if by > 0 {
		return strings.Repeat(" ", by) + line
	}
	return line[min(-by, indentOf(line)):]
}

// keyOf gives the key that a text begins with, and its value; no key when it is
// none.
func keyOf(s string) (key, value string) {
	rest := behindMarks(s)
	if rest == "" || strings.IndexByte("[{#", rest[0]) >= 0 {
		return "", s
	}
	from := 0
	if rest[0] == '"' || rest[0] == '\'' {
		from = quoteEnd(rest)
		if closing([]string{rest}, 0, 0) > 0 || !strings.HasPrefix(strings.TrimLeft(rest[from:], " "), ":") {
			return "", s
		}
	}
	for i := from; i < len(rest); i++ {
		switch {
		case rest[i] == '#' && i > 0 && isBlank(rest[i-1]):
			return "", s
		case rest[i] == ':' && (i+1 == len(rest) || isBlank(rest[i+1])):
			return strings.TrimSpace(rest[:i]), strings.TrimLeft(rest[i+1:], " \t")
		}
	}
	return "", s
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// behindMarks is what follows the anchors and tags that a text begins with; "" when
// nothing does.
func behindMarks(s string) string {
	for s != "" && (s[0] == '&' || s[0] == '!') {
		_, after, _ := strings.Cut(s, " ")
		s = strings.TrimLeft(after, " ")
	}
	return s
}

// quoteEnd is the index behind the quoted text that s begins with; len(s) when it
// does not end here.
func quoteEnd(s string) int {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote == '"':
			i++
		case s[i] == quote && quote == '\'' && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return len(s)
}

// closing is the line in which the quotes or brackets close that open in line i at
// column; len(lines) when they do not.
func closing(lines []string, i, column int) int {
	var open nesting
	for ; i < len(lines); i, column = i+1, 0 {
		for k := column; k < len(lines[i]); k++ {
			if k = open.read(lines[i], k); open.closed() {
				return i
			}
		}
	}
	return len(lines)
}

// nesting is what is open at a place.
type nesting struct {
	depth int  // of brackets
	quote byte // 0 for none
}

func (n *nesting) closed() bool { return n.quote == 0 && n.depth <= 0 }

// read takes the character s[k], and gives the index of the last one that belongs to
// it.
func (n *nesting) read(s string, k int) int {
	c := s[k]
	switch {
	case n.quote != 0:
		return n.quoted(s, k)
	case (c == '"' || c == '\'') && (n.depth == 0 || k == 0 || strings.IndexByte(" \t[{,:", s[k-1]) >= 0):
		n.quote = c
	case c == '[' || c == '{':
		n.depth++
	case c == ']' || c == '}':
		n.depth--
	case c == '#' && (k == 0 || isBlank(s[k-1])):
		return len(s)
	}
	return k
}

// quoted is read within quotes.
func (n *nesting) quoted(s string, k int) int {
	switch c := s[k]; {
	case n.quote == '"' && c == '\\':
		return k + 1
	case n.quote == '\'' && c == '\'' && k+1 < len(s) && s[k+1] == '\'':
		return k + 1
	case c == n.quote:
		n.quote = 0
	}
	return k
}
