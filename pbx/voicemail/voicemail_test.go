package voicemail

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media/audio"
	"dialtone/media/record"
	"dialtone/storage"
)

func TestDeposit(t *testing.T) {
	for _, test := range []struct {
		name     string
		line     line
		operator string
		kept     int
		out      dialplan.Deposited
		heard    string // somewhere
		check    func(storage.Message) bool
	}{
		{name: "who hangs up has left a message", line: line{talks: 3 * time.Second}, kept: 1, out: dialplan.Deposited{Kept: true, Length: 3 * time.Second}, heard: "voicemail/person number/1 number/0 number/1 voicemail/is-busy"},
		{name: "who hangs up in the greeting has not", line: line{leaves: true}, out: dialplan.Deposited{Why: "the call was over before the tone"}},
		{name: "too short", line: line{talks: time.Second}, out: dialplan.Deposited{Why: "the message was too short"}},
		{name: "silence ends it", line: line{talks: 3 * time.Second, why: record.Silent}, kept: 1, out: dialplan.Deposited{Kept: true, Length: 3 * time.Second}, heard: "voicemail/sent"},
		{name: "nobody spoke", line: line{why: record.Silent}, out: dialplan.Deposited{Why: "the message was too short"}},
		{
			name: "marked and sent", line: line{talks: 3 * time.Second, keys: []string{"#", "4", "5", "1"}}, kept: 1,
			out: dialplan.Deposited{Kept: true, Length: 3 * time.Second}, heard: "voicemail/sent",
			check: func(m storage.Message) bool { return m.Urgent && m.Private },
		},
		{name: "hung up in the menu", line: line{talks: 3 * time.Second, keys: []string{"#", "4"}}, kept: 1, out: dialplan.Deposited{Kept: true, Length: 3 * time.Second}},
		{name: "recorded again", line: line{talks: 3 * time.Second, keys: []string{"#", "2", "3", "#", "1"}}, kept: 1, out: dialplan.Deposited{Kept: true, Length: 3 * time.Second}, heard: "<message>"},
		{name: "the operator, before", line: line{talks: 3 * time.Second, keys: []string{"!0"}}, operator: "100", out: dialplan.Deposited{Operator: "100"}},
		{name: "the operator, after", line: line{talks: 3 * time.Second, keys: []string{"0"}}, operator: "100", kept: 1, out: dialplan.Deposited{Kept: true, Length: 3 * time.Second, Operator: "100"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.cfg.Voicemail.Operator = test.operator
			l := test.line
			if got := h.leave(t, "101", &l); got != test.out {
				t.Errorf("%+v, heard %q", got, l.heard)
			}
			list := h.messages(t, "101")
			if len(list) != test.kept || h.audio(t) != test.kept || len(h.told) != test.kept {
				t.Fatalf("%d messages, %d files, told %v", len(list), h.audio(t), h.told)
			}
			if test.heard != "" && !slices.Contains(l.heard, test.heard) {
				t.Errorf("heard %q", l.heard)
			}
			for _, m := range list {
				f, err := audio.Open(h.folder, strings.TrimSuffix(m.File, ".wav"), record.Rate)
				if err != nil || f.Length() != m.Length || m.From != "+4930123456" || m.SHA256 == "" || m.Size != 44+48000 {
					t.Errorf("%v, %+v", err, m)
				}
				_ = f.Close()
				if test.check != nil && !test.check(m) {
					t.Errorf("%+v", m)
				}
			}
			if strings.Contains(h.log.String(), "ERROR") {
				t.Error(h.log.String())
			}
		})
	}
}

func TestMailboxIsFull(t *testing.T) {
	h := newHouse(t)
	h.cfg.Voicemail.MaxMessages = 2
	for range 2 {
		h.leave(t, "101", &line{talks: 3 * time.Second})
	}
	l := &line{talks: 3 * time.Second}
	if d := h.leave(t, "101", l); d.Kept || !slices.Contains(l.heard, "voicemail/full") || len(h.messages(t, "101")) != 2 {
		t.Errorf("%+v %q", d, l.heard)
	}
}

