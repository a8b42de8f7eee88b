package record

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// Levels of what is said outside of a pause, and in it.
const open, secret = 100, 20000

// interrupted records a side that talks until 3 s after a pause, of which timing says when a
// packet is made and when it comes; from and till are what is left out. It gives how much is
// heard of it.
func interrupted(t *testing.T, side int, from, till time.Duration, timing func(n int) (said, comes time.Duration)) (r Result, heard time.Duration) {
	t.Helper()
	disk := &file{channels: 2}
	s := StartStereo(StereoOptions{To: disk})
	put := []func(*media.Packet){s.Received, s.Sent}[side]
	begin := time.Now()
	time.AfterFunc(from, func() { s.Pause() })
	time.AfterFunc(till-Lag, func() { s.Resume() })
	for n := range int((till + 3*time.Second) / tick) {
		said, comes := timing(n)
		level := open
		if said >= from && said < till {
			level = secret
		}
		time.Sleep(time.Until(begin.Add(comes)))
		payload := bytes.Repeat([]byte{byte(level >> 8), byte(level)}, samples)
		put(&media.Packet{Payload: payload, Format: &codec.L16, Seq: uint16(n), Time: uint32(n) * samples})
	}
	r = s.Stop()
	if want := []Span{{from.Truncate(tick), (till + tick - 1).Truncate(tick) - from.Truncate(tick)}}; !slices.Equal(r.Pauses, want) {
		t.Errorf("the pauses are %v, want %v", r.Pauses, want)
	}
	for i := side; i < len(disk.pcm); i += 2 {
		switch at := time.Duration(i/2) * time.Second / Rate; {
		case disk.pcm[i] > 2*open:
			t.Fatalf("a level of %d at %v", disk.pcm[i], at)
		case disk.pcm[i] == open:
			heard += time.Second / Rate
		}
	}
	return r, heard
}

// What is said in a pause is not recorded, also when its place is before or behind it as the
// sender stood still with its timestamps, or the network did. Either side may.
func TestPausesKeepWhatIsMisplaced(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name       string
		sender     time.Duration // for how long it stands still after a second
		network    time.Duration // so does it
		slowly     time.Duration // and brings so many times what is said then; 0: all at once
		from, till time.Duration // what is left out
	}{
		{name: "said before it", sender: 200 * ms, from: 1500 * ms, till: 3000 * ms},
		{name: "brought before its end", network: 700 * ms, from: 900 * ms, till: 1710 * ms},
		{name: "brought after its end", network: 700 * ms, from: 900 * ms, till: 1690 * ms},
		{name: "brought long after its end", network: 800 * ms, from: 900 * ms, till: 1600 * ms},
		{name: "brought bit by bit", network: 701 * ms, slowly: 4, from: 900 * ms, till: 1690 * ms},
		{name: "brought very late", network: 1301 * ms, from: 800 * ms, till: 1500 * ms},
		{name: "brought very late bit by bit", network: 1301 * ms, slowly: 5, from: 800 * ms, till: 1500 * ms},
		{name: "slow from then on", network: 1300 * ms, slowly: 1, from: 900 * ms, till: 1900 * ms},
		{name: "a little slow from then on", network: 600 * ms, slowly: 1, from: 1100 * ms, till: 2100 * ms},
		{name: "said long before it", sender: 1300 * ms, from: 14 * time.Second, till: 15 * time.Second},
	} {
		timing := func(n int) (said, comes time.Duration) {
			said = time.Duration(n)*tick + ms
			if n < 50 {
				return said, said
			}
			said += test.sender
			comes = time.Second + test.network
			if test.slowly > 0 {
				comes += (said - time.Second) / test.slowly
			}
			return said, max(said, comes)
		}
		for side := range 2 {
			t.Run(fmt.Sprintf("%s/%d", test.name, side), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r, heard := interrupted(t, side, test.from, test.till, timing)
					if rest := r.Length - heard; rest > 500*ms+test.network+test.sender {
						t.Errorf("%v of the rest is missing", rest)
					}
				})
			})
		}
	}
}

// Whatever the network keeps, and however fast it brings that, nothing of a pause is heard: it
// was quick for a moment within the last seconds.
func TestPausesWithBadNetworks(t *testing.T) {
	seeds := uint64(300)
	if raceDetector {
		seeds = 50
	}
	for seed := range seeds {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, seed))
				upTo := func(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }
				from := time.Second + upTo(3*time.Second)
				till := from + Lag + upTo(1500*time.Millisecond)
				stands, quiet := time.Second+upTo(3*time.Second), time.Second+upTo(3*time.Second)
				kept, again := upTo(2*time.Second), upTo(time.Second)
				speed := 1 + 4*r.Float64()
				last := time.Duration(0)
				_, heard := interrupted(t, int(seed%2), from, till, func(n int) (said, comes time.Duration) {
					said = time.Duration(n)*tick + time.Millisecond
					comes = said + upTo(5*time.Millisecond)
					if said > stands {
						comes = max(comes, stands+kept+time.Duration(float64(said-stands)/speed))
					}
					if said > quiet {
						comes = max(comes, quiet+again)
					}
					last = max(last, comes)
					return said, last
				})
				if heard < 2*time.Second {
					t.Errorf("%v of what is outside is heard, of %v before the pause and 3s behind it", heard, from)
				}
			})
		})
	}
}
