package jitter

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dialtone/media/codec"
)

// standstill is a time in which the network or the listener does nothing.
type standstill struct{ from, to time.Duration }

func beyond(all []standstill, at time.Duration) time.Duration {
	for _, s := range all {
		if at >= s.from && at < s.to {
			return s.to
		}
	}
	return at
}

type sending struct {
	at   time.Duration
	seq  uint16
	time uint32
}

// troubled is what is sent in 9 s, in the first 5 of which the sender stands still now and then,
// with or without its timestamps, packets get lost, and the network stands still.
func troubled(r *rand.Rand, network []standstill) (all []sending) {
	p := sending{seq: uint16(r.Uint32()), time: r.Uint32()}
	for ; p.at < 9*time.Second; p.at += 20 * time.Millisecond {
		trouble := p.at < 5*time.Second
		if trouble && r.IntN(60) == 0 {
			still := time.Duration(r.IntN(1200)) * time.Millisecond
			p.at += still
			if r.IntN(2) == 0 {
				p.time += uint32(still.Milliseconds() * 8)
			}
		}
		if !trouble || r.IntN(30) != 0 {
			sent := p
			sent.at = beyond(network, p.at) + time.Duration(r.IntN(8))*time.Millisecond
			all = append(all, sent)
		}
		p.seq++
		p.time += 160
	}
	slices.SortStableFunc(all, func(a, b sending) int { return cmp.Compare(a.at, b.at) })
	return all
}

// Whoever stood still, the sender, the network or who listens: 3 s later all is heard.
func TestAudioComesBackAfterStandstills(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		var network, listener []standstill
		for at := time.Duration(0); at < 5*time.Second; {
			s := standstill{from: at + time.Duration(r.IntN(1500))*time.Millisecond}
			s.to = s.from + time.Duration(r.IntN(900))*time.Millisecond
			if at = s.to; r.IntN(2) == 0 {
				network = append(network, s)
			} else {
				listener = append(listener, s)
			}
		}
		heard, stats := listen(troubled(r, network), listener)
		if heard < 45 {
			t.Errorf("seed %d: only %d of 50 frames are heard: %+v", seed, heard, stats)
		}
	}
}

// listen says how many frames are heard in the last second. Its clock goes on as that of a mixer
// that leaves out ticks.
func listen(packets []sending, standstills []standstill) (heard int, s Stats) {
	payload := make([]byte, 160) // a loud square wave
	for i := range payload {
		payload[i] = byte(0x10 + 0x80*(i/4%2))
	}
	b := New(Options{})
	defer b.Close()
	begin, pcm, format := time.Unix(1000, 0), make([]int16, 160), codec.PCMU
	for now, tick := time.Duration(0), time.Duration(0); now < 9*time.Second; {
		for len(packets) > 0 && packets[0].at <= now {
			p := packets[0]
			b.Put(Packet{Payload: payload, Format: &format, SSRC: 1, Time: p.time, Seq: p.seq}, begin.Add(p.at))
			packets = packets[1:]
		}
		if b.Get(pcm, begin.Add(tick)) && pcm[80] != 0 && now >= 8*time.Second {
			heard++
		}
		tick += 20 * time.Millisecond
		now = max(now, beyond(standstills, tick))
		if late := now - tick; late > 100*time.Millisecond {
			tick += late.Truncate(20 * time.Millisecond)
		}
	}
	return heard, b.Stats()
}
