//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"syscall"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/music"
	"dialtone/media/rtp"
	"dialtone/pbx/conference"
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// usage is what a child says of itself.
type usage struct {
	CPU     time.Duration
	In, Out uint64 // packets
	Allocs  uint64
}

// serve plays a scene: it says at which UDP ports the phones are answered, and then,
// for each line that it reads, what it has used so far.
func serve(name string, to int, profile string) error {
	s, ok := sceneOf(name)
	if !ok {
		return fmt.Errorf("there is no scene %q", name)
	}
	engine, err := rtp.New(rtp.Options{First: 30000, Last: 39999})
	if err != nil {
		return err
	}
	engine.Start()
	defer engine.Close()
	ports, numbers, err := open(engine, s, to)
	if err != nil {
		return err
	}
	leave, err := s.join(ports)
	if err != nil {
		return err
	}
	defer leave()
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(numbers); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		u, err := used(ports)
		if err != nil {
			return err
		}
		if err := out.Encode(u); err != nil {
			return err
		}
	}
	return nil
}

func sceneOf(name string) (scene, bool) {
	for _, s := range scenes {
		if s.name == name {
			return s, true
		}
	}
	return scene{}, false
}

// open opens a port for each phone; all phones are at the UDP port to.
func open(engine *rtp.Engine, s scene, to int) (ports []*rtp.Port, numbers []int, err error) {
	for i := range s.phones {
		p, err := engine.Open(loopback)
		if err != nil {
			return nil, nil, err
		}
		formats := []codec.Format{s.formats[i%len(s.formats)], codec.DTMF}
		if err := p.Configure(rtp.Params{Send: formats, Recv: formats, Direction: media.SendRecv, RemoteRTP: netip.AddrPortFrom(loopback, uint16(to))}); err != nil {
			return nil, nil, err
		}
		at, _ := p.Local()
		ports, numbers = append(ports, p), append(numbers, int(at.Port()))
	}
	return ports, numbers, nil
}

func used(ports []*rtp.Port) (u usage, err error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return u, err
	}
	u.CPU = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	for _, p := range ports {
		s := p.Stats()
		u.In, u.Out = u.In+s.RxPackets, u.Out+s.TxPackets
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.Allocs = m.Mallocs
	return u, nil
}

// join lets the phones at ports do what the scene says, until leave is called.
func (s scene) join(ports []*rtp.Port) (leave func(), err error) {
	switch s.what {
	case conferences:
		return meet(ports)
	case musicOnHold:
		return hold(ports), nil
	case nothing:
		return exchange(ports), nil
	}
	for i := 0; i+1 < len(ports); i += 2 {
		if _, err := media.Bridge(ports[i], ports[i+1]); err != nil {
			return nil, err
		}
	}
	return func() {}, nil
}

// meet lets all talk to each other.
func meet(ports []*rtp.Port) (leave func(), err error) {
	rooms := conference.New(conference.Options{
		Settings: func(string) (conference.Settings, bool) {
			return conference.Settings{Announce: conference.AnnounceNone, Music: conference.NoMusic}, true
		}, Log: slog.New(slog.DiscardHandler),
		Open: func(string, string) (conference.Clip, error) { return nil, errors.New("there are no prompts") },
	})
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for i, p := range ports {
		name := strconv.Itoa(i)
		seat, err := rooms.Join(conference.Joining{Conference: "all", Room: "all", ID: name, Party: name})
		if err != nil {
			stop()
			return nil, err
		}
		all.Go(func() { _ = seat.Sit(ctx, p, media.NewKeys()) })
	}
	return func() { stop(); all.Wait(); rooms.Wait() }, nil
}

// exchange reads and sends what a conference does, every 20 ms, and looks at none of it.
func exchange(ports []*rtp.Port) (leave func()) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, p := range ports {
		p.SetSink(deaf{})
	}
	all.Go(func() {
		silence := bytes.Repeat([]byte{0xff}, 160)
		for tick := time.NewTicker(packetTime); ; {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			for _, p := range ports {
				p.Pull()
			}
			for _, p := range ports {
				p.Write(codec.PCMU, silence, 160, false)
			}
		}
	})
	return func() { close(stop); all.Wait() }
}

// deaf pulls packets and looks at none.
type deaf struct{}

func (deaf) Packet(*media.Packet) {}
func (deaf) Pulls()               {}

// hold lets all hear the music.
func hold(ports []*rtp.Port) (leave func()) {
	played := music.New(music.Options{Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, p := range ports {
		all.Go(func() { _ = played.Play(ctx, p, music.Default) })
	}
	return func() { stop(); all.Wait(); played.Close() }
}
