package main

import (
	"fmt"
	"strings"
	"time"
)

// user is whom a request is for.
func (d *dialing) user() string {
	user, _, _ := strings.Cut(strings.TrimPrefix(d.uri, "sip:"), "@")
	return user
}

// watch subscribes extension i to what another one does.
func (p *phones) watch(i int, of string) {
	id := p.newID()
	d := &dialing{who: i, uri: "sip:" + of + "@" + p.server.String(), watch: true, start: time.Now()}
	p.mu.Lock()
	p.pending[id] = d
	p.mu.Unlock()
	p.transmit(id, d)
}

// lamps measures calls of a second each, first without lamps, then with n of them for the
// phones that are called.
func (b *bench) lamps(n, rate int) error {
	from, to, err := b.sides()
	if err != nil {
		return err
	}
	defer from.close()
	defer to.close()
	for _, lamps := range []int{0, n} {
		before := from.registered.Load()
		for i := range lamps {
			from.watch(i%b.peers, callee(i/5%b.peers))
			if i%50 == 49 {
				time.Sleep(20 * time.Millisecond)
			}
		}
		if !within(30*time.Second, func() bool { return from.registered.Load()-before+from.failed.Load() >= int64(lamps) }) {
			return fmt.Errorf("%d of %d lamps are lit", from.registered.Load()-before, lamps)
		}
		time.Sleep(time.Second)
		cpu, begin, told, ended := b.server.cpu(), time.Now(), from.notified.Load(), from.ended.Load()
		calls := pace(rate, b.length, func(i int) {
			id := from.call(i%b.peers, callee(i%b.peers), true)
			time.AfterFunc(time.Second, func() { from.hangup(id) })
		})
		settle(func() bool { return from.ended.Load()-ended+from.failed.Load() >= calls })
		used, took := b.server.cpu()-cpu, time.Since(begin)
		fmt.Printf("lamps: %d lamps, %d calls/s, done %d of %d, refused %d%s, %.0f NOTIFY/s, CPU %.1f %% of a core, RSS %.1f MiB\n", lamps, rate,
			from.ended.Load()-ended, calls, from.failed.Load(), from.why(), float64(from.notified.Load()-told)/took.Seconds(), 100*used.Seconds()/took.Seconds(), mib(b.server.rss()))
	}
	return nil
}
