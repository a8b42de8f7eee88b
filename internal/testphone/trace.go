package testphone

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// trace keeps what a phone sent and received.
type trace struct {
	mu    sync.Mutex
	begin time.Time
	lines []string // one per message
	texts []string // the last whole ones
}

const keptTexts = 6

func (t *trace) add(arrow, peer, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := time.Since(t.begin).Seconds()
	t.lines = append(t.lines, fmt.Sprintf("%8.3f %s %s", at, arrow, summary(text)))
	t.texts = append(t.texts, fmt.Sprintf("%8.3f %s %s\n%s", at, arrow, peer, indent(text)))
	if len(t.texts) > keptTexts {
		t.texts = t.texts[1:]
	}
}

// note adds a remark between the messages.
func (t *trace) note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, fmt.Sprintf("%8.3f   (%s)", time.Since(t.begin).Seconds(), fmt.Sprintf(format, args...)))
}

func (t *trace) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return "  no message was sent or received\n"
	}
	return strings.Join(t.lines, "\n") + "\nthe last of them in full:\n" + strings.Join(t.texts, "\n")
}

// summary is the start line of a message with what tells it from others.
func summary(text string) string {
	first, rest, _ := strings.Cut(text, "\r\n")
	var cseq, reason, id, media string
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		switch {
		case strings.EqualFold(name, "CSeq"):
			cseq = " cseq" + value
		case strings.EqualFold(name, "Reason"):
			reason = " reason" + value
		case strings.EqualFold(name, "Call-ID"):
			id = " id " + strings.TrimSpace(value)[:min(8, len(strings.TrimSpace(value)))]
		case strings.HasPrefix(line, "m=audio"):
			media += " " + line
		case line == "a=sendonly", line == "a=recvonly", line == "a=inactive":
			media += " " + line
		}
	}
	return strings.TrimSuffix(first, " SIP/2.0") + cseq + id + reason + media
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n", "\n    ")
}
