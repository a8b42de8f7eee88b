package callscript

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Server is a dialtone process with its configuration and its data in a folder
// of its own.
type Server struct {
	programs Programs
	dir      string
	ports    ports
	room     io.Closer // its ports, while it has them
	spared   atomic.Int32
	cmd      *exec.Cmd
	log      *os.File
	gone     chan struct{} // closed when the process has ended
	exit     error
}

// Start runs a server in dir, whose path has to be short, with the configuration
// of the scripts and what over changes in it. Stop has to be called, unless there is
// an error.
func Start(ctx context.Context, programs Programs, dir, over string) (*Server, error) {
	s, err := newServer(programs, dir, over)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		s.room.Close()
		return nil, err
	}
	return s, nil
}

// newServer writes the configuration, merged from the defaults and over.
func newServer(programs Programs, dir, over string) (*Server, error) {
	p, room, err := freePorts()
	if err != nil {
		return nil, fmt.Errorf("free ports: %w", err)
	}
	s := &Server{programs: programs, dir: dir, ports: p, room: room}
	if err := s.configure(over); err != nil {
		room.Close()
		return nil, err
	}
	return s, nil
}

// Port is where the server listens on 127.0.0.1 for "udp", "tcp" or "tls", or for its "page", and
// where its "provider" does.
func (s *Server) Port(transport string) int {
	return map[string]int{"udp": s.ports.udp, "tcp": s.ports.tcp, "tls": s.ports.tls, "page": s.ports.page, "provider": s.ports.provider}[transport]
}

// Spare is a port that nobody has on 127.0.0.1 as long as the server runs: a program beside it may.
func (s *Server) Spare() (int, error) {
	n := int(s.spared.Add(1))
	if n > others-named {
		return 0, fmt.Errorf("the server has no more than %d ports to spare", others-named)
	}
	return s.ports.media + perServer - named - n, nil
}

// Data is the folder of what the server keeps.
func (s *Server) Data() string { return filepath.Join(s.dir, "data") }

// Password is that of an extension of the scripts' configuration.
func (s *Server) Password(extension string) string { return password(extension) }

func (s *Server) configure(over string) error {
	text := merge(defaults(s.dir, s.ports), s.ports.marks().Replace(over))
	return os.WriteFile(s.file(), []byte(text), 0o600)
}

func (s *Server) file() string   { return filepath.Join(s.dir, configFile) }
func (s *Server) socket() string { return filepath.Join(s.dir, "data", "dialtone.sock") }

// starting is how long a server may take to start; on a machine that has much to do the
// race detector makes that long.
const starting = 30 * time.Second

// start runs the server and waits until it answers, however little time is left for what it
// is a part of.
func (s *Server) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.log, s.gone = log, make(chan struct{})
	s.cmd = exec.Command(s.programs.Server, "serve", "--config", s.file(), "--trace", "sip")
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr, s.cmd.Env = s.dir, log, log, soonGone()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func(cmd *exec.Cmd, gone chan struct{}) {
		s.exit = cmd.Wait()
		_ = log.Close()
		close(gone)
	}(s.cmd, s.gone)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), starting)
	defer cancel()
	tick := time.NewTicker(asking)
	defer tick.Stop()
	for {
		select {
		case <-s.gone:
			return fmt.Errorf("the server ended instead of starting: %v\n%s", s.cmd.ProcessState, s.Tail())
		case <-ctx.Done():
			_ = s.Kill()
			return fmt.Errorf("the server did not answer \"dialtone ctl status\" within %v\n%s", starting, s.Tail())
		case <-tick.C:
		}
		var status struct {
			Addresses []struct{ Transport, Address string } `json:"addresses"`
		}
		if err := s.Ctl(ctx, &status, "status"); err == nil && len(status.Addresses) > 0 {
			return nil
		}
	}
}

// Ctl runs "dialtone ctl" and decodes the JSON that it prints into out.
func (s *Server) Ctl(ctx context.Context, out any, args ...string) error {
	args = append([]string{"ctl", "--socket", s.socket(), "--json"}, args...)
	cmd := exec.CommandContext(ctx, s.programs.Ctl, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("dialtone %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(stdout.Bytes(), out); err != nil {
		return fmt.Errorf("dialtone %s: %w in %q", strings.Join(args, " "), err, stdout.String())
	}
	return nil
}

// Stop is the end of the server, which gives its ports back.
func (s *Server) Stop() error {
	defer s.room.Close()
	return s.Quit()
}

// Quit ends the process by SIGTERM, but not for good. Any exit code but 0 is an error, and so is a
// trace of goroutines or of a data race in what it logged.
func (s *Server) Quit() error {
	if s.cmd == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(30 * time.Second)
	defer timer.Stop()
	select {
	case <-s.gone:
	case <-timer.C:
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // has it print where it hangs
		<-s.gone
		return fmt.Errorf("the server did not end within 30 s of SIGTERM\n%s", s.Tail())
	}
	s.cmd = nil
	if s.exit != nil {
		return fmt.Errorf("the server ended with %w after SIGTERM\n%s", s.exit, s.Tail())
	}
	return s.sane()
}

// Restart starts the server again that quit or was killed, with the same configuration.
func (s *Server) Restart(ctx context.Context) error { return s.start(ctx) }

// Kill ends the server by SIGKILL.
func (s *Server) Kill() error {
	if s.cmd == nil {
		return errors.New("the server does not run")
	}
	err := s.cmd.Process.Kill()
	<-s.gone
	s.cmd = nil
	return err
}

// sane looks for signs of a crash in the log.
func (s *Server) sane() error {
	data, err := os.ReadFile(filepath.Join(s.dir, "server.log"))
	if err != nil {
		return err
	}
	for _, sign := range []string{`panic`, `goroutine \d+ \[`, `DATA RACE`, `fatal error`} {
		if at := regexp.MustCompile(sign).FindIndex(data); at != nil {
			return fmt.Errorf("the server's log has %q:\n%s", sign, data[max(0, at[0]-200):min(len(data), at[0]+4000)])
		}
	}
	return nil
}

// Tail is the end of the server's log.
func (s *Server) Tail() string {
	data, err := os.ReadFile(filepath.Join(s.dir, "server.log"))
	if err != nil {
		return err.Error()
	}
	const most = 60
	return "the end of the server's log:\n" + Tail(string(data), most)
}