// The name of the file is on the disk before its caller speaks: with the record alone, a
// machine that fails would leave a message without its audio.
func TestTheNewFileIsDurable(t *testing.T) {
	h, there := newHouse(t), -1
	h.sync = func(folder string) error {
		if folder == h.folder {
			there = h.audio(t)
		}
		return nil
	}
	l := &line{talks: 3 * time.Second}
	l.said = func() {
		if there != 1 {
			t.Errorf("%d files were in the folder when it was synced", there)
		}
	}
	if d := h.leave(t, "101", l); !d.Kept || l.said != nil {
		t.Errorf("%+v", d)
	}
}

// crowd is a caller who waits until all others got as far.
type crowd struct {
	*line
	all *sync.WaitGroup
}

func (c crowd) Say(ctx context.Context, language string, parts []Part, until string) (string, error) {
	if len(parts) == 0 {
		c.all.Done()
		c.all.Wait()
	}
	return c.line.Say(ctx, language, parts, until)
}

func TestCallersAtOnceFillNoMoreThanTheMailbox(t *testing.T) {
	h := newHouse(t)
	h.cfg.Voicemail.MaxMessages = 3
	var all, calls sync.WaitGroup
	all.Add(10)
	for range 10 {
		calls.Go(func() {
			c := crowd{&line{talks: 3 * time.Second, facts: dialplan.Facts{From: "+4930123456"}}, &all}
			d, err := h.Deposit(t.Context(), c, dialplan.Depositing{Mailbox: "101"})
			if err != nil && !errors.Is(err, errHungUp) {
				t.Error(err)
			}
			if told := slices.Contains(c.heard, "voicemail/full"); told == d.Kept {
				t.Errorf("%+v %q", d, c.heard)
			}
		})
	}
	calls.Wait()
	if n := len(h.messages(t, "101")); n != 3 {
		t.Errorf("there are %d messages", n)
	}
}

// While the disk is nearly full, callers are told so before they speak, and the operator once.
func TestDiskIsNearlyFull(t *testing.T) {
	h := newHouse(t)
	h.cfg.Recording.MinFree, h.free = "500MB", 499e6
	for range 2 {
		l := &line{talks: 3 * time.Second}
		if d := h.leave(t, "101", l); d.Kept || !slices.Equal(l.heard, []string{"voicemail/full"}) || !strings.Contains(d.Why, "min_free") {
			t.Errorf("%+v %q", d, l.heard)
		}
	}
	if log := h.log.String(); strings.Count(log, "level=") != 1 || !strings.Contains(log, "the disk is nearly full\" consequence=\"no message is taken\" event=voicemail") {
		t.Error(log)
	}
	h.free = 500e6
	l := &line{talks: 3 * time.Second}
	if d := h.leave(t, "101", l); !d.Kept {
		t.Errorf("%+v %q", d, l.heard)
	}
}

// A disk that takes nothing is told of, and the call goes on.
func TestDiskIsFull(t *testing.T) {
	h := newHouse(t)
	if err := os.RemoveAll(h.folder); err != nil {
		t.Fatal(err)
	}
	l := &line{talks: 3 * time.Second}
	if d := h.leave(t, "101", l); d.Kept || !slices.Contains(l.heard, "voicemail/not-saved") || !strings.Contains(h.log.String(), "event=voicemail") {
		t.Errorf("%+v %q %s", d, l.heard, h.log.String())
	}
	if list, _ := h.store.Messages(""); len(list) != 0 {
		t.Errorf("records are left: %+v", list)
	}
}

