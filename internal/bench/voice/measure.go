//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// cost is what one measurement showed.
type cost struct {
	cpu, took time.Duration
	in, out   uint64 // packets
	allocs    uint64
	bare      time.Duration // the codecs alone, for the same packets
}

func (c cost) core() float64 { return 100 * c.cpu.Seconds() / c.took.Seconds() }

// perPacket is the processor time for a packet that comes or goes.
func (c cost) perPacket() float64 {
	return float64(c.cpu.Microseconds()) / max(1, float64(c.in+c.out))
}

func (c cost) perTick() float64 {
	return float64(c.allocs) / (float64(c.took) / float64(packetTime))
}

// compare measures all scenes by turns and prints a table.
func compare(p plan) error {
	wanted := p.wanted()
	costs := make([][]cost, len(wanted))
	for round := range p.rounds {
		for i := range wanted {
			at := (i + round) % len(wanted)
			c, err := measure(wanted[at], p)
			if err != nil {
				return fmt.Errorf("%s: %w", wanted[at].name, err)
			}
			costs[at] = append(costs[at], c)
		}
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "scene\t% of a core\tgoal\tper packet, relay = 1\tbare codecs = 1\tgoal\tpackets in\tout\tallocations per 20 ms\t")
	for i, s := range wanted {
		c := costs[i]
		fmt.Fprintf(out, "%s\t%.1f\t%s\t%s\t%s\t%s\t%d\t%d\t%.1f\t\n", s.name,
			middle(c, cost.core), goal("%.0f", s.limit), ratio(c, costs[0]), bareRatio(c), goal("%.1f", s.bare),
			c[len(c)-1].in, c[len(c)-1].out, middle(c, cost.perTick))
	}
	return out.Flush()
}

func goal(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

// ratio compares the rounds of two scenes, each with the same round of the other.
func ratio(c, with []cost) string {
	all := make([]float64, len(c))
	for i := range c {
		all[i] = c[i].perPacket() / with[i].perPacket()
	}
	return fmt.Sprintf("%.2f", middle(all, func(v float64) float64 { return v }))
}

func bareRatio(c []cost) string {
	if c[0].bare == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", middle(c, func(c cost) float64 { return float64(c.cpu) / float64(c.bare) }))
}

// middle is the median.
func middle[T any, V cmp.Ordered](all []T, get func(T) V) V {
	values := make([]V, len(all))
	for i, one := range all {
		values[i] = get(one)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// settle is how long a scene is played before it is measured.
const settle = 2 * time.Second

// measure plays one scene.
func measure(s scene, p plan) (c cost, err error) {
	phones, at, err := openPhones()
	if err != nil {
		return c, err
	}
	defer phones.close()
	child, err := start(s, at, p.profile)
	if err != nil {
		return c, err
	}
	defer child.stop()
	var ports []int
	if err := child.says.Decode(&ports); err != nil {
		return c, fmt.Errorf("the child gave up: %w", err)
	}
	if err := phones.prepare(s, ports); err != nil {
		return c, err
	}
	go phones.talk(p.step)
	defer phones.hush()
	time.Sleep(settle)
	before, err := child.used()
	if err != nil {
		return c, err
	}
	began := time.Now()
	time.Sleep(p.length)
	after, err := child.used()
	if err != nil {
		return c, err
	}
	c = cost{
		cpu: after.CPU - before.CPU, took: time.Since(began), in: after.In - before.In, out: after.Out - before.Out,
		allocs: after.Allocs - before.Allocs,
	}
	if s.what == calls && !s.formats[0].Same(s.formats[1]) {
		c.bare, err = bare(s, phones, c.in)
	}
	return c, err
}

// player is the child that plays a scene.
type player struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	says *json.Decoder
}

// start lets a child play s with phones at a UDP port.
func start(s scene, at int, profile string) (*player, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-child", s.name, "-to", strconv.Itoa(at), "-profile", profile)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &player{cmd, in, json.NewDecoder(out)}, nil
}

// used asks what the child has used so far.
func (p *player) used() (u usage, err error) {
	if _, err = fmt.Fprintln(p.in); err == nil {
		err = p.says.Decode(&u)
	}
	return u, err
}

func (p *player) stop() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
}
