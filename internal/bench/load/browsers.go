package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// browsers measures n calls of browsers to phones: set-up to the first audio, CPU for a
// packet each way, memory and goroutines; then as many calls between phones, to compare.
func (b *bench) browsers(n int) error {
	s, err := startWith(b.binary, n, 1, true)
	if err != nil {
		return err
	}
	defer s.stop()
	in := &bench{binary: b.binary, length: b.length, peers: n, server: s}
	spent, err := in.meet(n)
	if err != nil {
		return err
	}
	plain, err := in.relay(n)
	if err != nil {
		return err
	}
	fmt.Printf("browsers %d: %.1f µs per packet pair, of phones %.1f: %.2f times as much\n", n, spent, plain, spent/plain)
	return nil
}

// meet has n browsers call n phones.
func (b *bench) meet(n int) (perPair float64, err error) {
	to, err := newPhones(b.server.addr, n, callee)
	if err != nil {
		return 0, err
	}
	defer to.close()
	z, err := newAudio(to)
	if err != nil {
		return 0, err
	}
	defer z.close()
	if err := to.registerAll(); err != nil {
		return 0, err
	}
	to.onCall = func(port int, _ string) { z.add(port); go z.greet(port) }
	callers := &pages{}
	defer callers.close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute+time.Duration(n)*time.Second)
	defer cancel()
	idle := b.server.rss()
	for range n {
		if err := callers.open(ctx, b.server); err != nil {
			return 0, err
		}
	}
	before, rss := b.process(), b.server.rss()
	for i := range n {
		if err := callers.call(ctx, b.server, i); err != nil {
			return 0, fmt.Errorf("browser %d: %w", i, err)
		}
	}
	took := slices.Sorted(slices.Values(callers.setups))
	fmt.Printf("browsers %d: first audio after p50 %.0f max %.0f ms\n", n, ms(took[n/2]), ms(took[n-1]))
	perPair = b.talk("browsers", n, rss, callers, z)
	after := b.process()
	each := func(bytes int64) float64 { return float64(bytes) / 1024 / float64(n) }
	fmt.Printf("browsers %d: %.1f goroutines and %.0f KiB of heap per call; RSS %.0f KiB per connection before it, %.0f KiB with both\n", n,
		float64(after.Goroutines-before.Goroutines)/float64(n), each(after.Heap-before.Heap), each(rss-idle), each(b.server.rss()-idle))
	return perPair, nil
}

// process is what the server says of itself.
func (b *bench) process() (p struct{ Goroutines, Heap int64 }) {
	var status struct {
		Process struct{ Goroutines, Heap int64 } `json:"process"`
	}
	if err := b.server.ctl(&status, "status"); err != nil {
		fmt.Println(err)
	}
	return status.Process
}
