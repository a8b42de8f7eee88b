package main

import (
	"io"
	"log/slog"
	"sync"
	"syscall"
)

// newLog writes events to w, as text or JSON. The journal of systemd has its
// own clock, so that events going there need no time.
func newLog(w io.Writer, format string, level slog.Leveler, journal bool) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: readable}))
	}
	return slog.New(&textHandler{level: level, clock: !journal, mu: new(sync.Mutex), out: w})
}

// readable writes durations with their unit; JSON would have bare nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

const (
	filesPerCall = 4   // RTP and RTCP towards both parties
	filesSpare   = 200 // phones on TCP, the store, logs
)

// warnFileLimit says when the system allows fewer sockets than the calls that
// are allowed need. Go raises the soft limit to the hard one when a program
// starts, so what is seen here is the hard one.
func warnFileLimit(log *slog.Logger, calls int) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		log.Warn("the limit of open files is not known", "error", err)
		return
	}
	need := uint64(calls*filesPerCall + filesSpare)
	if limit.Cur < need {
		log.Warn("the limit of open files is too low for calls.max: raise it (ulimit -n, LimitNOFILE= of systemd)",
			"limit", limit.Cur, "needed", need)
	}
}
