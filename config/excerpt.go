package config

import (
	"regexp"
	"strings"
)

// Position is a place in a file.
type Position struct {
	File         string
	Line, Column int // from 1; the column counts characters
}

// secretName is in the names of keys that hold secrets, here or elsewhere, also
// where they are mistyped.
const secretName = `(?i)(?:pass|pas+w|pwd|secret|bearer|token|credential)`

var (
	secretKey     = regexp.MustCompile(secretName + `[\w-]*["']?\s*:\s*`)
	secretStarted = regexp.MustCompile(secretName + `[\w-]*["']?\s*:\s*[|>]?[+-]?\s*$`)
)

const excerptWidth = 120

// excerpt shows line (from 1) of lines with a caret under column. What stands
// behind a key that holds a secret is masked to the end of the line, all of the line
// when the key is on the line above it, and all from column hide (from 1; 0 for none)
// on.
func excerpt(lines []string, line, column, hide int) string {
	if line < 1 || line > len(lines) || column < 1 {
		return ""
	}
	text := []rune(lines[line-1])
	if line > 1 && secretStarted.MatchString(lines[line-2]) {
		hide = 1
	}
	if m := secretKey.FindStringIndex(string(text)); m != nil {
		if at := len([]rune(string(text)[:m[1]])) + 1; hide == 0 || at < hide {
			hide = at
		}
	}
	end := len(text)
	if hide > 0 {
		end = min(end, hide-1)
	}
	return underline(text[:end], end < len(text), column-1)
}

// underline gives the two lines of an excerpt: what is shown of a line, stars
// when more follows that is not, and the caret.
func underline(shown []rune, more bool, caret int) string {
	caret = min(caret, len(shown))
	if more {
		shown = append(append([]rune{}, shown...), []rune(masked)...)
	}
	if start := caret - excerptWidth/2; len(shown) > excerptWidth && start > 0 {
		shown, caret = shown[start:], caret-start
	}
	shown = shown[:min(len(shown), excerptWidth)]
	var b strings.Builder
	b.WriteString("    ")
	for _, r := range shown {
		b.WriteRune(printable(r))
	}
	b.WriteString("\n    " + strings.Repeat(" ", caret) + "^\n")
	return b.String()
}

// printable keeps one rune one column wide and harmless to a terminal.
func printable(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case isControl(r):
		return '?'
	}
	return r
}

// isControl reports what could break out of a SIP header, a log line or a
// terminal: C0, DEL, C1, and the separators and direction marks of Unicode.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
