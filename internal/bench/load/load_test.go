package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

var (
	soakFor = flag.Duration("soak", 15*time.Second, "how long TestSoak loads the server")
	program string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "dialtone-bin-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "dialtone")
		if out, err := exec.Command("go", "build", "-o", program, "dialtone/cmd/dialtone").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// tidy has the server collect its garbage early: its heap is little more than it holds.
const tidy = "GOGC=10"

// status is what these tests read of `dialtone ctl status`.
type status struct {
	Calls         int
	Registrations int
	PortsUsed     int `json:"rtp_ports_used"`
	Process       struct {
		Goroutines int
		RSS        int64
		Heap       int64
		Files      int
	}
}

func (s *server) status(t *testing.T) (st status) {
	t.Helper()
	if err := s.ctl(&st, "status"); err != nil {
		t.Fatal(err)
	}
	return st
}

func start(t *testing.T, peers int, env ...string) *server {
	t.Helper()
	t.Parallel() // most of the time they wait
	s, err := startServer(program, peers, 2, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

func open(t *testing.T, s *server, peers int, number func(int) string) *phones {
	t.Helper()
	p, err := newPhones(s.addr, peers, number)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	if err := p.registerAll(); err != nil {
		t.Fatal(err)
	}
	return p
}

// eventually waits until done says true. The limit is longer than an ended
// transaction may linger, 64*T1 (RFC 3261 §17).
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	const limit = 90 * time.Second
	if !within(limit, done) {
		t.Fatalf("%s: not within %v", what, limit)
	}
}

// Two phones of one extension answer at once, a thousand times: there is always
// exactly one conversation, and nothing is left over.
func TestTwoPhonesAnswerAtOnceAThousandTimes(t *testing.T) {
	const calls, peers = 1000, 10
	s := start(t, peers)
	desk, soft := open(t, s, peers, callee), open(t, s, peers, callee)
	from := open(t, s, peers, caller)
	pace(calls/2, 2*time.Second, func(i int) { from.call(i%peers, callee(i%peers), false) })
	eventually(t, "calls ended", func() bool { return from.ended.Load() == calls })
	if n := from.calls.Load(); n != calls {
		t.Errorf("callers got %d answers, want %d", n, calls)
	}
	eventually(t, "no call is left", func() bool { return s.status(t).Calls == 0 })
	eventually(t, "every phone's leg is ended", func() bool { return desk.open()+soft.open() == 0 })
	// A phone may have answered before the other was even rung.
	if n := desk.invited.Load() + soft.invited.Load(); n <= calls || n > 2*calls {
		t.Errorf("phones were rung %d times for %d calls, want most calls to have rung both", n, calls)
	}
}

// After kill -9 in the middle of traffic, the registrations and the records of
// the calls that had ended are there.
func TestKillInTheMiddleOfTraffic(t *testing.T) {
	const peers, up, ended = 500, 100, 50
	s := start(t, peers)
	to, from := open(t, s, peers, callee), open(t, s, peers, caller)
	for i := range ended {
		from.call(i, callee(i), false)
	}
	eventually(t, "first calls ended", func() bool { return from.ended.Load() == ended && s.status(t).Calls == 0 })
	for i := range up {
		from.call(i, callee(i), true)
	}
	eventually(t, "calls are up", func() bool { return from.calls.Load() == ended+up })
	s.killAfter(1500 * time.Millisecond) // registrations reach the disk within a second
	if err := s.start(); err != nil {
		t.Fatalf("start after kill -9: %v", err)
	}
	if st := s.status(t); st.Registrations != 2*peers || st.Calls != 0 {
		t.Errorf("after the restart: %d registrations and %d calls, want %d and 0", st.Registrations, st.Calls, 2*peers)
	}
	var records []struct{ Cause string }
	if err := s.ctl(&records, "cdr", "--limit", "1000"); err != nil {
		t.Fatal(err)
	}
	if len(records) != ended {
		t.Errorf("%d call records after the restart, want those of the %d ended calls", len(records), ended)
	}
	before := to.invited.Load()
	from.call(0, callee(0), false)
	eventually(t, "a call reaches a phone that registered before", func() bool { return to.invited.Load() > before })
}

// Calls and registrations come and go; afterwards memory, goroutines and ports
// are back where they were.
func TestSoak(t *testing.T) {
	const peers, up, churn = 1000, 200, 20
	s := start(t, peers, tidy)
	_, from := open(t, s, peers, callee), open(t, s, peers, caller)
	round := func(length time.Duration) {
		var held []string
		pace(2*up, 500*time.Millisecond, func(i int) { held = append(held, from.call(i, callee(i), true)) })
		before := from.ended.Load()
		n := pace(churn, length, func(i int) {
			from.call(up+i%(peers-up), callee(up+i%(peers-up)), false)
			from.register(i % peers)
		})
		eventually(t, "churned calls ended", func() bool { return from.ended.Load() >= before+n })
		for _, id := range held {
			from.hangup(id)
		}
		eventually(t, "no call is left", func() bool { return s.status(t).Calls == 0 })
	}
	round(time.Second) // pools and tables have their size after this
	base := settled(t, s)
	round(*soakFor)
	end := settled(t, s)
	t.Logf("goroutines %d -> %d, heap %d -> %d KiB, RSS %d -> %d KiB", base.Process.Goroutines, end.Process.Goroutines,
		base.Process.Heap>>10, end.Process.Heap>>10, base.Process.RSS>>10, end.Process.RSS>>10)
	if end.Registrations != 2*peers {
		t.Errorf("%d registrations, want %d", end.Registrations, 2*peers)
	}
	if end.Process.Goroutines > base.Process.Goroutines+20 {
		t.Errorf("goroutines grew from %d to %d", base.Process.Goroutines, end.Process.Goroutines)
	}
	if end.Process.Files > base.Process.Files+20 {
		t.Errorf("open files grew from %d to %d", base.Process.Files, end.Process.Files)
	}
	if end.Process.Heap > base.Process.Heap*5/4+4<<20 {
		t.Errorf("heap grew from %d to %d KiB", base.Process.Heap>>10, end.Process.Heap>>10)
	}
}

// Fifty reloads, every second one of a broken file, among calls: none is
// dropped, and what is in force is all of the last good file.
func TestReloadsUnderLoad(t *testing.T) {
	const peers, up, churn, reloads = 300, 100, 20, 50
	s := start(t, peers, tidy)
	_, from := open(t, s, peers, callee), open(t, s, peers, caller)
	plain, err := os.ReadFile(s.config())
	if err != nil {
		t.Fatal(err)
	}
	var held []string
	pace(2*up, 500*time.Millisecond, func(i int) { held = append(held, from.call(i, callee(i), true)) })
	eventually(t, "calls are up", func() bool { return from.calls.Load() == up && s.status(t).Calls == up })
	base := s.status(t)
	stop, begun := make(chan struct{}), make(chan int64)
	go func() {
		n := int64(0)
		defer func() { begun <- n }()
		for tick := time.NewTicker(time.Second / churn); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				i := up + int(n)%(peers-up)
				from.call(i, callee(i), false)
				n++
			}
		}
	}()
	for n := range reloads {
		s.reload(t, plain, n, n%2 == 1)
	}
	close(stop)
	n := <-begun
	eventually(t, "the calls made meanwhile have ended", func() bool { return from.ended.Load() == n })
	if failed := from.failed.Load(); failed > 0 {
		t.Errorf("%d of %d calls failed:%s", failed, n, from.why())
	}
	if got := s.status(t).Calls; got != up {
		t.Errorf("%d calls are up after the reloads, want %d", got, up)
	}
	for _, id := range held {
		from.hangup(id)
	}
	eventually(t, "no call is left", func() bool { return s.status(t).Calls == 0 })
	end := settled(t, s)
	t.Logf("%d calls meanwhile; goroutines %d -> %d, heap %d -> %d KiB", n, base.Process.Goroutines, end.Process.Goroutines, base.Process.Heap>>10, end.Process.Heap>>10)
	if end.Process.Heap > base.Process.Heap+4<<20 {
		t.Errorf("heap grew from %d to %d KiB", base.Process.Heap>>10, end.Process.Heap>>10)
	}
}