func TestVisit(t *testing.T) {
	own := dialplan.Visiting{Mailbox: "101"}
	for _, test := range []struct {
		name  string
		keys  []string
		heard []string
		fresh int // messages that stay new, of two
		all   int
		files int
		calls string
	}{
		{name: "counts", heard: []string{"mailbox/you-have number/2 mailbox/new-messages"}, fresh: 2, all: 2, files: 2},
		{name: "listen to both", keys: []string{"1", "1", "1", "*"}, heard: []string{"<message of +4930123456>", "mailbox/no-more"}, all: 2, files: 2},
		{name: "back and again", keys: []string{"1", "4", "5", "6", "*", "*"}, heard: []string{"mailbox/no-earlier"}, all: 2, files: 2},
		{name: "delete one, save one", keys: []string{"1", "7", "1", "9", "*"}, heard: []string{"mailbox/deleted", "mailbox/saved"}, all: 1, files: 1},
		{name: "delete and undo", keys: []string{"1", "7", "7", "*", "*"}, heard: []string{"mailbox/deleted", "mailbox/restored"}, fresh: 1, all: 2, files: 2},
		{name: "hung up after deleting", keys: []string{"1", "7"}, fresh: 1, all: 1, files: 1},
		{name: "forward", keys: []string{"1", "8", "102", "2", "*", "*"}, heard: []string{"mailbox/forwarded"}, fresh: 1, all: 2, files: 3},
		{name: "forward with a comment", keys: []string{"1", "8", "102", "1", "#", "*", "*"}, heard: []string{"mailbox/forwarded"}, fresh: 1, all: 2, files: 3},
		{name: "forward to nobody", keys: []string{"1", "8", "999", "*", "*"}, heard: []string{"mailbox/not-forwarded"}, fresh: 1, all: 2, files: 2},
		{name: "call back", keys: []string{"1", "2"}, heard: []string{"mailbox/call-back"}, fresh: 1, all: 2, files: 2, calls: "+4930123456"},
		{name: "no saved ones", keys: []string{"2", "*"}, heard: []string{"mailbox/no-messages"}, fresh: 2, all: 2, files: 2},
		{name: "what is no choice", keys: []string{"3", "*"}, heard: []string{"menu/invalid"}, fresh: 2, all: 2, files: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			for range 2 {
				h.leave(t, "101", &line{talks: 3 * time.Second})
			}
			l, out := h.visitBy(t, "101", own, test.keys...)
			for _, want := range test.heard {
				if !slices.Contains(l.heard, want) {
					t.Errorf("did not hear %s in %q", want, l.heard)
				}
			}
			c, err := h.Counts("101")
			if err != nil || c.New != test.fresh || c.New+c.Old != test.all || h.audio(t) != test.files || out.CallBack != test.calls {
				t.Errorf("%+v, %d files, %+v, %v", c, h.audio(t), out, err)
			}
		})
	}
}

func TestForwardHasBoth(t *testing.T) {
	h := newHouse(t)
	h.leave(t, "101", &line{talks: 3 * time.Second})
	h.visitBy(t, "101", dialplan.Visiting{Mailbox: "101"}, "1", "8", "102", "1", "#")
	list := h.messages(t, "102")
	if len(list) != 1 || list[0].Length != 5*time.Second || list[0].Forwarded != "101" || list[0].From != "+4930123456" || !list[0].New() {
		t.Errorf("%+v", list)
	}
	h.leave(t, "101", &line{talks: 3 * time.Second, keys: []string{"#", "5", "1"}})
	l, _ := h.visitBy(t, "101", dialplan.Visiting{Mailbox: "101"}, "1", "8", "*", "*")
	if !slices.Contains(l.heard, "mailbox/not-forwarded") || len(h.messages(t, "102")) != 1 {
		t.Errorf("a private message was forwarded: %q", l.heard)
	}
}

