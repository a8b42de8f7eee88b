//go:build linux

package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// relays in the order in which they take turns; the second is what ratios refer
// to.
var relays = []string{"dialtone", "goroutines", "epoll"}

const reference = "goroutines"

// result is one measurement, or the median of several.
type result struct {
	sent, received int
	cpu            time.Duration // of the relay, during the window
	window         time.Duration
	p50, p99       time.Duration // generator to generator
	rssPerCall     int           // bytes, beyond an idle process
	idle           int           // bytes
}

func (r result) perPacket() float64 {
	return float64(r.cpu.Nanoseconds()) / 1000 / float64(max(1, r.received))
}

func (r result) core(calls int) float64 {
	return 100 * r.cpu.Seconds() / r.window.Seconds() * 100 / float64(calls)
}
func (r result) loss() float64 { return 100 * float64(r.sent-r.received) / float64(max(1, r.sent)) }

// measure runs the plan and prints a table.
func measure(p plan) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "calls\trelay\tCPU µs/packet\t% core/100 calls\tratio\tloss %\tdelay p50 µs\tp99 µs\tKiB/call\tidle MiB\t")
	for _, calls := range p.calls {
		direct, results, err := measureSize(p, calls)
		if err != nil {
			return err
		}
		printSize(out, calls, direct, results)
	}
	return out.Flush()
}

// measureSize takes all relays in turn, again in each round.
func measureSize(p plan, calls int) (direct result, results map[string]result, err error) {
	all := map[string][]result{}
	for round := range p.rounds {
		d, err := measureDirect(calls, p.duration/2)
		if err != nil {
			return direct, nil, err
		}
		all["direct"] = append(all["direct"], d)
		for i := range relays {
			name := relays[(i+round)%len(relays)]
			if p.only != "" && p.only != name {
				continue
			}
			r, err := measureRelay(name, calls, p.duration)
			if err != nil {
				return direct, nil, fmt.Errorf("%s with %d calls: %w", name, calls, err)
			}
			all[name] = append(all[name], r)
		}
	}
	results = map[string]result{}
	for name, rs := range all {
		results[name] = median(rs)
	}
	return results["direct"], results, nil
}

func printSize(out *tabwriter.Writer, calls int, direct result, results map[string]result) {
	base := results[reference].perPacket()
	for _, name := range relays {
		r, ok := results[name]
		if !ok {
			continue
		}
		ratio := "-"
		if base > 0 {
			ratio = fmt.Sprintf("%.2f", r.perPacket()/base)
		}
		fmt.Fprintf(out, "%d\t%s\t%.1f\t%.1f\t%s\t%.2f\t%d\t%d\t%.0f\t%.1f\t\n", calls, name, r.perPacket(), r.core(calls), ratio,
			r.loss(), added(r.p50, direct.p50), added(r.p99, direct.p99), float64(r.rssPerCall)/1024, float64(r.idle)/(1<<20))
	}
	fmt.Fprintf(out, "%d\t(no relay)\t\t\t\t%.2f\t%d\t%d\t\t\t\n", calls, direct.loss(), direct.p50.Microseconds(), direct.p99.Microseconds())
}

// added is the delay that the relay adds, in µs.
func added(with, without time.Duration) int64 { return max(0, with-without).Microseconds() }

// median takes the middle of each figure.
func median(rs []result) result {
	return result{
		sent:       middle(rs, func(r result) int { return r.sent }),
		received:   middle(rs, func(r result) int { return r.received }),
		cpu:        middle(rs, func(r result) time.Duration { return r.cpu }),
		window:     middle(rs, func(r result) time.Duration { return r.window }),
		p50:        middle(rs, func(r result) time.Duration { return r.p50 }),
		p99:        middle(rs, func(r result) time.Duration { return r.p99 }),
		rssPerCall: middle(rs, func(r result) int { return r.rssPerCall }),
		idle:       middle(rs, func(r result) int { return r.idle }),
	}
}

func middle[T cmp.Ordered](rs []result, get func(result) T) T {
	vs := make([]T, len(rs))
	for i, r := range rs {
		vs[i] = get(r)
	}
	slices.Sort(vs)
	return vs[(len(vs)-1)/2]
}

// measureDirect lets the generator talk to itself: what it costs without relay.
func measureDirect(calls int, d time.Duration) (result, error) {
	g, err := newGenerator()
	if err != nil {
		return result{}, err
	}
	defer g.close()
	ports := make([][2]int, calls)
	for i := range ports {
		ports[i] = [2]int{g.sides[1].port, g.sides[0].port}
	}
	g.start(ports)
	defer g.stop()
	return g.window(d, func() (usage, error) { return usage{}, nil })
}

// measureRelay starts the relay called name, lets it warm up and measures.
func measureRelay(name string, calls int, d time.Duration) (result, error) {
	g, err := newGenerator()
	if err != nil {
		return result{}, err
	}
	defer g.close()
	c, err := startChild(name, calls, g.sides[0].port, g.sides[1].port)
	if err != nil {
		return result{}, err
	}
	defer c.stop()
	g.start(c.ready.Ports)
	defer g.stop()
	time.Sleep(d / 5)
	r, err := g.window(d, c.usage)
	r.idle = c.ready.Idle
	r.rssPerCall = max(0, r.rssPerCall-c.ready.Idle) / calls
	return r, err
}
