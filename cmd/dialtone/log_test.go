package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"
)

func TestLogForPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands still
		for _, c := range []struct {
			write func(*slog.Logger)
			want  string
		}{
			{func(l *slog.Logger) { l.Info("call answered", "call", "7f", "to", 101) }, "INFO  call answered call=7f to=101\n"},
			{func(l *slog.Logger) { l.Warn("odd", "agent", `a "b" c`, "none", "", "for", time.Minute) }, "WARN  odd agent=\"a \\\"b\\\" c\" none=\"\" for=1m0s\n"},
			{func(l *slog.Logger) { l.With("leg", "a").WithGroup("sip").Error("bad", "error", errors.New("gone")) }, "ERROR bad leg=a sip.error=gone\n"},
			{func(l *slog.Logger) {
				l.Info("sip", "message", "BYE sip:1 SIP/2.0\r\nX: \x1b[2J\"\r\n\r\n", "way", "in")
			}, "INFO  sip way=in\n    BYE sip:1 SIP/2.0\n    X: \\x1b[2J\"\n    \n"},
			{func(l *slog.Logger) { l.Info("two\nlines") }, "INFO  two\\nlines\n"},
			{func(l *slog.Logger) { l.Debug("not asked for") }, ""},
		} {
			var journal, file bytes.Buffer
			c.write(newLog(&journal, "text", slog.LevelInfo, true))
			c.write(newLog(&file, "text", slog.LevelInfo, false))
			if journal.String() != c.want {
				t.Errorf("wrote\n%swant\n%s", &journal, c.want)
			}
			if want := time.Now().Format("2006-01-02 15:04:05.000 ") + c.want; c.want != "" && file.String() != want {
				t.Errorf("wrote\n%swant\n%s", &file, want)
			}
		}
	})
}

func TestLogForPrograms(t *testing.T) {
	var out bytes.Buffer
	newLog(&out, "json", slog.LevelInfo, true).Info("call answered", "call", "7f", "after", 1500*time.Millisecond)
	if !strings.HasPrefix(out.String(), `{"time":"`) || !strings.Contains(out.String(), `"call":"7f","after":"1.5s"`) {
		t.Errorf("wrote %s", &out)
	}
}

// The handler keeps what log/slog asks of handlers.
func TestLogHandler(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return newLog(&out, "text", slog.LevelInfo, false).Handler()
	}, func(t *testing.T) map[string]any {
		t.Helper()
		return parseLine(t, out.String())
	})
}

// parseLine reads an event back.
func parseLine(t *testing.T, line string) map[string]any {
	t.Helper()
	event := map[string]any{}
	for i, word := range strings.Fields(line) {
		name, value, pair := strings.Cut(word, "=")
		switch {
		case i == 0 && strings.Count(word, "-") == 2:
			event[slog.TimeKey] = word
		case word == "INFO":
			event[slog.LevelKey] = word
		case pair:
			path := strings.Split(name, ".")
			in := event
			for _, group := range path[:len(path)-1] {
				if in[group] == nil {
					in[group] = map[string]any{}
				}
				in = in[group].(map[string]any)
			}
			in[path[len(path)-1]] = value
		case !strings.Contains(word, ":"):
			event[slog.MessageKey] = word
		}
	}
	return event
}
