package speech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// errTooLong says that an engine does not end.
var errTooLong = errors.New("the engine gave too much")

// tooMuch says how much that was.
func tooMuch(most int) error {
	if most >= 1<<20 {
		return fmt.Errorf("the engine gave more than %d MB", most>>20)
	}
	return fmt.Errorf("the engine gave more than %d bytes", most)
}

// command runs the program of a job: the text on its input, a WAV file on its output.
func command(ctx context.Context, j job) ([]byte, error) {
	args := make([]string, len(j.engine.Command))
	for i, a := range j.engine.Command {
		args[i] = j.fill(a, func(s string) string { return s })
	}
	data, err := run(ctx, args, strings.NewReader(j.text+"\n"), maxAudio)
	if err == nil && len(data) == 0 {
		err = fmt.Errorf("%s gave nothing", args[0])
	}
	return data, err
}

// run gives what a program makes of its input, most bytes of it at most.
func run(ctx context.Context, args []string, in io.Reader, most int) ([]byte, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	alone(c)
	c.WaitDelay = grace
	c.Stdin = in
	out := &bounded{most: most, full: func() { stop(errTooLong) }}
	said := &bounded{most: 1 << 10, full: func() {}}
	c.Stdout, c.Stderr = out, said
	err := c.Run()
	switch {
	case errors.Is(context.Cause(ctx), errTooLong):
		return nil, tooMuch(most)
	case err != nil && out.data.Len() == 0 || err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return nil, fmt.Errorf("%s: %w%s", args[0], err, said.firstLine())
	}
	return out.data.Bytes(), nil
}

// bounded keeps what is written up to most bytes, and tells when there is more.
type bounded struct {
	data bytes.Buffer
	most int
	full func()
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	keep := min(len(p), b.most-b.data.Len())
	b.data.Write(p[:keep])
	if keep < len(p) {
		b.full()
	}
	return len(p), nil
}

// firstLine is what a program says of its failure.
func (b *bounded) firstLine() string {
	line, _, _ := strings.Cut(strings.TrimSpace(b.data.String()), "\n")
	if line = clean(line); line == "" {
		return ""
	}
	return ": " + line
}
