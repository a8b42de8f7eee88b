package call_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/storage"
)

var (
	walks     = flag.Int("walks", 0, "how many walks TestWalk takes; 0: some, and those that found something once")
	firstWalk = flag.Uint64("seed", 1, "the seed of the first of -walks")
)

// fewWalks are taken when nobody asks for more.
const fewWalks = 150

// found are walks that have found something.
var found = []uint64{
	255,  // who hung up in the moment of coming back had two entries in the record
	319,  // who came back was another leg, and was taken for the other party
	22,   // who came back to nobody was in no record
	1044, // the lamp of a caller showed a callee while it was handed over
	18,   // a leg that ended while its call was made (a race)
}

// TestWalk lets a few phones do anything at any time, loses some of what they say, and
// looks after each step whether lamps, switchboard and phones agree and who hears whom; in
// the end whether all is over, and what the records tell.
func TestWalk(t *testing.T) {
	var seeds []uint64
	if *walks == 0 {
		seeds = append(seeds, found...)
	}
	for n := range uint64(max(*walks, fewWalks)) { //nolint:gosec // is not negative
		if *walks == 0 || n < uint64(*walks) { //nolint:gosec // is not negative
			seeds = append(seeds, *firstWalk+n)
		}
	}
	for _, seed := range seeds {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { newWalker(t, seed).walk() })
	}
}

// walkPlan is the plan of all walks.
const walkPlan = `
groups:
  all: {members: ["100", "101", {extension: "102", delay: 3s}]}
  turn: {members: ["102", "100", "101"], strategy: sequential, each: 4s}
parking: {dial: "700", slots: "701-702", timeout: 30s, ring_back: 10s}
features: {pickup: "*8", echo: "600"}
transfers: {key: "##", consult_key: "*3"}
media: {timeout: 20s}
calls: {ring_timeout: 15s}
dialplan:
  phones:
    - {name: all, to: "200", do: [{dial: all, timeout: 15s}]}
    - {name: turn, to: "201", do: [{wait: 1s}, {dial: turn, timeout: 15s, on: {failed: [{park: "702", timeout: 10s}, {hangup: busy}]}}]}
    - {name: answered, to: "202", do: [answer, {wait: 2s}, {dial: "101", timeout: 10s}, {music: 5s}]}
`

// walker is a world in which phones do anything, and somebody who only listens to Watch.
type walker struct {
	*world
	t      *testing.T
	seed   uint64
	r      *rand.Rand // of the goroutine that takes the steps
	phones []string   // extensions
	start  time.Time
	over   <-chan struct{}

	mu      sync.Mutex
	made    map[string]int // legs, by party
	rung    map[string]int // phones that are rung now, by extension
	legs    []*walked      // that live, or did
	story   []string       // what happened, for people
	records []storage.CDR
	late    int // records of calls that were refused at once

	transfers []*asked
	pending   atomic.Int32 // transfers that nobody has answered yet
	seen      atomic.Pointer[map[string][]call.Dialog]
}

// asked is a transfer that a phone wanted.
type asked struct {
	by     *walked
	begun  bool
	finals atomic.Int32
}

func newWalker(t *testing.T, seed uint64) *walker {
	t.Helper()
	return &walker{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 5)), made: map[string]int{}, rung: map[string]int{}}
}

func (k *walker) say(format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.story = append(k.story, fmt.Sprintf("%9v  ", time.Since(k.start))+fmt.Sprintf(format, args...))
}

// Write takes the log of the switchboard.
func (k *walker) Write(line []byte) (int, error) {
	k.say("    %s", strings.TrimSpace(string(line)))
	return len(line), nil
}

func (k *walker) fail(format string, args ...any) {
	k.t.Helper()
	k.mu.Lock()
	story := strings.Join(k.story, "\n")
	k.mu.Unlock()
	k.t.Fatalf("%s\nagain: go test ./pbx/call -run TestWalk -seed %d -walks 1\n%s\n%s", fmt.Sprintf(format, args...), k.seed, story, shown(k.world))
}

