package config

import (
	"reflect"
	"slices"
	"strings"
)

// sectionOrder is that of the sections in a tidy file, as in the reference: what the
// exchange is, its lines to the outside, its people, where calls go.
func sectionOrder() []string {
	var order []string
	for _, f := range fieldsOf(reflect.TypeFor[Config]()) {
		order = append(order, f.name)
	}
	return order
}

// section are the lines of one key at the left, with the comments above it.
type section struct {
	key   string
	lines []laidLine
}

// arrange gives the text of lines, with the sections in their order if they are to
// be sorted.
func arrange(lines []laidLine, sorted bool) string {
	head, sections, foot := sectionsOf(lines)
	if sorted && len(sections) > 1 {
		first := sections[0]
		order := sectionOrder()
		rank := func(s section) int {
			if i := slices.Index(order, s.key); i >= 0 {
				return i
			}
			return len(order)
		}
		slices.SortStableFunc(sections, func(a, b section) int { return rank(a) - rank(b) })
		if sections[0].key != first.key {
			head = detach(head, sections, first)
		}
	}
	all := slices.Clone(head)
	for _, s := range sections {
		all = append(all, s.lines...)
	}
	return textOf(append(all, foot...))
}

// detach leaves the comment of what was the first section at the top of the file,
// which it is about, and keeps a blank line between the sections.
func detach(head []laidLine, sections []section, first section) []laidLine {
	i := slices.IndexFunc(sections, func(s section) bool { return s.key == first.key })
	s := &sections[i]
	spaced := slices.ContainsFunc(sections, func(o section) bool { return o.key != first.key && o.lines[0].text == "" })
	if n := slices.IndexFunc(s.lines, func(l laidLine) bool { return l.key != "" }); n > 0 && len(head) == 0 {
		head = append(head, s.lines[:n]...)
		s.lines = s.lines[n:]
		spaced = true
	}
	if spaced {
		s.lines = append([]laidLine{{}}, s.lines...)
	}
	if len(head) > 0 {
		head = append(head, laidLine{})
	}
	return head
}

// sectionsOf divides lines: what stands before the first section, the sections,
// and the comments after the last.
func sectionsOf(lines []laidLine) (head []laidLine, sections []section, foot []laidLine) {
	start := 0 // of the lines that belong to the next key
	for i, l := range lines {
		switch {
		case l.key != "":
			from := start
			if len(sections) == 0 {
				from = i // what is directly above the first key belongs to it
				for from > 0 && lines[from-1].text != "" && strings.HasPrefix(lines[from-1].text, "#") {
					from--
				}
				head = lines[:from]
			}
			sections = append(sections, section{key: l.key, lines: slices.Clone(lines[from : i+1])})
			start = i + 1
		case len(sections) > 0 && (l.raw || l.text != "" && l.text[0] != '#'):
			last := &sections[len(sections)-1]
			last.lines = append(last.lines, lines[start:i+1]...)
			start = i + 1
		}
	}
	if len(sections) == 0 {
		return lines, nil, nil
	}
	return slices.Clone(head), sections, lines[start:]
}

// textOf joins lines, with at most one blank line in a row and none at the ends.
func textOf(lines []laidLine) string {
	var b strings.Builder
	blank := false
	for _, l := range lines {
		if l.text == "" && !l.raw {
			blank = true
			continue
		}
		if blank && b.Len() > 0 {
			b.WriteByte('\n')
		}
		blank = false
		b.WriteString(l.text + "\n")
	}
	return b.String()
}
