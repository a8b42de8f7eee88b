package peers

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

var kills = flag.Int("kills", 8, "how often TestKillVoicemail kills the server")

// toBeKilled takes messages at once, for four mailboxes whose mail has a server now and
// then.
const toBeKilled = `registrar:
  qualify: 0
media:
  codecs: [G722, PCMU]
voicemail: {enabled: true, minimum: 200ms, max_messages: 10000}
mail: {server: %q, tls: "off", from: pbx@example.net}
extensions:
  "105": {password: phone-105-key, voicemail: {email: "105@example.net"}}
  "106": {password: phone-106-key, voicemail: {email: "106@example.net"}}
  "107": {password: phone-107-key, voicemail: {email: "107@example.net"}}
  "108": {password: phone-108-key, voicemail: {email: "108@example.net"}}
dialplan:
  phones:
    - {to: 205, do: [{voicemail: "105", greeting: none}]}
    - {to: 206, do: [{voicemail: "106", greeting: none}]}
    - {to: 207, do: [{voicemail: "107", greeting: none}]}
    - {to: 208, do: [{voicemail: "108", greeting: none}]}
`

// siege is a server that is killed again and again, and what it has acknowledged.
type siege struct {
	t      *testing.T
	server *callscript.Server
	office *postOffice

	mu       sync.Mutex
	begun    int
	sent     map[string]bool  // calls, by the name of the caller, that heard that their message was sent
	deleting map[string]bool  // messages, by their ID and by the name of their caller
	deleted  map[string]bool  // by ID
	mailed   map[string][]int // the rounds in which a message came by mail, by ID
}

// doomed is a test whose failures are those of a phone whose server was killed.
type doomed struct {
	mu    sync.Mutex
	after []func()
}

func (*doomed) Helper()               {}
func (*doomed) Fatalf(string, ...any) { runtime.Goexit() }
func (d *doomed) Cleanup(f func())    { d.mu.Lock(); defer d.mu.Unlock(); d.after = append(d.after, f) }

func (d *doomed) clean() {
	for _, f := range slices.Backward(d.after) {
		f()
	}
}

// leaves has a phone leave one message after the other, until ctx ends.
func (s *siege) leaves(ctx context.Context, n int) {
	for ctx.Err() == nil {
		var one sync.WaitGroup
		one.Go(func() { s.message(ctx, n) })
		one.Wait()
	}
}