// walk takes all steps of one walk, and looks.
func (k *walker) walk() {
	outer := k.t
	defer func() {
		if why := recover(); why != nil { // goroutines that are left, for instance
			all := make([]byte, 1<<20)
			k.t = outer
			k.fail("%v\n%s", why, all[:runtime.Stack(all, true)])
		}
	}()
	synctest.Test(outer, func(t *testing.T) {
		k.t, k.start = t, time.Now()
		ctx, stop := context.WithCancel(context.Background())
		t.Cleanup(stop)
		k.over = ctx.Done()
		k.begin(ctx)
		go k.watch(ctx)
		for range 20 + k.r.IntN(25) {
			for range 1 + k.r.IntN(8)/6*k.r.IntN(4) { // some at once
				k.step()
			}
			synctest.Wait()
			k.look()
			k.pass(k.pause())
			k.look()
			k.listen()
		}
		k.end()
		k.Close()
		synctest.Wait()
		k.judge()
	})
}

// begin makes the world.
func (k *walker) begin(ctx context.Context) {
	text, phones := "extensions:\n", book{}
	for n := range 3 + k.r.IntN(3) {
		e := strconv.Itoa(100 + n)
		k.phones = append(k.phones, e)
		for range 1 + k.r.IntN(4)/3 {
			phones[e] = append(phones[e], k.phone(e))
		}
	}
	for n := range 5 { // some have no phone
		text += fmt.Sprintf("  %q: {password: kqvt-8mzn-3xwp-r5h%d, name: N%d, max_calls: %d}\n", strconv.Itoa(100+n), n, n, 2+k.r.IntN(4))
	}
	l, err := config.Parse("walk.yaml", []byte(text+walkPlan), nil)
	if err != nil {
		k.t.Fatal(err)
	}
	k.world = newWorldOf(k.t, l.Plan, call.Options{
		Dialer: phones, Log: slog.New(slog.NewTextHandler(k, &slog.HandlerOptions{ReplaceAttr: brief})), Music: &jukebox{},
	})
	k.cfg = l.Config
	go k.keep(ctx)
}

// keep keeps records.
func (k *walker) keep(ctx context.Context) {
	for {
		select {
		case r := <-k.cdrs:
			k.mu.Lock()
			k.records = append(k.records, r)
			k.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// brief leaves out what the story has.
func brief(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// watch looks whenever it is told to, and each second: who waits while its phone is
// transferred, or rings another one, may hold and nobody is told.
func (k *walker) watch(ctx context.Context) {
	changed, stop := k.Watch()
	defer stop()
	for {
		all := k.Dialogs(anybody)
		k.seen.Store(&all)
		select {
		case <-changed:
		case <-time.After(time.Second):
		case <-ctx.Done():
			return
		}
	}
}

// pause is how long nobody does anything.
func (k *walker) pause() time.Duration {
	switch k.r.IntN(12) {
	case 0:
		return 0
	case 1, 2:
		return time.Duration(k.r.IntN(200)) * time.Millisecond
	case 3:
		return time.Duration(10+k.r.IntN(50)) * time.Second
	default:
		return time.Duration(k.r.IntN(4000)) * time.Millisecond
	}
}

// pass lets time pass, in which phones send audio.
func (k *walker) pass(d time.Duration) {
	for d > 0 {
		part := min(d, 2*time.Second)
		d -= part
		time.Sleep(part)
		for _, l := range k.living() {
			if !l.mute.Load() && l.Far().Direction.Send {
				l.ear.speak()
			}
		}
	}
	synctest.Wait()
}

func (k *walker) living() (out []*walked) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.legs {
		if l.ctx.Err() == nil && (l.inbound || l.up.Load()) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b *walked) int { return strings.Compare(a.id, b.id) })
	return out
}

// end lets all calls end, in one way or another.
func (k *walker) end() {
	switch k.r.IntN(5) {
	case 0:
		k.say("all hang up at once")
		for _, l := range k.living() {
			l.bye(dialplan.CauseNormal)
		}
	case 1:
		k.say("the network is gone")
		for _, l := range k.living() {
			l.falls()
		}
	case 2:
		k.say("the server stops")
		k.Close()
	default:
		k.say("all hang up")
		for alive := k.living(); len(alive) > 0; alive = k.living() {
			alive[k.r.IntN(len(alive))].bye(dialplan.CauseNormal)
			k.pass(time.Duration(k.r.IntN(800)) * time.Millisecond)
			k.look()
		}
	}
	for range 60 { // those who are rung meanwhile hang up, too
		k.pass(5 * time.Second)
		if len(k.living()) == 0 && k.Len() == 0 {
			break
		}
		for _, l := range k.living() {
			if !l.mute.Load() {
				l.bye(dialplan.CauseNormal)
			}
		}
	}
	k.look()
}
