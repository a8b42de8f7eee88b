//go:build linux

package main

import (
	"syscall"
	"time"

	"dialtone/media/codec"
)

// bare is what the codecs alone need for so many packets of a scene of calls: each is
// decoded and encoded at the lower one of the two rates, where what needs another rate
// resamples.
func bare(s scene, p *phones, packets uint64) (time.Duration, error) {
	a, b := s.formats[0], s.formats[1]
	if codec.Conversion(a, b) != nil {
		return 0, nil // a table is no codec
	}
	rate := min(codec.Rate(a), codec.Rate(b))
	var total time.Duration
	for _, way := range [][2]codec.Format{{a, b}, {b, a}} {
		from, to := way[0], way[1]
		which := 0
		if from.Same(b) {
			which = 1
		}
		dec, err := codec.NewDecoder(from, rate)
		if err != nil {
			return 0, err
		}
		enc, err := codec.NewEncoder(to, codec.Options{Rate: rate})
		if err != nil {
			dec.Close()
			return 0, err
		}
		pcm, payload := make([]int16, rate/50), make([]byte, 1500)
		const rounds = 30
		var before, after syscall.Rusage
		for round := range rounds + 2 { // the first two warm up
			if round == 2 {
				if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
					return 0, err
				}
			}
			for _, packet := range p.said[which] {
				enc.Encode(payload, pcm[:dec.Decode(pcm, packet)])
			}
		}
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
			return 0, err
		}
		spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
		total += time.Duration(spent * int64(packets) / 2 / rounds / period)
		dec.Close()
		enc.Close()
	}
	return total, nil
}
