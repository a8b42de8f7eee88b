// Package crashtest kills programs at moments that nobody has chosen. The program is the
// test binary itself, which an environment variable turns into one; it says in lines what
// it has acknowledged.
package crashtest

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Said is what a program has said: by the first word of a line, all that stood behind it.
type Said map[string]map[string]bool

// Line notes a line.
func (s Said) Line(what, rest string) {
	if s[what] == nil {
		s[what] = map[string]bool{}
	}
	s[what][rest] = true
}

// After runs the program with env, KEY=VALUE, and kills it d after its first line. Each
// line is told, its first word apart; "error" fails the test and ends the program.
func After(t *testing.T, env string, d time.Duration, line func(what, rest string)) {
	t.Helper()
	run(t, env, line, func(n int, kill func()) {
		if n == 1 { // it is at work
			time.AfterFunc(d, kill)
		}
	})
}

// AfterLines does the same, and kills it when it has said so many lines.
func AfterLines(t *testing.T, env string, lines int, line func(what, rest string)) {
	t.Helper()
	run(t, env, line, func(n int, kill func()) {
		if n == lines {
			kill()
		}
	})
}

func run(t *testing.T, env string, line func(what, rest string), at func(n int, kill func())) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _ = cmd.Process.Kill() }
	lines := bufio.NewReader(out)
	for n := 1; ; n++ {
		text, err := lines.ReadString('\n')
		if err != nil { // a line without its end is not yet an acknowledgement
			break
		}
		what, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
		if what == "error" {
			t.Error(rest)
			kill()
		}
		line(what, rest)
		at(n, kill)
	}
	_ = cmd.Wait() // says "killed"
}
