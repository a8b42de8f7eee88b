package sipedge

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
)

// SetTrace turns the logging of every message on or off. Passwords' digests, media
// keys and what callers press are masked.
func (e *Edge) SetTrace(on bool) { e.trace.Store(on) }

// traceMessage logs one message as it was on the wire, apart from secrets.
func (e *Edge) traceMessage(direction string, f Flow, b []byte) {
	if !e.trace.Load() {
		return
	}
	e.log.Info("sip", slog.String("direction", direction), slog.String("flow", f.String()),
		slog.String("call_id", callIDOf(b)), slog.String("message", mask(b)))
}

var (
	digestResponse = regexp.MustCompile(`(?i)(\bresponse[ \t]*=[ \t]*)("[^"\r\n]*"?|[^",\s]+)`)
	cryptoKey      = regexp.MustCompile(`(?i)(inline:)[^|\s]+`)
	pressedKeys    = regexp.MustCompile(`(?is)^(.*\n(?:content-type|c)[ \t]*:[ \t]*application/dtmf.*?\r?\n\r?\n).*$`)
	digestCnonce   = regexp.MustCompile(`(?i)(\bcnonce[ \t]*=[ \t]*)("[^"\r\n]*"?|[^",\s]+)`)
)

// mask hides what would let a reader guess a password (the digest) or hear the
// audio (the SDES key, RFC 4568), and the keys of an INFO, which may be a PIN.
func mask(b []byte) string {
	text := string(b)
	if strings.Contains(strings.ToLower(text), "authorization") {
		text = digestResponse.ReplaceAllString(text, `$1"***"`)
		text = digestCnonce.ReplaceAllString(text, `$1"***"`)
	}
	text = pressedKeys.ReplaceAllString(text, `${1}***`)
	return cryptoKey.ReplaceAllString(text, `${1}***`)
}

// callIDOf finds the Call-ID without parsing the message.
func callIDOf(b []byte) string {
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if k, _ := headerKind(string(bytes.TrimRight(name, " \t"))); k == kindCallID {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}
