//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/rtp"
	"dialtone/pbx/conference"
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// serve joins ports, names them, and says what it has used for each line that it reads.
func serve(what string, members, to int) error {
	engine, err := rtp.New(rtp.Options{First: 30000, Last: 39999})
	if err != nil {
		return err
	}
	engine.Start()
	defer engine.Close()
	var ports []*rtp.Port
	var numbers []int
	for range members {
		p, err := engine.Open(loopback)
		if err != nil {
			return err
		}
		formats := []codec.Format{codec.PCMU, codec.DTMF}
		if err := p.Configure(rtp.Params{Send: formats, Recv: formats, Direction: media.SendRecv, RemoteRTP: netip.AddrPortFrom(loopback, uint16(to))}); err != nil {
			return err
		}
		at, _ := p.Local()
		ports, numbers = append(ports, p), append(numbers, int(at.Port()))
	}
	leave, err := join(what, ports)
	if err != nil {
		return err
	}
	defer leave()
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(numbers); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			return err
		}
		u := usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano())}
		for _, p := range ports {
			s := p.Stats()
			u.In, u.Out = u.In+s.RxPackets, u.Out+s.TxPackets
		}
		if err := out.Encode(u); err != nil {
			return err
		}
	}
	return nil
}

// join lets ports hear each other: two and two, or all.
func join(what string, ports []*rtp.Port) (leave func(), err error) {
	if what == "relay" {
		for i := 0; i+1 < len(ports); i += 2 {
			if _, err := media.Bridge(ports[i], ports[i+1]); err != nil {
				return nil, err
			}
		}
		return func() {}, nil
	}
	rooms := conference.New(conference.Options{
		Settings: func(string) (conference.Settings, bool) {
			return conference.Settings{Announce: conference.AnnounceNone, Music: conference.NoMusic}, true
		}, Log: slog.New(slog.DiscardHandler),
		Open: func(string, string) (conference.Clip, error) { return nil, errors.New("there are no prompts") },
	})
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for i, p := range ports {
		seat, err := rooms.Join(conference.Joining{Conference: "all", Room: "all", ID: fmt.Sprint(i), Party: fmt.Sprint(i)})
		if err != nil {
			stop()
			return nil, err
		}
		all.Go(func() { _ = seat.Sit(ctx, p, media.NewKeys()) })
	}
	return func() { stop(); all.Wait(); rooms.Wait() }, nil
}
