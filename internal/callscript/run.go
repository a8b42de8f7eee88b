package callscript

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"dialtone/internal/testphone"
)

// T is the part of *testing.T that a run needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Context() context.Context
}

// Run runs a script against a server of its own.
func Run(t T, programs Programs, s *Script) {
	t.Helper()
	// Not t.TempDir: the name of a unix socket has to be short.
	dir, err := os.MkdirTemp("", "call")
	if err != nil {
		t.Errorf("%s: %v", s.Name, err)
		return
	}
	defer os.RemoveAll(dir)
	web := newWeb(s.Files)
	defer web.Close()
	server, err := newServer(programs, dir, strings.ReplaceAll(s.Config, webMark, web.URL))
	if err != nil {
		t.Errorf("%s: %v", s.Name, err)
		return
	}
	defer server.room.Close()
	if err = s.prompts(dir); err == nil {
		err = server.start(t.Context())
	}
	if err != nil {
		t.Errorf("%s: %v", s.Name, err)
		return
	}
	r := &run{script: s, server: server, web: web, phones: map[string]*party{}}
	// The phones outlive the server, so that they answer when it hangs up.
	defer r.closePhones()
	problem := r.all(t.Context())
	if problem != "" {
		problem += "\n" + server.Tail()
	}
	if err := server.Stop(); err != nil {
		problem += "\nat the end: " + err.Error()
	}
	if problem != "" {
		t.Errorf("%s", strings.TrimSpace(problem))
	}
}

// run is a script on its way.
type run struct {
	script *Script
	server *Server
	web    *web

	mu     sync.Mutex
	phones map[string]*party
	order  []*party
	seen   map[string]bool // CDRs that a line has matched
}

// party is a phone of the script with the call it is in.
type party struct {
	name   string
	phone  *testphone.Phone
	call   *testphone.Call // that verbs speak of
	before *testphone.Call // the one before, when it had not ended

	read int // messages in writing that lines have read

	problem string // what the phone has complained of
}

// Helper, Cleanup and Fatalf make a party what its phone reports to. The phone is
// closed at the end of the run.
func (p *party) Helper()        {}
func (p *party) Cleanup(func()) {}

// Fatalf ends the statement that the phone is about.
func (p *party) Fatalf(format string, args ...any) {
	p.problem = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// all runs the lines; the result tells what went wrong, "" when nothing did.
func (r *run) all(ctx context.Context) string {
	for _, l := range r.script.lines {
		var wg sync.WaitGroup
		stages := make([]*stage, len(l.statements))
		for i, s := range l.statements {
			stages[i] = &stage{run: r, args: s.args}
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, s.within)
				defer cancel()
				stages[i].ctx = ctx
				s.verb.run(stages[i])
			})
		}
		wg.Wait()
		for i, s := range stages {
			if s.problem == "" {
				s.problem = r.problemOf(s.args["PHONE"] + s.args["NAME"])
			}
			if s.problem == "" {
				continue
			}
			what := l.text
			if len(stages) > 1 {
				what += fmt.Sprintf(" (part %d)", i+1)
			}
			return fmt.Sprintf("%s: %s: %s", l.at, what, s.problem)
		}
	}
	return ""
}

func (r *run) closePhones() {
	for _, p := range r.order {
		if p.phone != nil {
			p.phone.Close()
		}
	}
}

// problemOf is what a phone has complained of.
func (r *run) problemOf(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.phones[name]; p != nil {
		return p.problem
	}
	return ""
}

// stage is where one statement runs.
type stage struct {
	run     *run
	ctx     context.Context
	args    map[string]string
	problem string
}

// Fatalf ends the statement.
func (s *stage) Fatalf(format string, args ...any) {
	s.problem = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// who is the party that the statement is about.
func (s *stage) who() *party {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	p := s.run.phones[s.args["PHONE"]]
	if p == nil {
		s.run.mu.Unlock()
		defer s.run.mu.Lock()
		s.Fatalf("the phone does not exist yet")
	}
	return p
}

// call is the call that the party is in, waiting for one that arrives when there
// is none.
func (s *stage) call() *testphone.Call {
	p := s.who()
	s.run.mu.Lock()
	c := p.call
	s.run.mu.Unlock()
	if c == nil {
		c = p.phone.NextCall(s.ctx)
		s.setCall(p, c)
	}
	return c
}

// arriving is a call that has not been taken: the one that the party was told of
// when that still waits to be answered, else the next.
func (s *stage) arriving() *testphone.Call {
	p := s.who()
	s.run.mu.Lock()
	c := p.call
	s.run.mu.Unlock()
	if c != nil && !c.Ended() && !c.Answered() && !c.Outgoing() {
		return c
	}
	c = p.phone.NextCall(s.ctx)
	s.setCall(p, c)
	return c
}

func (s *stage) setCall(p *party, c *testphone.Call) {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	switch {
	case c == nil:
		p.call, p.before = p.before, nil
	case p.call != nil && p.call != c && !p.call.Ended():
		p.call, p.before = c, p.call
	default:
		p.call = c
	}
}

// both are the calls of the phone, the one that verbs speak of first.
func (s *stage) both() (now, before *testphone.Call) {
	p, now := s.who(), s.call()
	s.run.mu.Lock()
	before = p.before
	s.run.mu.Unlock()
	if before == nil {
		s.Fatalf("%s has one call only", p.name)
	}
	return now, before
}

// turn lets verbs speak of the other call.
func turn(s *stage) {
	p := s.who()
	now, before := s.both()
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	p.call, p.before = before, now
}