func TestForwardIsWholeOrNot(t *testing.T) {
	h := newHouse(t)
	h.leave(t, "101", &line{talks: 3 * time.Second})
	m := h.messages(t, "101")[0]
	name := h.Path(&m)
	if err := os.WriteFile(name, []byte("RIFF no audio at all, but long enough for a head"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, _ := h.visitBy(t, "101", dialplan.Visiting{Mailbox: "101"}, "1", "8", "102", "2", "*", "*")
	if !slices.Contains(l.heard, "mailbox/not-forwarded") || len(h.messages(t, "102")) > 0 || h.audio(t) != 1 {
		t.Errorf("%q, %+v", l.heard, h.messages(t, "102"))
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	l, _ = h.visitBy(t, "101", dialplan.Visiting{Mailbox: "101"}, "2", "8", "102", "2", "*", "*")
	if !slices.Contains(l.heard, "mailbox/not-forwarded") || !slices.Contains(l.heard, "menu/goodbye") {
		t.Errorf("without a file: %q", l.heard)
	}
}

func TestNoFeatureIsCalledBack(t *testing.T) {
	for _, from := range []string{"*60", "#1", "+49*1", "anonymous", "", "+"} {
		h := newHouse(t)
		h.cfg.Voicemail.Minimum = 0
		_, err := h.Deposit(t.Context(), &line{facts: dialplan.Facts{From: from}, talks: time.Second}, dialplan.Depositing{Mailbox: "101", Greeting: "none"})
		if err != nil && !errors.Is(err, errHungUp) {
			t.Fatal(err)
		}
		if l, out := h.visitBy(t, "101", dialplan.Visiting{Mailbox: "101"}, "1", "2"); out.CallBack != "" || !slices.Contains(l.heard, "mailbox/cannot-call-back") {
			t.Errorf("%q is called back: %+v, %q", from, out, l.heard)
		}
	}
}

// A message that somebody else deletes meanwhile ends no visit.
func TestDeletedMeanwhile(t *testing.T) {
	h := newHouse(t)
	h.leave(t, "101", &line{talks: 3 * time.Second})
	m := h.messages(t, "101")[0]
	if err := h.Delete(m.MessageKey); err != nil {
		t.Fatal(err)
	}
	v := &visit{s: h.Service, box: "101", deleted: map[storage.MessageKey]bool{}}
	if parts, err := v.toggle(&m); err != nil || len(parts) != 1 || len(v.deleted) > 0 {
		t.Errorf("%+v, %v", parts, err)
	}
}

func TestPIN(t *testing.T) {
	h := newHouse(t)
	h.cfg.Extensions["102"] = config.Extension{Voicemail: config.Mailbox{PIN: "4711"}}
	in := func(from string, v dialplan.Visiting, keys ...string) bool {
		l, _ := h.visitBy(t, from, v, keys...)
		return slices.Contains(l.heard, "mailbox/no-messages")
	}
	menu, box := dialplan.Visiting{}, dialplan.Visiting{Mailbox: "102"}
	for _, test := range []struct {
		name string
		from string
		v    dialplan.Visiting
		keys []string
		in   bool
	}{
		{"one's own without a PIN", "101", dialplan.Visiting{Mailbox: "101"}, nil, true},
		{"one's own, asked for", "101", menu, []string{""}, true},
		{"one's own with a PIN", "102", box, []string{"4711"}, true},
		{"with a wrong one", "102", box, []string{"4712", "", ""}, false},
		{"another's", "103", menu, []string{"102", "4711"}, true},
		{"another's that has no PIN", "103", menu, []string{"101", "", "101", "0000", "101", ""}, false},
		{"one that is not there", "103", menu, []string{"999", "", "999", "", "999", ""}, false},
		{"from outside", "", box, []string{"4711"}, true},
	} {
		if got := in(test.from, test.v, test.keys...); got != test.in {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	// It is changed by telephone; what is too simple is not taken.
	l, _ := h.visitBy(t, "102", box, "4711", "0", "2", "1234", "80915", "80916", "80915", "80915", "*", "*")
	for _, want := range []string{"pin/too-simple", "pin/different", "pin/changed"} {
		if !slices.ContainsFunc(l.heard, func(s string) bool { return s == want }) {
			t.Errorf("did not hear %s in %q", want, l.heard)
		}
	}
	if in("102", box, "4711", "", "") || !in("102", box, "80915") {
		t.Error("the old PIN counts, or the new one does not")
	}
	boxes, _ := h.store.Mailboxes()
	if len(boxes) != 1 || strings.Contains(boxes[0].PIN, "80915") || strings.Contains(h.log.String(), "80915") {
		t.Errorf("%+v\n%s", boxes, h.log.String())
	}
}

func TestTooManyWrongPINs(t *testing.T) {
	h := newHouse(t)
	h.cfg.Extensions["102"] = config.Extension{Voicemail: config.Mailbox{PIN: "4711"}}
	l := &line{facts: dialplan.Facts{From: "+49301", Trunk: "line"}, keys: []string{"102", "1", "102", "2", "102", "3", "102", "4711"}}
	_, err := h.Visit(t.Context(), l, dialplan.Visiting{})
	if err != nil || l.guesses.wrong != 6 {
		t.Fatal(err, l.guesses, l.heard)
	}
	l.keys = []string{"102", "4711"}
	out, err := h.Visit(t.Context(), l, dialplan.Visiting{})
	if err != nil || out.Why == "" || !slices.Contains(l.heard, "pin/locked") {
		t.Error(out, err, l.heard)
	}
	if !slices.Contains(l.guesses.by, "mailbox 102") {
		t.Errorf("it is counted for %q", l.guesses.by)
	}
	own := &line{facts: dialplan.Facts{From: "102", Extension: "102"}, keys: []string{"1", "4711", "*"}}
	if _, err := h.Visit(t.Context(), own, dialplan.Visiting{Mailbox: "102"}); err != nil || slices.Contains(own.guesses.by, "mailbox 102") {
		t.Errorf("strangers can lock the owner out: %v, %q", err, own.guesses.by)
	}
}

// Who is transferred to a mailbox is not its owner, though the owner pays.
func TestWhoIsTransferredIsNotTheOwner(t *testing.T) {
	h := newHouse(t)
	h.leave(t, "101", &line{talks: 3 * time.Second})
	h.leave(t, "102", &line{talks: 3 * time.Second})
	h.cfg.Extensions["102"] = config.Extension{Voicemail: config.Mailbox{PIN: "4711"}}
	visit := func(box string, keys ...string) (*line, dialplan.Visited) {
		l := &line{facts: dialplan.Facts{From: "+49301", Extension: box, TransferredBy: box}, keys: keys}
		out, err := h.Visit(t.Context(), l, dialplan.Visiting{Mailbox: box})
		if err != nil && !errors.Is(err, errHungUp) {
			t.Fatal(err)
		}
		return l, out
	}
	if l, out := visit("101", "1", "2", "3"); out.Why == "" || !slices.Equal(l.guesses.by[:2], []string{"+49301 transferred by 101", "mailbox 101"}) {
		t.Errorf("a mailbox without a PIN: %+v, %q, counted for %q", out, l.heard, l.guesses.by)
	}
	if l, out := visit("102", "4711", "1", "2"); out.CallBack != "" || !slices.Contains(l.heard, "mailbox/cannot-call-back") {
		t.Errorf("calls back at the owner's cost: %+v, %q", out, l.heard)
	}
}

func TestGreetings(t *testing.T) {
	for _, test := range []struct {
		files []string
		d     dialplan.Depositing
		want  string
	}{
		{nil, dialplan.Depositing{Greeting: "busy"}, ""},
		{[]string{"101/default.wav"}, dialplan.Depositing{Greeting: "busy"}, "default"},
		{[]string{"101/default.wav", "101/busy.opus"}, dialplan.Depositing{Greeting: "busy"}, "busy"},
		{[]string{"101/busy.wav", "101/busy_FR.wav"}, dialplan.Depositing{Greeting: "busy", Language: "fr-CA"}, "busy_FR"},
		{[]string{"101/busy.wav", "101/busy_FR.wav"}, dialplan.Depositing{Greeting: "busy", Language: "de"}, "busy"},
		{[]string{"101/busy.wav", "101/+4930123456_default.wav"}, dialplan.Depositing{Greeting: "busy"}, "+4930123456_default"},
		{[]string{"101/busy.wav", "101/sales_busy.wav"}, dialplan.Depositing{Greeting: "busy", Who: []string{"staff", "sales"}}, "sales_busy"},
		{[]string{"101/busy.wav", "101/temporary.wav"}, dialplan.Depositing{Greeting: "busy"}, "temporary"},
		{[]string{"busy.wav"}, dialplan.Depositing{Greeting: "busy"}, "busy"},
		{[]string{"101/busy.txt", "102/busy.wav"}, dialplan.Depositing{Greeting: "busy"}, ""},
	} {
		h := newHouse(t)
		for _, f := range test.files {
			path := filepath.Join(h.cfg.GreetingsDir(h.dir), f)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		test.d.Mailbox = "101"
		parts := h.greeting("+4930123456", &test.d)
		want := ""
		if test.want != "" {
			want = "greeting 101 " + test.want
		}
		if parts[0].Name != want {
			t.Errorf("%v for %+v: %+v", test.files, test.d, parts)
		}
	}
}

func TestGreetingByTelephone(t *testing.T) {
	h := newHouse(t)
	own := dialplan.Visiting{Mailbox: "101"}
	l, _ := h.visitBy(t, "101", own, "0", "1", "2", "2", "#", "1", "2", "*", "*")
	if !slices.Contains(l.heard, "mailbox/greeting-saved") {
		t.Fatalf("%q", l.heard)
	}
	caller := &line{talks: 3 * time.Second}
	h.leave(t, "101", caller)
	if caller.heard[0] != "<greeting 101 busy>" {
		t.Errorf("%q", caller.heard)
	}
	l, _ = h.visitBy(t, "101", own, "0", "1", "2", "3", "*", "*")
	if !slices.Contains(l.heard, "mailbox/greeting-standard") || len(files(filepath.Join(h.cfg.GreetingsDir(h.dir), "101"))) != 0 {
		t.Errorf("%q", l.heard)
	}
	if left, _ := filepath.Glob(filepath.Join(h.cfg.GreetingsDir(h.dir), "101", "*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestRetention(t *testing.T) {
	h := newHouse(t)
	h.cfg.Voicemail.Keep = config.Duration(24 * time.Hour)
	for range 2 {
		h.leave(t, "101", &line{talks: 3 * time.Second})
	}
	list := h.messages(t, "101")
	if err := h.heard(list[0].MessageKey); err != nil {
		t.Fatal(err)
	}
	h.retire(time.Now().Add(23 * time.Hour))
	if len(h.messages(t, "101")) != 2 {
		t.Error("too early")
	}
	h.retire(time.Now().Add(25 * time.Hour))
	if left := h.messages(t, "101"); len(left) != 1 || left[0].ID != list[1].ID || h.audio(t) != 1 {
		t.Errorf("left %+v", left)
	}
}

// What a wideband phone says is kept at 16 kHz, also when it is forwarded with a comment
// of a narrow one, or cut off.
func TestWideband(t *testing.T) {
	h := newHouse(t)
	h.leave(t, "101", &line{talks: 3 * time.Second, wide: true})
	h.visitBy(t, "101", dialplan.Visiting{Mailbox: "101"}, "1", "8", "102", "1", "", "*", "*")
	if _, err := h.begin(storage.Message{MessageKey: storage.MessageKey{Mailbox: "103"}}, record.Wideband); err != nil {
		t.Fatal(err)
	}
	cut := h.messages(t, "101")[0]
	data, err := os.ReadFile(h.Path(&cut))
	if err != nil {
		t.Fatal(err)
	}
	all, _ := h.store.Messages("103")
	if err := os.WriteFile(h.Path(&all[0]), data[:len(data)-16001], 0o600); err != nil { // in the middle of a sample
		t.Fatal(err)
	}
	h = open(t, h.store, h.dir)
	for box, want := range map[string]time.Duration{"101": 3 * time.Second, "102": 5 * time.Second, "103": 2500*time.Millisecond - time.Second/16000} {
		m := h.messages(t, box)[0]
		rate, err := rateOf(h.Path(&m))
		if err != nil || rate != record.Wideband {
			t.Errorf("%s: %d Hz, %v", box, rate, err)
		}
		r, err := audio.OpenPath(h.Path(&m), record.Wideband)
		if err != nil || r.Length().Round(time.Millisecond) != want.Round(time.Millisecond) || m.Length.Round(time.Millisecond) != want.Round(time.Millisecond) {
			t.Errorf("%s: %+v, %v, %v", box, m, r, err)
		}
		_ = r.Close()
	}
}
