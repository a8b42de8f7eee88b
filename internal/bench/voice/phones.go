//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"dialtone/media/codec"
)

const packetTime = 20 * time.Millisecond

// phones are all phones of a scene, at one socket. They look for what they hear when
// they have spoken: a sleeper whom each packet wakes would be charged to who sends it.
type phones struct {
	socket int
	ports  []int
	said   [][][]byte // by phone: the payloads that it sends, over and over
	types  []uint8
	ticks  []uint32 // of a packet
	stop   atomic.Bool
	done   chan struct{}
}

// period is after how many packets phones say the same again.
const period = 100

// openPhones gives the phones a socket, and says at which UDP port that is.
func openPhones() (p *phones, at int, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("open UDP socket: %w", err)
	}
	const room = 8 << 20
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil { // only root may
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: loopback.As4()}); err != nil {
		return nil, 0, fmt.Errorf("bind UDP socket: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return nil, 0, fmt.Errorf("ask for the UDP port: %w", err)
	}
	return &phones{socket: fd, done: make(chan struct{})}, name.(*unix.SockaddrInet4).Port, nil
}

func (p *phones) close() { _ = unix.Close(p.socket) }

// prepare encodes what the phones of s will say at the UDP ports that answer them.
func (p *phones) prepare(s scene, ports []int) error {
	p.ports = ports
	for i := range ports {
		f := s.formats[i%len(s.formats)]
		payloads, err := p.payloads(s, f, i)
		if err != nil {
			return err
		}
		p.said = append(p.said, payloads)
		p.types = append(p.types, f.PT)
		p.ticks = append(p.ticks, uint32(f.Clock/50))
	}
	return nil
}

// payloads are what phone i says in f.
func (p *phones) payloads(s scene, f codec.Format, i int) ([][]byte, error) {
	if before := i - len(s.formats); before >= s.speakers {
		return p.said[before], nil // silence is silence
	}
	return encoded(f, period, speech(codec.Rate(f), i, i < s.speakers))
}

// speech is what phone i says, period packets of it: a voice whose pitch and
// loudness change, so that codecs have work to do, or silence.
func speech(rate, i int, loud bool) []int16 {
	pcm := make([]int16, period*rate/50)
	if !loud {
		return pcm
	}
	phase := 0.0
	for n := range pcm {
		at := float64(n) / float64(rate)
		phase += 2 * math.Pi * (110 + float64(i%40)*3 + 30*math.Sin(2*math.Pi*at)) / float64(rate)
		v := 0.0
		for k := 1.0; k < 15; k++ {
			v += math.Sin(k*phase) / k
		}
		pcm[n] = int16(4000 * v * (0.55 + 0.45*math.Sin(2*math.Pi*2*at)))
	}
	return pcm
}

// encoded is pcm in f, in packets.
func encoded(f codec.Format, packets int, pcm []int16) ([][]byte, error) {
	enc, err := codec.NewEncoder(f, codec.Options{})
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	frame := len(pcm) / packets
	out := make([][]byte, packets)
	buf := make([]byte, 1500)
	for i := range out {
		n := enc.Encode(buf, pcm[i*frame:(i+1)*frame])
		out[i] = append([]byte(nil), buf[:n]...)
	}
	return out, nil
}

// hear takes what has arrived.
func (p *phones) hear(b []byte) {
	for {
		if n, _, err := unix.Recvfrom(p.socket, b, unix.MSG_DONTWAIT); n <= 0 || err != nil {
			return
		}
	}
}

// talk sends a packet of each phone every 20 ms, spread in steps.
func (p *phones) talk(step time.Duration) {
	defer close(p.done)
	steps := max(1, int(packetTime/step))
	packet, heard := make([]byte, 12+1500), make([]byte, 2000)
	to := unix.SockaddrInet4{Addr: loopback.As4()}
	next := time.Now()
	for n := 0; !p.stop.Load(); n++ {
		round, part := n/steps, n%steps
		for i := part * len(p.ports) / steps; i < (part+1)*len(p.ports)/steps; i++ {
			packet[0], packet[1] = 0x80, p.types[i]
			binary.BigEndian.PutUint16(packet[2:], uint16(round))
			binary.BigEndian.PutUint32(packet[4:], uint32(round)*p.ticks[i])
			binary.BigEndian.PutUint32(packet[8:], uint32(i+1))
			size := 12 + copy(packet[12:], p.said[i][round%period])
			to.Port = p.ports[i]
			_ = unix.Sendto(p.socket, packet[:size], 0, &to)
		}
		p.hear(heard)
		next = next.Add(packetTime / time.Duration(steps))
		time.Sleep(time.Until(next))
	}
}

// hush ends the talking.
func (p *phones) hush() {
	p.stop.Store(true)
	<-p.done
}
