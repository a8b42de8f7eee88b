package main

import (
	"fmt"
	"time"
)

// register measures registrations with digest: each is refused once and then
// accepted, two transactions.
func (b *bench) register(rate int) error {
	p, err := newPhones(b.server.addr, b.peers, callee)
	if err != nil {
		return err
	}
	defer p.close()
	cpu, begin := b.server.cpu(), time.Now()
	n := pace(rate, b.length, func(i int) {
		who := i % b.peers
		p.register(who)
	})
	settle(func() bool { return p.registered.Load()+p.failed.Load() >= n })
	used, took := b.server.cpu()-cpu, time.Since(begin)
	done := p.registered.Load()
	fmt.Printf("register: asked %d/s, done %.0f/s, refused %d%s, lost %d, CPU %.3f ms each, RSS %.1f MiB\n",
		rate, float64(done)/took.Seconds(), p.failed.Load(), p.why(), n-done-p.failed.Load(), per(used, done), mib(b.server.rss()))
	return nil
}

// calls measures set-up and tear-down: INVITE, 180, 200, ACK and BYE on both
// sides, nothing said.
func (b *bench) calls(rate int) error {
	from, to, err := b.sides()
	if err != nil {
		return err
	}
	defer from.close()
	defer to.close()
	cpu, begin := b.server.cpu(), time.Now()
	n := pace(rate, b.length, func(i int) { from.call(i%b.peers, callee(i%b.peers), false) })
	settle(func() bool { return from.ended.Load()+from.failed.Load() >= n })
	used, took := b.server.cpu()-cpu, time.Since(begin)
	done := from.ended.Load()
	fmt.Printf("calls: asked %d/s, done %.0f/s, refused %d%s, lost %d, set-up %.1f ms, CPU %.3f ms each, RSS %.1f MiB\n",
		rate, float64(done)/took.Seconds(), from.failed.Load(), from.why(), n-done-from.failed.Load(),
		per(time.Duration(from.setup.Load()), from.calls.Load()), per(used, done), mib(b.server.rss()))
	return nil
}

// sides are callers with a known nonce, and registered callees.
func (b *bench) sides() (from, to *phones, err error) {
	if from, err = newPhones(b.server.addr, b.peers, caller); err != nil {
		return nil, nil, err
	}
	if to, err = newPhones(b.server.addr, b.peers, callee); err != nil {
		from.close()
		return nil, nil, err
	}
	if err = to.registerAll(); err == nil {
		err = from.registerAll()
	}
	if err != nil {
		from.close()
		to.close()
	}
	return from, to, err
}

// pace calls start rate times a second for length, in small even bursts, and
// returns how often.
func pace(rate int, length time.Duration, start func(i int)) int64 {
	begin, total := time.Now(), int(float64(rate)*length.Seconds())
	for i := 0; i < total; {
		due := min(int(time.Since(begin).Seconds()*float64(rate))+1, total)
		for ; i < due; i++ {
			start(i)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return int64(total)
}

// settle waits until done, or until nothing can come any more.
func settle(done func() bool) { within(2*time.Second, done) }

// within waits until done, and reports false when that takes longer than limit.
func within(limit time.Duration, done func() bool) bool {
	for end := time.Now().Add(limit); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

func per(d time.Duration, n int64) float64 {
	if n == 0 {
		return 0
	}
	return d.Seconds() * 1000 / float64(n)
}
