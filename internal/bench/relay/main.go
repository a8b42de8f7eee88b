//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// plan is what is measured.
type plan struct {
	calls    []int
	rounds   int
	duration time.Duration
	only     string
}

func main() {
	child := flag.String("child", "", "internal: be the relay of this name")
	legs := flag.Int("child-calls", 0, "internal: for so many calls")
	remotes := flag.String("child-remotes", "", "internal: between these two addresses")
	calls := flag.String("calls", "100,300,600", "how many calls at once, a list")
	rounds := flag.Int("rounds", 2, "how often each relay is measured; the median counts")
	duration := flag.Duration("duration", 2500*time.Millisecond, "how long one measurement lasts")
	only := flag.String("only", "", "measure this relay only: dialtone, goroutines or epoll")
	flag.Parse()

	var err error
	if *child != "" {
		err = serve(*child, *legs, *remotes)
	} else {
		var sizes []int
		if sizes, err = numbers(*calls); err == nil {
			err = measure(plan{sizes, *rounds, *duration, *only})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}

func numbers(list string) ([]int, error) {
	var out []int
	for s := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-calls: %q is no number of calls", s)
		}
		out = append(out, n)
	}
	return out, nil
}
