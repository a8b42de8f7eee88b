//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"dialtone/media/codec"
)

func main() {
	members := flag.Int("members", 100, "how many are in the conference")
	speakers := flag.Int("speakers", 3, "how many of them speak")
	length := flag.Duration("for", 20*time.Second, "how long to measure")
	child := flag.String("child", "", "what this process does: conference or relay")
	to := flag.Int("to", 0, "the UDP port that a child sends to")
	flag.Parse()
	var err error
	if *child != "" {
		err = serve(*child, *members, *to)
	} else {
		err = compare(*members, *speakers, *length)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conference:", err)
		os.Exit(1)
	}
}

func compare(members, speakers int, length time.Duration) error {
	relay, err := measure("relay", members, speakers, length)
	if err != nil {
		return err
	}
	room, err := measure("conference", members, speakers, length)
	if err != nil {
		return err
	}
	for _, r := range []struct {
		name string
		cost
	}{{"relay", relay}, {"conference", room}} {
		fmt.Printf("%-11s %4d phones  %6.2f %% of a core  %7d packets in  %7d out  %5.2f us a packet in and out\n",
			r.name, members, 100*r.cpu.Seconds()/r.took.Seconds(), r.in, r.out, r.perPacket()*1e6)
	}
	fmt.Printf("a packet of the conference costs %.2f times one of the relay\n", room.perPacket()/relay.perPacket())
	return nil
}

// cost is what was used.
type cost struct {
	cpu, took time.Duration
	in, out   uint64
}

func (c cost) perPacket() float64 { return c.cpu.Seconds() / (float64(c.in+c.out) / 2) }

// usage is what a child says of itself.
type usage struct {
	CPU time.Duration
	In  uint64
	Out uint64
}

// settle is how long a child runs before it is measured.
const settle = 3 * time.Second

func measure(what string, members, speakers int, length time.Duration) (c cost, err error) {
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return c, err
	}
	defer sink.Close()
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	at := sink.LocalAddr().(*net.UDPAddr).Port
	cmd := exec.Command(self, "-child", what, "-members", fmt.Sprint(members), "-to", fmt.Sprint(at))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return c, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return c, err
	}
	if err := cmd.Start(); err != nil {
		return c, err
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	says := json.NewDecoder(bufio.NewReader(out))
	var ports []int
	if err := says.Decode(&ports); err != nil {
		return c, fmt.Errorf("the child gave up: %w", err)
	}
	go discard(sink)
	var stop atomic.Bool
	done := make(chan struct{})
	go func() { defer close(done); talk(sink, ports, speakers, &stop) }()
	defer func() { stop.Store(true); <-done }()
	ask := func() (u usage, err error) {
		if _, err = fmt.Fprintln(in); err == nil {
			err = says.Decode(&u)
		}
		return u, err
	}
	time.Sleep(settle)
	before, err := ask()
	if err != nil {
		return c, err
	}
	began := time.Now()
	time.Sleep(length)
	after, err := ask()
	return cost{after.CPU - before.CPU, time.Since(began), after.In - before.In, after.Out - before.Out}, err
}

func discard(c *net.UDPConn) {
	b := make([]byte, 2000)
	for {
		if _, _, err := c.ReadFromUDPAddrPort(b); err != nil {
			return
		}
	}
}

// talk sends a packet of each phone every 20 ms.
func talk(c *net.UDPConn, ports []int, speakers int, stop *atomic.Bool) {
	enc, err := codec.NewEncoder(codec.PCMU, codec.Options{})
	if err != nil {
		return
	}
	defer enc.Close()
	packet := make([]byte, 172)
	pcm := make([]int16, 160)
	next := time.Now()
	for n := 0; !stop.Load(); n++ {
		for i, port := range ports {
			for s := range pcm {
				pcm[s] = 0
				if i < speakers {
					pcm[s] = int16(6000 * math.Sin(2*math.Pi*float64(300+100*i)*float64(n*160+s)/8000))
				}
			}
			packet[0], packet[1] = 0x80, 0
			binary.BigEndian.PutUint16(packet[2:], uint16(n))
			binary.BigEndian.PutUint32(packet[4:], uint32(n*160))
			binary.BigEndian.PutUint32(packet[8:], uint32(i+1))
			enc.Encode(packet[12:], pcm)
			_, _ = c.WriteToUDPAddrPort(packet, netip.AddrPortFrom(loopback, uint16(port)))
		}
		next = next.Add(20 * time.Millisecond)
		time.Sleep(time.Until(next))
	}
}