func (s *siege) message(ctx context.Context, n int) {
	s.mu.Lock()
	s.begun++
	name := fmt.Sprint("caller ", s.begun)
	s.mu.Unlock()
	d := &doomed{}
	defer d.clean()
	extension := strconv.Itoa(100 + n)
	p := testphone.New(d, testphone.Options{
		Extension: extension, Name: name, Password: s.server.Password(extension), Codecs: []string{[]string{"PCMU", "G722"}[n%2]},
		Server: fmt.Sprintf("127.0.0.1:%d", s.server.Port("udp")),
	})
	c := p.Dial(ctx, strconv.Itoa(205+n))
	c.WaitAnswered(ctx)
	c.Speak(440)
	c.Hears(ctx, 1000)
	sleep(ctx, 500*time.Millisecond)
	if rand.IntN(4) == 0 {
		c.Hangup() // which sends it, too, but nobody says so
		return
	}
	c.SendDTMF("#")
	c.HearsSomething(ctx)
	c.SendDTMF("1")
	if end := c.WaitEnded(ctx); ctx.Err() == nil && end.Far {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent[name] = true
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// message is one as "dialtone ctl messages" shows it.
type message struct {
	ID       string
	Mailbox  string
	FromName string `json:"from_name"`
	File     string
	Length   time.Duration
	Heard    time.Time
	Mail     string
}

// deletes deletes a message now and then, until ctx ends.
func (s *siege) deletes(ctx context.Context) {
	for ; ctx.Err() == nil; sleep(ctx, 300*time.Millisecond) {
		box := strconv.Itoa(105 + rand.IntN(4))
		var list []message
		if s.server.Ctl(ctx, &list, "messages", box) != nil || len(list) < 3 {
			continue
		}
		m := list[rand.IntN(len(list))]
		if m.Mail == "waits" {
			continue
		}
		s.note(s.deleting, m.ID)
		s.note(s.deleting, m.FromName)
		if s.server.Ctl(ctx, nil, "messages", "delete", box, m.ID) == nil {
			s.note(s.deleted, m.ID)
		}
	}
}

func (s *siege) note(what map[string]bool, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what[id] = true
}

// collect takes what came by mail in a round.
func (s *siege) collect(round int) {
	s.t.Helper()
	for {
		select {
		case raw := <-s.office.took:
			m, err := mail.ReadMessage(bytes.NewReader(raw))
			if err != nil {
				s.t.Fatal(err)
			}
			id, _, _ := strings.Cut(strings.TrimPrefix(m.Header.Get("Message-Id"), "<voicemail-"), "@")
			s.mailed[id] = append(s.mailed[id], round)
			if _, audio := openLetter(s.t, raw); !playable(audio) {
				s.t.Errorf("the mail about %s has no audio that plays", id)
			}
		default:
			return
		}
	}
}

// playable reports whether a WAV file has at least the shortest message in it.
func playable(data []byte) bool {
	return len(data) >= 44+3200 && string(data[:4]) == "RIFF" && string(data[36:40]) == "data"
}

// TestKillVoicemail kills the real server at random moments, while messages are left,
// deleted and mailed, and the mail server comes and goes. What it has acknowledged is
// there in the end, and was mailed.
func TestKillVoicemail(t *testing.T) {
	t.Parallel()
	office, shut := openPost(t, "127.0.0.1:0", make(chan []byte, 1000))
	s := &siege{
		t: t, office: office, server: serve(t, fmt.Sprintf(toBeKilled, office.at)),
		sent: map[string]bool{}, deleting: map[string]bool{}, deleted: map[string]bool{}, mailed: map[string][]int{},
	}
	open := true
	for round := range *kills {
		s.round(t.Context(), time.Duration(200+rand.IntN(4000))*time.Millisecond)
		s.collect(round)
		if rand.IntN(3) == 0 {
			if open = !open; open {
				shut = s.reopen()
			} else {
				shut()
			}
		}
		if err := s.server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !open {
		shut = s.reopen()
		if err := s.server.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := s.server.Restart(t.Context()); err != nil { // so that it tries at once
			t.Fatal(err)
		}
	}
	defer func() { shut() }()
	s.check()
}

// reopen opens the mail server again.
func (s *siege) reopen() (shut func()) {
	s.t.Helper()
	s.office, shut = openPost(s.t, s.office.at, s.office.took)
	return shut
}

// round lets the server work for so long, and kills it. The first time it goes on until a
// caller has heard that a message was sent.
func (s *siege) round(ctx context.Context, d time.Duration) {
	s.t.Helper()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	for n := range 4 {
		work.Go(func() { s.leaves(ctx, n) })
	}
	work.Go(func() { s.deletes(ctx) })
	sleep(ctx, d)
	patient, enough := context.WithTimeout(ctx, time.Minute)
	defer enough()
	callscript.Until(patient, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.sent) > 0 })
	if err := s.server.Kill(); err != nil {
		s.t.Fatal(err)
	}
	stop()
	work.Wait()
}

// check compares what is there with what was acknowledged.
func (s *siege) check() {
	t := s.t
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var boxes []struct {
		Mailbox          string
		New, Old, Unsent int
	}
	if !callscript.Until(ctx, func() bool {
		boxes = nil
		if err := s.server.Ctl(ctx, &boxes, "mailboxes"); err != nil {
			t.Fatal(err)
		}
		unsent := 0
		for _, b := range boxes {
			unsent += b.Unsent
		}
		return unsent == 0
	}) {
		t.Fatalf("not everything is mailed: %+v", boxes)
	}
	s.collect(*kills)
	there, names, files := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for n := range 4 {
		box, fresh := strconv.Itoa(105+n), 0
		var list []message
		if err := s.server.Ctl(ctx, &list, "messages", box); err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			there[m.ID], names[m.FromName], files[m.File] = true, true, true
			if m.Heard.IsZero() {
				fresh++
			}
			if data, err := os.ReadFile(filepath.Join(s.server.Data(), "voicemail", "messages", m.File)); err != nil || !playable(data) {
				t.Errorf("%+v does not play: %d bytes, %v", m, len(data), err)
			}
			if len(s.mailed[m.ID]) == 0 {
				t.Errorf("%+v was never mailed", m)
			}
		}
		s.counted(ctx, box, fresh, len(list)-fresh)
		for _, b := range boxes {
			if b.Mailbox == box && (b.New != fresh || b.Old != len(list)-fresh) {
				t.Errorf("%s has %+v, there are %d new ones of %d", box, b, fresh, len(list))
			}
		}
	}
	s.lost(there, names)
	entries, err := os.ReadDir(filepath.Join(s.server.Data(), "voicemail", "messages"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !files[e.Name()] {
			t.Errorf("%s belongs to no message", e.Name())
		}
	}
}

// counted compares what a phone is told of its mailbox.
func (s *siege) counted(ctx context.Context, box string, fresh, old int) {
	p := testphone.New(s.t, testphone.Options{
		Extension: box, Password: s.server.Password(box), Server: fmt.Sprintf("127.0.0.1:%d", s.server.Port("udp")), Patience: 20 * time.Second,
	})
	p.Register(ctx)
	want := fmt.Sprintf("Voice-Message: %d/%d ", fresh, old)
	if !callscript.Until(ctx, func() bool { return strings.Contains(p.Summary(), want) }) {
		s.t.Errorf("the lamp of %s is told %q, want %s", box, p.Summary(), want)
	}
}

// lost says what was acknowledged and is gone, and what was mailed too often.
func (s *siege) lost(there, names map[string]bool) {
	t := s.t
	for id := range s.deleted {
		if there[id] {
			t.Errorf("%s was deleted and is there", id)
		}
	}
	for name := range s.sent {
		if !names[name] && !s.deleting[name] {
			t.Errorf("the message of %s is lost", name)
		}
	}
	for id := range s.mailed {
		if !there[id] && !s.deleting[id] {
			t.Errorf("%s was mailed and is gone", id)
		}
	}
	again := map[int]int{} // by round, messages that it mailed and a later one mailed again
	for id, rounds := range s.mailed {
		for i, r := range rounds[:len(rounds)-1] {
			if again[r]++; rounds[i+1] == r {
				t.Errorf("%s was mailed twice without an end between: %v", id, rounds)
			}
		}
	}
	for r, n := range again {
		if n > 1 {
			t.Errorf("%d messages of round %d were mailed again", n, r)
		}
	}
	t.Logf("%d kills: %d calls, %d heard that their message was sent, %d messages are there, %d deleted, %d mailed, %d of them twice",
		*kills, s.begun, len(s.sent), len(there), len(s.deleted), len(s.mailed), len(again))
	if len(s.sent) == 0 || len(s.mailed) == 0 {
		t.Error("nothing was left, or nothing mailed")
	}
}
