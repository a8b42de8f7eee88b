package messages_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/internal/crashtest"
	"dialtone/pbx/messages"
	"dialtone/pbx/registrar"
	"dialtone/storage"
	"dialtone/storage/bolt"
)

// crashFile is the environment variable that turns the test binary into a server that is
// going to be killed.
const crashFile = "DIALTONE_TEST_MESSAGES_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		if err := serveUntilKilled(path, os.Stdout); err != nil {
			fmt.Fprintln(os.Stdout, "error", err)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// live is a service over a file, with a phone that takes everything.
func live(path string, took func(text string)) (s *messages.Service, stop func() error, err error) {
	store, err := bolt.Open(path)
	if err != nil {
		return nil, nil, err
	}
	cfg := config.Default()
	cfg.Extensions = map[string]config.Extension{"100": {}, "101": {}}
	cfg.Messages.PerMinute, cfg.Messages.MaxWaiting = 10000, 10000
	current, log := func() *config.Config { return &cfg }, slog.New(slog.DiscardHandler)
	plan, _ := config.PlanOf(&cfg)
	reg, err := registrar.New(registrar.Options{Store: store, Config: current, Log: log})
	if err != nil {
		return nil, nil, err
	}
	s, err = messages.Open(messages.Options{
		Store: store, Registrar: reg, Config: current, Log: log, Plan: func() *dialplan.Plan { return plan },
		Webhook: func(dialplan.Notice) error { return nil },
	})
	if err != nil {
		return nil, nil, err
	}
	at := netip.MustParseAddrPort("192.0.2.1:5060")
	_, err = reg.Update(registrar.Request{
		Extension: "101", CallID: strconv.FormatInt(time.Now().UnixNano(), 10), CSeq: 1, Flow: registrar.Flow{Transport: "udp", Local: at, Remote: at},
		Contacts: []registrar.Binding{{URI: "sip:101@192.0.2.1", Instance: "<urn:uuid:1>", RegID: 1, Expires: time.Hour}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { reg.Run(ctx) })
	tasks.Go(func() {
		_ = s.Run(ctx, func(_ context.Context, _ registrar.Contact, t *storage.Text) (int, error) {
			took(string(t.Body))
			return 200, nil
		})
	})
	return s, func() error {
		cancel()
		tasks.Wait()
		return store.Close()
	}, err
}

// serveUntilKilled says which messages it has taken, and which the phone has.
func serveUntilKilled(path string, out io.Writer) error {
	s, _, err := live(path, func(text string) { fmt.Fprintln(out, "phone", text) })
	if err != nil {
		return err
	}
	base := time.Now().UnixNano()
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("%d.%d.%d", base, w, i)
				a := s.Take(context.Background(), messages.Message{From: "100", To: "101", Body: []byte(text), CallID: text, CSeq: 1, Lasts: -1})
				if a.Status != 200 && a.Status != 202 {
					fmt.Fprintln(out, "error", a)
					return
				}
				fmt.Fprintln(out, "taken", text)
			}
		})
	}
	all.Wait()
	return nil
}

// TestKillLosesNothingAndRepeatsAtMostOne kills a server at random moments: what it has
// taken the phone gets, and twice only what the phone was getting in that moment.
func TestKillLosesNothingAndRepeatsAtMostOne(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	path := filepath.Join(t.TempDir(), bolt.FileName)
	taken, got := map[string]bool{}, map[string]int{}
	for range rounds {
		crashtest.AfterLines(t, crashFile+"="+path, 1+rand.IntN(200), func(what, text string) {
			if what == "taken" {
				taken[text] = true
			} else {
				got[text]++
			}
		})
	}
	missing := 0
	for text := range taken {
		if got[text] == 0 {
			missing++
		}
	}
	var mu sync.Mutex
	all := make(chan struct{})
	if missing == 0 {
		close(all)
	}
	_, stop, err := live(path, func(text string) {
		mu.Lock()
		defer mu.Unlock()
		if got[text]++; taken[text] && got[text] == 1 {
			if missing--; missing == 0 {
				close(all)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-all:
	case <-time.After(30 * time.Second):
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	again := 0
	for text := range taken {
		if got[text] == 0 {
			t.Errorf("%s was taken, and is lost", text)
		}
	}
	for _, n := range got {
		again += n - 1
	}
	if again > rounds {
		t.Errorf("%d came again after %d kills", again, rounds)
	}
	t.Logf("%d taken, %d with the phone, %d of them again after %d kills", len(taken), len(got), again, rounds)
	if len(taken) == 0 {
		t.Error("nothing was taken")
	}
}
