package main

import (
	"fmt"
	"strings"
)

const (
	diffContext = 3
	diffCells   = 16 << 20 // of the table of common lines; beyond it all is shown as changed
)

// edit is a line that stays (' '), goes ('-') or comes ('+').
type edit struct {
	kind byte
	text string
}

// lineDiff shows how a turns into b, as diff -u does; "" when they are the same.
func lineDiff(name, a, b string) string {
	if a == b {
		return ""
	}
	edits := editsOf(splitLines(a), splitLines(b))
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s (tidy)\n", name, name)
	for from := 0; from < len(edits); {
		for from < len(edits) && edits[from].kind == ' ' {
			from++
		}
		if from == len(edits) {
			break
		}
		to, same := from, 0 // behind the last change of this hunk
		for i := from; i < len(edits) && same <= 2*diffContext; i++ {
			if same++; edits[i].kind != ' ' {
				to, same = i+1, 0
			}
		}
		writeHunk(&out, edits, max(from-diffContext, 0), min(to+diffContext, len(edits)))
		from = to
	}
	return out.String()
}

func writeHunk(out *strings.Builder, edits []edit, from, to int) {
	count := func(list []edit, not byte) int {
		n := 0
		for _, e := range list {
			if e.kind != not {
				n++
			}
		}
		return n
	}
	head, body := edits[:from], edits[from:to]
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", count(head, '+')+1, count(body, '+'), count(head, '-')+1, count(body, '-'))
	for _, e := range body {
		fmt.Fprintf(out, "%c%s\n", e.kind, e.text)
	}
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// editsOf finds the longest common lines.
func editsOf(a, b []string) []edit {
	var head, tail []edit
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head = append(head, edit{' ', a[0]})
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, edit{' ', a[len(a)-1]})
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	out := append(head, editsWithin(a, b)...)
	for i := len(tail) - 1; i >= 0; i-- {
		out = append(out, tail[i])
	}
	return out
}

// commonLines counts the lines that a[i:] and b[k:] have in common, at
// i*(len(b)+1)+k; nil when that is too much work.
func commonLines(a, b []string) []int32 {
	width := len(b) + 1
	if len(a)*width > diffCells {
		return nil
	}
	common := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for k := len(b) - 1; k >= 0; k-- {
			if at := i*width + k; a[i] == b[k] {
				common[at] = common[at+width+1] + 1
			} else {
				common[at] = max(common[at+width], common[at+1])
			}
		}
	}
	return common
}

// editsWithin are those between the first and the last line that differ.
func editsWithin(a, b []string) (out []edit) {
	common, width := commonLines(a, b), len(b)+1
	for i, k := 0, 0; i < len(a) || k < len(b); {
		switch {
		case common != nil && i < len(a) && k < len(b) && a[i] == b[k]:
			out = append(out, edit{' ', a[i]})
			i, k = i+1, k+1
		case k == len(b) || i < len(a) && (common == nil || common[(i+1)*width+k] >= common[i*width+k+1]):
			out = append(out, edit{'-', a[i]})
			i++
		default:
			out = append(out, edit{'+', b[k]})
			k++
		}
	}
	return out
}
