package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	var (
		binary   = flag.String("binary", "bin/dialtone", "the program to measure")
		only     = flag.String("only", "idle,register,calls,lamps,relay,browsers", "what to measure")
		seconds  = flag.Int("seconds", 5, "length of each measurement")
		rates    = flag.String("rates", "300,1000,1500", "calls per second to try")
		relays   = flag.String("relay", "100,300,600", "concurrent calls with audio to try")
		browsers = flag.String("browsers", "50,100,200", "concurrent calls of browsers to phones to try")
		register = flag.Int("register", 4000, "registrations per second to try")
		peers    = flag.Int("peers", 200, "extensions on each side")
	)
	flag.Parse()
	b := &bench{binary: *binary, length: time.Duration(*seconds) * time.Second, peers: *peers}
	if err := b.run(strings.Split(*only, ","), ints(*rates), ints(*relays), ints(*browsers), *register); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func ints(list string) (out []int) {
	for _, s := range strings.Split(list, ",") {
		var n int
		if _, err := fmt.Sscan(s, &n); err == nil && n > 0 {
			out = append(out, n)
		}
	}
	return out
}

// bench is one run over one server.
type bench struct {
	binary string
	length time.Duration
	peers  int
	server *server
}

func (b *bench) run(what []string, rates, relays, browsers []int, register int) error {
	s, err := startServer(b.binary, b.peers, 1)
	if err != nil {
		return err
	}
	defer s.stop()
	b.server = s
	for _, w := range what {
		switch w {
		case "idle":
			fmt.Printf("idle: RSS %.1f MiB\n", mib(s.rss()))
		case "register":
			err = b.register(register)
		case "calls":
			err = each(rates, b.calls)
		case "lamps":
			err = b.lamps(1000, 100)
		case "relay":
			err = each(relays, func(n int) error { _, err := b.relay(n); return err })
		case "browsers":
			err = each(browsers, b.browsers)
		default:
			return fmt.Errorf("unknown measurement %q", w)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	return nil
}

// each measures with one number after the other, until one fails.
func each(numbers []int, measure func(int) error) error {
	for _, n := range numbers {
		if err := measure(n); err != nil {
			return err
		}
	}
	return nil
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
