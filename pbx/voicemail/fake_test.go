package voicemail

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/record"
	"dialtone/storage"
	"dialtone/storage/memory"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		depositUntilKilled(dir, os.Stdout)
		return
	}
	goleak.VerifyTestMain(m)
}

// line is a caller who presses keys and speaks; it notes what it hears.
type line struct {
	facts   dialplan.Facts
	keys    []string      // that it presses, one for each question or recording; "" is none
	talks   time.Duration // in a recording
	heard   []string
	guesses guesses
	why     record.Why // its recordings end
	wide    bool
	joined  Line
	meet    func() // called while it records
	said    func() // called once, when it speaks
	leaves  bool   // while it hears something
}

var errHungUp = errors.New("hung up")

func (l *line) Facts() dialplan.Facts     { return l.facts }
func (l *line) Guesses() dialplan.Guesses { return &l.guesses }

func (l *line) Rate() int {
	if l.wide {
		return record.Wideband
	}
	return record.Rate
}

// Join is a conversation that the caller ends.
func (l *line) Join(_ context.Context, other Line) error {
	l.joined = other
	return errHungUp
}

func (l *line) hear(parts []Part) {
	for _, p := range parts {
		if p.File != "" {
			l.heard = append(l.heard, "<"+p.Name+">")
			continue
		}
		l.heard = append(l.heard, strings.Join(p.Words, " "))
	}
}

// next is what it presses now; it hangs up when it has no more to press.
func (l *line) next() (string, error) {
	if len(l.keys) == 0 {
		return "", errHungUp
	}
	k := l.keys[0]
	l.keys = l.keys[1:]
	return k, nil
}

// Say is interrupted by a key with an exclamation mark, which only stops what is played.
func (l *line) Say(_ context.Context, _ string, parts []Part, until string) (string, error) {
	l.hear(parts)
	if l.leaves && len(parts) > 0 {
		return "", errHungUp
	}
	if len(l.keys) > 0 && strings.HasPrefix(l.keys[0], "!") && strings.Contains(until, l.keys[0][1:]) && until != "" {
		k, err := l.next()
		return k[1:], err
	}
	return "", nil
}

func (l *line) Ask(_ context.Context, q Asking) (dialplan.Gathered, error) {
	l.hear(q.Parts)
	k, err := l.next()
	return dialplan.Gathered{Keys: k, TimedOut: k == ""}, err
}

func (l *line) Record(ctx context.Context, r Recording) (Recorded, error) {
	if l.said != nil {
		l.said()
		l.said = nil
	}
	var out Recorded
	err := r.To.Write(toneAt(cmp.Or(r.Rate, record.Rate), l.talks))
	out.Length, out.Speech, out.Err, out.Why = l.talks, l.talks, err, record.Stopped
	if l.meet != nil {
		l.meet()
		<-ctx.Done()
		return out, context.Cause(ctx)
	}
	if l.why != "" {
		out.Why = l.why
		return out, nil
	}
	out.Key, err = l.next()
	return out, err
}

type guesses struct {
	wrong int
	by    []string
}

func (g *guesses) Locked(dialplan.Guesser) bool { return g.wrong >= 6 }
func (g *guesses) Wrong(by dialplan.Guesser)    { g.wrong++; g.by = append(g.by, by.Caller) }
func (g *guesses) Right(dialplan.Guesser)       {}

func tone(d time.Duration) []int16 { return toneAt(record.Rate, d) }

func toneAt(rate int, d time.Duration) []int16 {
	pcm := make([]int16, int(d.Seconds()*float64(rate)))
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
	}
	return pcm
}

// house is a Service with mailboxes 101 to 103.
type house struct {
	*Service
	cfg   config.Config
	store storage.Store
	dir   string
	log   strings.Builder
	free  uint64 // bytes of the disk

	mu   sync.Mutex
	told []string
}

func open(t *testing.T, store storage.Store, dir string) *house {
	t.Helper()
	h := &house{cfg: config.Default(), store: store, dir: dir, free: 1e12}
	h.cfg.Extensions, h.cfg.Voicemail.Enabled = map[string]config.Extension{}, true
	for _, e := range []string{"101", "102", "103"} {
		h.cfg.Extensions[e] = config.Extension{Voicemail: config.Mailbox{}}
	}
	h.cfg.Site.Timezone = "Europe/Berlin"
	var err error
	h.Service, err = Open(Options{
		Store: store, Config: func() *config.Config { return &h.cfg }, Data: dir, Log: slog.New(slog.NewTextHandler(&h.log, nil)),
		Free: func(string) (uint64, error) { return h.free, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Watch(func(box string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, box)
	})
	return h
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return open(t, memory.New(), t.TempDir())
}

func (h *house) leave(t *testing.T, box string, l *line) dialplan.Deposited {
	t.Helper()
	if l.facts.From == "" {
		l.facts.From = "+4930123456"
	}
	d, err := h.Deposit(t.Context(), l, dialplan.Depositing{Mailbox: box, Greeting: "busy", Called: box})
	if err != nil && !errors.Is(err, errHungUp) {
		t.Fatal(err)
	}
	return d
}

// visitBy lets the owner press keys.
func (h *house) visitBy(t *testing.T, from string, v dialplan.Visiting, keys ...string) (*line, dialplan.Visited) {
	t.Helper()
	l := &line{facts: dialplan.Facts{Extension: from, From: from}, keys: keys, talks: 2 * time.Second}
	out, err := h.Visit(t.Context(), l, v)
	if err != nil && !errors.Is(err, errHungUp) {
		t.Fatal(err)
	}
	return l, out
}

func (h *house) messages(t *testing.T, box string) []storage.Message {
	t.Helper()
	list, err := h.Messages(box)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// files are those in the folder of messages.
func (h *house) audio(t *testing.T) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(h.folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}