// reload has the n-th file read. A broken one changes the number of the echo as
// well, which must not come into force.
func (s *server) reload(t *testing.T, plain []byte, n int, broken bool) {
	t.Helper()
	echo, route := 7000+n, fmt.Sprintf("{name: to nobody, to: %d, do: [hangup: busy]}", 8000+n)
	if broken {
		route = fmt.Sprintf("{name: to nobody, to: %d, do: [dial: nobody]}", 8000+n)
	}
	text := fmt.Sprintf("%sfeatures: {echo: \"%d\"}\ndialplan:\n  phones: [%s]\n", plain, echo, route)
	// Written beside and renamed, as editors do: the server watches the file.
	if err := os.WriteFile(s.config()+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.config()+".new", s.config()); err != nil {
		t.Fatal(err)
	}
	var result struct{}
	err := s.ctl(&result, "reload")
	if broken != (err != nil) {
		t.Fatalf("reload %d: %v", n, err)
	}
	var features []struct{ Number, Name string }
	if err := s.ctl(&features, "features"); err != nil {
		t.Fatal(err)
	}
	want := strconv.Itoa(echo)
	if broken {
		want = strconv.Itoa(echo - 1)
	}
	if !slices.ContainsFunc(features, func(f struct{ Number, Name string }) bool { return f.Number == want }) {
		t.Fatalf("after reload %d the features are %v, want the echo at %s", n, features, want)
	}
}

// settled is the status when the last transactions have gone.
func settled(t *testing.T, s *server) (st status) {
	t.Helper()
	const (
		linger = 33 * time.Second // of transactions, a little more than 64*T1
		apart  = 4 * time.Second  // two looks; closed RTP ports stay bound for three
	)
	next := time.Now().Add(linger)
	eventually(t, "goroutines, ports and files settle", func() bool {
		if time.Now().Before(next) {
			return false
		}
		next = time.Now().Add(apart)
		last := st
		st = s.status(t)
		return st.Process.Goroutines == last.Process.Goroutines && st.Process.Files == last.Process.Files &&
			st.PortsUsed == 0 && st.Process.Heap <= last.Process.Heap+1<<20 && st.Process.Heap+1<<20 >= last.Process.Heap
	})
	return st
}
