//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

// plan is what is measured.
type plan struct {
	rounds  int
	length  time.Duration
	step    time.Duration
	only    string
	profile string
}

func main() {
	var p plan
	flag.IntVar(&p.rounds, "rounds", 1, "how often each scene is measured; the median counts")
	flag.DurationVar(&p.length, "for", 4*time.Second, "how long one measurement lasts")
	flag.DurationVar(&p.step, "step", time.Millisecond, "how often phones send: their packets are spread over 20 ms in such steps")
	flag.StringVar(&p.only, "only", "", "measure only the scenes whose names begin so")
	flag.StringVar(&p.profile, "profile", "", "write a processor profile of the last scene to this file")
	child := flag.String("child", "", "internal: play the scene of this name")
	to := flag.Int("to", 0, "internal: the UDP port of all phones")
	flag.Parse()
	var err error
	if *child != "" {
		err = serve(*child, *to, p.profile)
	} else {
		err = compare(p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "voice:", err)
		os.Exit(1)
	}
}

// wanted are the scenes that the plan names, relaying first: all are compared with it.
func (p plan) wanted() []scene {
	var out []scene
	for i, s := range scenes {
		if i == 0 || strings.HasPrefix(s.name, p.only) {
			out = append(out, s)
		}
	}
	return out
}
