package main

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// textHandler writes events for people: a line each, and below it what has
// lines of its own, such as a SIP message.
type textHandler struct {
	level  slog.Leveler
	clock  bool // the time is worth a column
	before string
	prefix string // of groups, "a.b."

	mu  *sync.Mutex // guards out
	out io.Writer
}

// Enabled implements slog.Handler.
func (h *textHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

// Handle implements slog.Handler.
func (h *textHandler) Handle(_ context.Context, r slog.Record) error {
	var line, below strings.Builder
	if h.clock && !r.Time.IsZero() {
		line.WriteString(r.Time.Format("2006-01-02 15:04:05.000 "))
	}
	line.WriteString((r.Level.String() + "     ")[:6])
	line.WriteString(onOneLine(r.Message))
	line.WriteString(h.before)
	r.Attrs(func(a slog.Attr) bool {
		addAttr(&line, &below, h.prefix, a)
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.out, line.String()+"\n"+below.String())
	return err
}

// WithAttrs implements slog.Handler.
func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var line strings.Builder
	for _, a := range attrs {
		addAttr(&line, nil, h.prefix, a)
	}
	with := *h
	with.before += line.String()
	return &with
}

// WithGroup implements slog.Handler.
func (h *textHandler) WithGroup(name string) slog.Handler {
	with := *h
	if name != "" {
		with.prefix += name + "."
	}
	return &with
}

// addAttr adds " key=value" to the line, or to what stands below it when the
// value has lines. A nil below has no room for such.
func addAttr(line, below *strings.Builder, prefix string, a slog.Attr) {
	value := a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
		return
	case value.Kind() == slog.KindGroup:
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, member := range value.Group() {
			addAttr(line, below, prefix, member)
		}
		return
	}
	text := value.String()
	if value.Kind() == slog.KindTime {
		text = value.Time().Format(time.RFC3339)
	}
	if below != nil && strings.Contains(text, "\n") {
		addLines(below, text)
		return
	}
	line.WriteString(" " + prefix + a.Key + "=" + quoted(text))
}

// addLines indents every line, so that nothing in a message that somebody sent
// can look like an event.
func addLines(below *strings.Builder, text string) {
	for part := range strings.Lines(text) {
		below.WriteString("    " + onOneLine(strings.TrimRight(part, "\r\n")) + "\n")
	}
}

// quoted puts text in quotes where it would not read as one word.
func quoted(text string) string {
	odd := func(r rune) bool { return r == ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) }
	if text == "" || strings.ContainsFunc(text, odd) {
		return strconv.Quote(text)
	}
	return text
}

// onOneLine escapes what would disturb a terminal.
func onOneLine(text string) string {
	if !slices.ContainsFunc([]rune(text), func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' }) {
		return text
	}
	quote := strconv.Quote(text)
	return strings.ReplaceAll(quote[1:len(quote)-1], `\"`, `"`)
}
