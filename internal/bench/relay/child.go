//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ready is what a relay says when it can be used.
type ready struct {
	Ports [][2]int // per call: of the caller's leg and of the callee's
	Idle  int      // bytes resident before there were calls
}

// usage is what a relay has used.
type usage struct {
	CPU time.Duration
	RSS int // bytes
}

// child is a relay in a process of its own.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	ready ready
}

func startChild(name string, calls, callerPort, calleePort int) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-child", name, "-child-calls", strconv.Itoa(calls),
		"-child-remotes", fmt.Sprintf("%d,%d", callerPort, calleePort))
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
	c := &child{cmd: cmd, in: in, out: bufio.NewReader(out)}
	if err := c.read(&c.ready); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *child) read(v any) error {
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("relay process: %w", err)
	}
	return json.Unmarshal(line, v)
}

// usage asks the process.
func (c *child) usage() (u usage, err error) {
	if _, err := c.in.Write([]byte("usage\n")); err != nil {
		return u, err
	}
	return u, c.read(&u)
}

// stop ends the process and waits for it.
func (c *child) stop() {
	_ = c.in.Close()
	_ = c.cmd.Wait()
}

// serve is the life of the child: it relays until its input ends, and says what
// it has used whenever it is asked.
func serve(name string, calls int, remotes string) error {
	ports, err := numbers(remotes)
	if err != nil || len(ports) != 2 {
		return fmt.Errorf("-child-remotes: %q are not two ports", remotes)
	}
	start, ok := map[string]func(int, [2]int) ([][2]int, error){
		"dialtone": relayEngine, "goroutines": relayGoroutines, "epoll": relayEpoll,
	}[name]
	if !ok {
		return fmt.Errorf("no relay is called %q", name)
	}
	r := ready{Idle: resident()}
	if r.Ports, err = start(calls, [2]int{ports[0], ports[1]}); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(r); err != nil {
		return err
	}
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		if err := out.Encode(usage{CPU: cpuTime(), RSS: resident()}); err != nil {
			return err
		}
	}
	return nil
}

func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is how much memory of this process is in use, in bytes.
func resident() int {
	b, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}
