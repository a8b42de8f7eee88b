package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const password = "load-test-only-7391"

// server is the Dialtone under test, a process of its own.
type server struct {
	binary string
	env    []string // besides what the test has
	cmd    *exec.Cmd
	dir    string
	addr   *net.UDPAddr
	web    *net.TCPAddr // where browsers are served; nil when they are not
	log    bytes.Buffer
}

// startServer runs Dialtone with that many extensions on each side, each with so
// many phones at most; more replace the oldest.
func startServer(binary string, peers, phones int, env ...string) (*server, error) {
	return startWith(binary, peers, phones, false, env...)
}

// startWith is startServer, for browsers as well.
func startWith(binary string, peers, phones int, browsers bool, env ...string) (*server, error) {
	dir, err := os.MkdirTemp("", "dialtone-load-")
	if err != nil {
		return nil, err
	}
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{binary: binary, dir: dir, addr: addr, env: env}
	config := configFor(dir, addr, peers, phones)
	if browsers {
		audio, err := freePort()
		if err != nil {
			return nil, err
		}
		if s.web, err = freeWebPort(); err != nil {
			return nil, err
		}
		config = strings.Replace(config, "listen: []", fmt.Sprintf("listen: [%q]", s.web), 1)
		config = strings.Replace(config, "timeout: 0", fmt.Sprintf("timeout: 0, webrtc_port: %d", audio.Port), 1)
	}
	if err := os.WriteFile(s.config(), []byte(config), 0o600); err != nil {
		return nil, err
	}
	return s, s.start()
}

func (s *server) config() string { return filepath.Join(s.dir, "dialtone.yaml") }

// start runs the server on its folder; again after it has ended.
func (s *server) start() error {
	s.cmd = exec.CommandContext(context.Background(), s.binary, "serve", "--config", s.config())
	s.cmd.Env = append(os.Environ(), s.env...)
	s.cmd.Stderr, s.cmd.Stdout = &s.log, nil
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if err := s.ready(); err != nil {
		s.stop()
		return fmt.Errorf("%w\n%s", err, s.log.String())
	}
	return nil
}

// ctl asks the running server and decodes its JSON answer into out.
func (s *server) ctl(out any, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.binary, append(append([]string{"ctl"}, args...), "--config", s.config(), "--json")...)
	b, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return fmt.Errorf("ctl %v: %w: %s", args, err, exit.Stderr)
		}
		return err
	}
	return json.Unmarshal(b, out)
}

// killAfter ends the server without a warning when wait has passed.
func (s *server) killAfter(wait time.Duration) {
	time.AfterFunc(wait, func() { _ = s.cmd.Process.Kill() })
	_ = s.cmd.Wait()
}

func freePort() (*net.UDPAddr, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr), nil
}

func freeWebPort() (*net.TCPAddr, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr), nil
}

func configFor(dir string, addr *net.UDPAddr, peers, phones int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "data: %s\nlog: {level: warn}\nweb: {listen: []}\nsip:\n  udp: [%q]\n  tcp: []\n  tls: []\n  rate_per_source: 100000\n", dir, addr)
	fmt.Fprintf(&b, "registrar: {qualify: 0s, max_contacts: %d}\n", phones)
	b.WriteString("media: {ports: 10000-31999, srtp: \"off\", timeout: 0}\ncalls: {max: 4900}\nextensions:\n")
	for i := range peers {
		for _, n := range []string{caller(i), callee(i)} {
			fmt.Fprintf(&b, "  %q: {password: %s, max_calls: 1000}\n", n, password)
		}
	}
	return b.String()
}

// caller and callee are the extension numbers of the two sides.
func caller(i int) string { return strconv.Itoa(10000 + i) }
func callee(i int) string { return strconv.Itoa(20000 + i) }

// ready waits until the server answers OPTIONS.
func (s *server) ready() error {
	c, err := net.DialUDP("udp4", nil, s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	buf := make([]byte, 2048)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		msg := fmt.Sprintf("OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d;rport\r\nFrom: <sip:load@127.0.0.1>;tag=1\r\nTo: <sip:%s>\r\nCall-ID: ready\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
			s.addr, c.LocalAddr(), time.Now().UnixNano(), s.addr)
		_, _ = c.Write([]byte(msg))
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if n, err := c.Read(buf); err == nil && bytes.HasPrefix(buf[:n], []byte("SIP/2.0 200")) {
			return nil
		} else if err != nil {
			time.Sleep(20 * time.Millisecond)
		}
	}
	return fmt.Errorf("the server at %s does not answer OPTIONS", s.addr)
}

// stop ends the server at once, and kills it when it does not end.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	time.AfterFunc(100*time.Millisecond, func() { _ = s.cmd.Process.Signal(syscall.SIGTERM) })
	kill := time.AfterFunc(20*time.Second, func() {
		fmt.Println("the server did not end, it is killed")
		_ = s.cmd.Process.Kill()
	})
	_ = s.cmd.Wait()
	kill.Stop()
	_ = os.RemoveAll(s.dir)
	if text := s.log.String(); text != "" {
		fmt.Printf("server log (first 2000 characters):\n%.2000s\n", text)
	}
}

// cpu is what the server's threads have used since it started.
func (s *server) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rss is the memory of the server's process in bytes.
func (s *server) rss() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
