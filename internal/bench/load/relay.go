package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	frame      = 20 * time.Millisecond
	packetSize = 172 // 12 bytes of header and 160 of G.711
)

// relay measures n calls with audio both ways: loss, delay through the server,
// its CPU and its memory.
func (b *bench) relay(n int) (perPair float64, err error) {
	from, to, err := b.sides()
	if err != nil {
		return 0, err
	}
	defer from.close()
	defer to.close()
	before := b.server.rss()
	a, err := newAudio(from)
	if err != nil {
		return 0, err
	}
	defer a.close()
	z, err := newAudio(to)
	if err != nil {
		return 0, err
	}
	defer z.close()
	from.onAnswer = func(_ string, port int) { a.add(port) }
	to.onCall = func(port int, _ string) { z.add(port) }
	ids := make([]string, n)
	for i := range ids {
		ids[i] = from.call(i%b.peers, callee(i%b.peers), true)
		time.Sleep(2 * time.Millisecond)
	}
	settle(func() bool { return from.calls.Load()+from.failed.Load() >= int64(n) && z.count() >= n })
	if from.calls.Load() < int64(n) {
		return 0, fmt.Errorf("%d of %d calls came up", from.calls.Load(), n)
	}
	perPair = b.talk("relay", n, before, a, z)
	for _, id := range ids {
		from.hangup(id)
		time.Sleep(time.Millisecond)
	}
	settle(func() bool { return from.ended.Load() >= int64(n) })
	return perPair, nil
}

// side is one end of all calls.
type side interface {
	speak(stop <-chan struct{})
	measure() // from now on
	counted() (sent, got int64)
	taken() []time.Duration // the delays
}

// talk lets both sides of n calls talk, and gives the microseconds of CPU for a packet
// each way.
func (b *bench) talk(name string, n int, before int64, sides ...side) (perPair float64) {
	stop := make(chan struct{})
	var sending sync.WaitGroup
	for _, s := range sides {
		sending.Go(func() { s.speak(stop) })
	}
	time.Sleep(500 * time.Millisecond) // ports latch, buffers grow
	for _, s := range sides {
		s.measure()
	}
	cpu, begin := b.server.cpu(), time.Now()
	time.Sleep(b.length)
	used, took := b.server.cpu()-cpu, time.Since(begin)
	rss := b.server.rss()
	close(stop)
	sending.Wait()
	time.Sleep(200 * time.Millisecond)
	var sent, got int64
	var delays []time.Duration
	for _, s := range sides {
		more, back := s.counted()
		sent, got = sent+more, got+back
		delays = append(delays, s.taken()...)
	}
	slices.Sort(delays)
	if len(delays) == 0 {
		fmt.Printf("%s %d calls: no packet arrived\n", name, n)
		return 0
	}
	percent := 100 * used.Seconds() / took.Seconds()
	fmt.Printf("%s %d calls: sent %d, lost %d, delay p50 %.2f p99 %.2f max %.2f ms, CPU %.1f %% of a core, %.1f %% per 100 calls, RSS %.0f KiB per call\n",
		name, n, sent, sent-got, ms(delays[len(delays)/2]), ms(delays[len(delays)*99/100]), ms(delays[len(delays)-1]),
		percent, percent*100/float64(n), float64(rss-before)/1024/float64(n))
	return used.Seconds() * 1e6 / (took.Seconds() / frame.Seconds() * float64(n))
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// audio is the sound of all phones of one side, through one socket.
type audio struct {
	socket    *net.UDPConn
	epoch     time.Time
	sent, got atomic.Int64
	measuring atomic.Bool

	mu     sync.Mutex
	ports  []*net.UDPAddr
	delays []time.Duration
}

func newAudio(p *phones) (*audio, error) {
	s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = s.SetReadBuffer(8 << 20)
	p.media = s.LocalAddr().(*net.UDPAddr).Port
	a := &audio{socket: s, epoch: time.Now()}
	go a.listen()
	return a, nil
}

func (a *audio) close() { _ = a.socket.Close() }

func (a *audio) add(port int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ports = append(a.ports, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
}

func (a *audio) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ports)
}

func (a *audio) taken() []time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.delays
}

// speak sends one packet per call and frame, the calls spread over the frame.
// The payload begins with the time of sending.
func (a *audio) speak(stop <-chan struct{}) {
	a.mu.Lock()
	ports := slices.Clone(a.ports)
	a.mu.Unlock()
	pkt := make([]byte, packetSize)
	pkt[0] = 0x80
	every(len(ports), stop, func(call, seq int) {
		binary.BigEndian.PutUint16(pkt[2:], uint16(seq))
		binary.BigEndian.PutUint32(pkt[4:], uint32(seq*160))
		binary.BigEndian.PutUint32(pkt[8:], uint32(call+1))
		stamp := int64(time.Since(a.epoch)) << 1
		if a.measuring.Load() {
			stamp |= 1
			a.sent.Add(1)
		}
		binary.BigEndian.PutUint64(pkt[12:], uint64(stamp))
		binary.BigEndian.PutUint64(pkt[20:], uint64(a.epoch.UnixNano()))
		_, _ = a.socket.WriteToUDP(pkt, ports[call])
	})
}

// every calls send for each of n calls once in a frame, spread over it, until stop.
func every(n int, stop <-chan struct{}, send func(call, seq int)) {
	begin, next := time.Now(), 0
	for {
		select {
		case <-stop:
			return
		default:
		}
		due := int(float64(time.Since(begin)) / float64(frame) * float64(n))
		for ; next < due; next++ {
			send(next%n, next/n)
		}
		time.Sleep(250 * time.Microsecond)
	}
}

// greet speaks to a port as soon as its call is answered, for half a second.
func (a *audio) greet(port int) {
	pkt := make([]byte, packetSize)
	pkt[0] = 0x80
	binary.BigEndian.PutUint32(pkt[8:], 1<<30)
	for seq := range 100 {
		binary.BigEndian.PutUint16(pkt[2:], uint16(seq))
		_, _ = a.socket.WriteToUDP(pkt, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		time.Sleep(5 * time.Millisecond)
	}
}

func (a *audio) measure()                   { a.measuring.Store(true) }
func (a *audio) counted() (sent, got int64) { return a.sent.Load(), a.got.Load() }

// delayOf is how long ago a payload was sent, if that is measured.
func delayOf(payload []byte) (time.Duration, bool) {
	if len(payload) != packetSize-12 {
		return 0, false
	}
	stamp := int64(binary.BigEndian.Uint64(payload))
	return time.Since(time.Unix(0, int64(binary.BigEndian.Uint64(payload[8:]))+stamp>>1)), stamp&1 != 0
}

// listen takes what the server relays here from the other side.
func (a *audio) listen() {
	buf := make([]byte, 2048)
	for {
		n, _, err := a.socket.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n != packetSize || buf[0] != 0x80 {
			continue
		}
		delay, ok := delayOf(buf[12:n])
		if !ok {
			continue
		}
		a.got.Add(1)
		a.mu.Lock()
		a.delays = append(a.delays, delay)
		a.mu.Unlock()
	}
}
