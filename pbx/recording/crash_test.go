package recording

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/internal/crashtest"
	"dialtone/media/audio"
	"dialtone/storage"
	"dialtone/storage/bolt"
)

// crashDir is the environment variable that turns the test binary into a server that
// records until it is killed.
const crashDir = "DIALTONE_TEST_RECORDING_DIR"

var kills = flag.Int("kills", 20, "how often TestKill kills")

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		recordUntilKilled(dir, os.Stdout)
		return
	}
	goleak.VerifyTestMain(m)
}

func openStore(dir string, log io.Writer, format string) (*Service, *bolt.Store, error) {
	store, err := bolt.Open(filepath.Join(dir, bolt.FileName))
	if err != nil {
		return nil, nil, err
	}
	cfg := config.Default()
	cfg.Recording.Format, cfg.Recording.MinFree = format, "0"
	s, err := Open(Options{Store: store, Config: func() *config.Config { return &cfg }, Data: dir, Log: slog.New(slog.NewTextHandler(log, nil))})
	return s, store, err
}

// recordUntilKilled records calls, deletes some recordings, and tells out what was
// acknowledged.
func recordUntilKilled(dir string, out io.Writer) {
	s, _, err := openStore(dir, io.Discard, []string{"wav", "opus"}[rand.IntN(2)])
	if err != nil {
		fmt.Fprintln(out, "error", err)
		return
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				p := &phone{}
				take, err := s.Begin(Subject{Call: "c", By: ByRule}, p)
				if err == nil {
					err = take.Start(p)
				}
				if err != nil {
					fmt.Fprintln(out, "error", err)
					return
				}
				fmt.Fprintln(out, "begun", take.ID())
				p.talks(time.Duration(rand.IntN(1000)) * time.Millisecond)
				take.Stop()
				fmt.Fprintln(out, "kept", take.ID())
				if rand.IntN(3) == 0 {
					fmt.Fprintln(out, "deleting", take.ID())
					if err := s.Delete(take.ID()); err != nil {
						fmt.Fprintln(out, "error", err)
					}
					fmt.Fprintln(out, "deleted", take.ID())
				}
			}
		})
	}
	wg.Wait()
}

// TestKill kills a server that records at random moments. What it has acknowledged is
// there, and all that is there can be played and is as the store says.
func TestKill(t *testing.T) {
	dir, said := t.TempDir(), crashtest.Said{}
	for round := range *kills {
		crashtest.After(t, crashDir+"="+dir, time.Duration(30+rand.IntN(1500))*time.Millisecond, said.Line)
		if (round+1)%10 == 0 || round == *kills-1 {
			checkKept(t, dir, said)
		}
	}
	t.Logf("%d begun, %d kept, %d deleted", len(said["begun"]), len(said["kept"]), len(said["deleted"]))
	if len(said["kept"]) == 0 {
		t.Error("nothing was kept")
	}
}

func checkKept(t *testing.T, dir string, said crashtest.Said) {
	t.Helper()
	var log strings.Builder
	s, store, err := openStore(dir, &log, "wav")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	defer s.Close()
	if text := log.String(); strings.Contains(text, "level=ERROR") || strings.Contains(text, "nothing was known") {
		t.Error(text)
	}
	have := map[string]bool{}
	err = s.Recordings(storage.RecordingFilter{}, func(r storage.Recording) bool {
		have[r.ID] = true
		clip, err := audio.OpenPath(filepath.Join(s.folder, r.File), 8000)
		if err != nil {
			t.Errorf("%+v: %v", r, err)
			return true
		}
		if d := clip.Length() - r.Length; r.State != storage.RecordingKept || d.Abs() > 20*time.Millisecond {
			t.Errorf("%s long: %+v", clip.Length(), r)
		}
		_ = clip.Close()
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, faults, err := s.Verify(func() bool { return false }); len(faults) > 0 || err != nil {
		t.Errorf("faults %+v, %v", faults, err)
	}
	for id := range said["kept"] {
		switch {
		case !have[id] && !said["deleting"][id]:
			t.Errorf("lost %s", id)
		case have[id] && said["deleted"][id]:
			t.Errorf("came back: %s", id)
		}
	}
}
