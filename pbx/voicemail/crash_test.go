package voicemail

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/internal/crashtest"
	"dialtone/media/audio"
	"dialtone/media/record"
	"dialtone/storage"
	"dialtone/storage/bolt"
)

// crashDir is the environment variable that turns the test binary into a server that takes
// messages until it is killed.
const crashDir = "DIALTONE_TEST_VOICEMAIL_DIR"

var kills = flag.Int("kills", 20, "how often TestKill kills")

// printer is a mail server that says what it took.
type printer struct{ out io.Writer }

// Send implements Mailer.
func (p printer) Send(_ context.Context, l dialplan.Letter) error {
	if _, err := os.Stat(l.Files[0].Path); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "mailed", strings.TrimPrefix(l.ID, "voicemail-"))
	return nil
}

func crashConfig() *config.Config {
	cfg := config.Default()
	cfg.Recording.MinFree = "0"
	cfg.Voicemail.Enabled = true
	cfg.Voicemail.Minimum = config.Duration(100 * time.Millisecond)
	cfg.Extensions = map[string]config.Extension{}
	for box := range 4 {
		cfg.Extensions[strconv.Itoa(101+box)] = config.Extension{Voicemail: config.Mailbox{Email: "ann@example.net"}}
	}
	cfg.Voicemail.MaxMessages = 100_000
	return &cfg
}

// depositUntilKilled leaves messages, hears some and deletes some, and tells out what was
// acknowledged.
func depositUntilKilled(dir string, out io.Writer) {
	store, err := bolt.Open(filepath.Join(dir, bolt.FileName))
	if err != nil {
		fmt.Fprintln(out, "error", err)
		return
	}
	cfg := crashConfig()
	s, err := Open(Options{Store: store, Config: func() *config.Config { return cfg }, Data: dir, Mailer: printer{out}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Fprintln(out, "error", err)
		return
	}
	go func() { _ = s.Run(context.Background()) }()
	pcm := tone(time.Second)
	var wg sync.WaitGroup
	for box := range 4 {
		wg.Go(func() {
			for {
				t, err := s.begin(storage.Message{MessageKey: storage.MessageKey{Mailbox: strconv.Itoa(101 + box)}, From: "100"}, record.Rate)
				for n := 0; err == nil && n < len(pcm); n += 160 {
					err = t.writer.Write(pcm[n : n+160])
				}
				if err == nil {
					err = t.keep()
				}
				if err != nil {
					fmt.Fprintln(out, "error", err)
					return
				}
				k := t.m.MessageKey
				fmt.Fprintln(out, "kept", k.ID)
				switch rand.IntN(4) {
				case 0:
					fmt.Fprintln(out, "deleting", k.ID)
					if err := s.Delete(k); err != nil {
						fmt.Fprintln(out, "error", err)
					}
					fmt.Fprintln(out, "deleted", k.ID)
				case 1:
					if err := s.heard(k); err != nil {
						fmt.Fprintln(out, "error", err)
					}
					fmt.Fprintln(out, "heard", k.ID)
				}
			}
		})
	}
	wg.Wait()
}

// TestKill kills a server that takes messages at random moments. What it has acknowledged
// is there, what it has not is playable or gone, and nothing is left over.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	said := crashtest.Said{}
	for round := range *kills {
		crashtest.After(t, crashDir+"="+dir, time.Duration(30+rand.IntN(400))*time.Millisecond, said.Line)
		if (round+1)%10 == 0 || round == *kills-1 {
			checkKept(t, dir, said)
		}
	}
	t.Logf("%d kept, %d deleted, %d heard, %d mailed", len(said["kept"]), len(said["deleted"]), len(said["heard"]), len(said["mailed"]))
	if len(said["kept"]) == 0 {
		t.Error("no message was kept")
	}
}

func checkKept(t *testing.T, dir string, said crashtest.Said) {
	t.Helper()
	store, err := bolt.Open(filepath.Join(dir, bolt.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var log strings.Builder
	cfg := crashConfig()
	s, err := Open(Options{Store: store, Config: func() *config.Config { return cfg }, Data: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Contains(text, "level=ERROR") || strings.Contains(text, "belong to none") {
		t.Error(text)
	}
	all, err := store.Messages("")
	if err != nil {
		t.Fatal(err)
	}
	have, fresh := map[string]*storage.Message{}, map[string]int{}
	for i := range all {
		m := &all[i]
		have[m.ID] = m
		f, err := audio.Open(s.folder, strings.TrimSuffix(m.File, ".wav"), record.Rate)
		if err != nil {
			t.Errorf("%+v: %v", m, err)
			continue
		}
		if hash, _, err := sum(s.Path(m)); m.State != storage.MessageKept || f.Length() != m.Length || hash != m.SHA256 || err != nil {
			t.Errorf("%v long: %+v, %v", f.Length(), m, err)
		}
		_ = f.Close()
		if m.New() {
			fresh[m.Mailbox]++
		}
	}
	for id := range said["kept"] {
		m := have[id]
		switch {
		case m == nil && !said["deleting"][id]:
			t.Errorf("lost %s", id)
		case m != nil && said["deleted"][id]:
			t.Errorf("came back: %s", id)
		case m != nil && said["heard"][id] && m.New():
			t.Errorf("is new again: %s", id)
		case m != nil && !said["mailed"][id] && m.Mail != storage.MailWaits:
			t.Errorf("will never be mailed: %+v", m)
		}
	}
	for box, n := range fresh {
		if c, err := s.Counts(box); err != nil || c.New != n {
			t.Errorf("%s: %+v, %v, want %d new", box, c, err, n)
		}
	}
}
