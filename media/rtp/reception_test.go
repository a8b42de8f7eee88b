package rtp

import (
	"testing"
	"time"
)

func TestLossBySequenceNumbers(t *testing.T) {
	for _, c := range []struct {
		name string
		seqs []uint16
		lost uint64
	}{
		{"none", []uint16{1, 2, 3}, 0},
		{"one missing", []uint16{1, 3}, 1},
		{"out of order", []uint16{1, 3, 2, 4}, 0},
		{"twice the same is not less than none", []uint16{1, 1, 2}, 0},
		{"over the end", []uint16{65534, 65535, 1, 2}, 1},
		{"a stray number", []uint16{1, 2, 30000, 3, 4}, 0},
		{"starts over", []uint16{1, 2, 4, 30000, 30001, 30002, 30004}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r reception
			for _, s := range c.seqs {
				r.update(header{seq: s, ssrc: 7}, 172, 0)
			}
			if r.lost() != c.lost {
				t.Errorf("%d lost, want %d", r.lost(), c.lost)
			}
		})
	}
}

func TestLossIsKeptWhenTheSourceChanges(t *testing.T) {
	var r reception
	for _, h := range []header{{seq: 1, ssrc: 7}, {seq: 3, ssrc: 7}, {seq: 500, ssrc: 8}, {seq: 503, ssrc: 8}} {
		r.update(h, 172, 0)
	}
	if r.lost() != 3 || r.packets != 4 {
		t.Errorf("%d lost of %d, want 3 of 4", r.lost(), r.packets)
	}
	if b, _ := r.block(); b.ssrc != 8 || b.lost != 2 {
		t.Errorf("the report is about %d with %d lost, want 8 with 2", b.ssrc, b.lost)
	}
}

func TestFractionLostIsSinceTheLastReport(t *testing.T) {
	var r reception
	for _, s := range []uint16{1, 2, 3, 5} {
		r.update(header{seq: s}, 172, 0)
	}
	first, _ := r.block()
	for _, s := range []uint16{6, 7} {
		r.update(header{seq: s}, 172, 0)
	}
	second, _ := r.block()
	if first.fraction != 51 || second.fraction != 0 || second.lost != 1 {
		t.Errorf("fractions %d and %d, %d lost, want 51 and 0, 1", first.fraction, second.fraction, second.lost)
	}
}

func TestJitterFollowsRFC3550(t *testing.T) {
	var r reception
	at := time.Duration(0)
	for i := range 200 {
		wobble := time.Duration(i%2) * 8 * time.Millisecond
		r.transited(uint32(160*i), 8000, at+wobble)
		at += 20 * time.Millisecond
	}
	if j := r.jitterTime(); j < 7*time.Millisecond || j > 9*time.Millisecond {
		t.Errorf("jitter is %v, want about 8ms", j)
	}
	steady := reception{}
	for i := range 100 {
		steady.transited(uint32(160*i), 8000, time.Duration(i)*20*time.Millisecond)
	}
	if j := steady.jitterTime(); j != 0 {
		t.Errorf("jitter of a steady stream is %v", j)
	}
}

func TestMOSFallsWithLossDelayAndCodec(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		name        string
		codec       string
		loss        float64
		jitter, rtt time.Duration
		low, high   float64
	}{
		{"perfect", "PCMU", 0, 0, 0, 4.35, 4.45},
		{"one in a hundred", "PCMA", 0.01, 5 * ms, 40 * ms, 4.2, 4.35},
		{"one in ten", "PCMA", 0.10, 5 * ms, 40 * ms, 2.7, 3.6},
		{"satellite", "PCMA", 0, 5 * ms, 600 * ms, 3.0, 3.9},
		{"G.729", "G729", 0, 0, 0, 4.0, 4.2},
		{"nothing gets through", "PCMA", 1, time.Second, 10 * time.Second, 1, 1},
		{"unknown codec", "XYZ", 0, 0, 0, 4.35, 4.45},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m := mos(c.codec, c.loss, c.jitter, c.rtt); m < c.low || m > c.high {
				t.Errorf("%.2f, want %.2f to %.2f", m, c.low, c.high)
			}
		})
	}
}
