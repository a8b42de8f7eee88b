package speech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// errTooLong says that an engine does not end.
var errTooLong = fmt.Errorf("the engine gave more than %d MB", maxAudio>>20)

// command runs the program of a job: the text on its input, a WAV file on its output.
func command(ctx context.Context, j job) ([]byte, error) {
	args := make([]string, len(j.engine.Command))
	for i, a := range j.engine.Command {
		args[i] = j.fill(a, func(s string) string { return s })
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	alone(c)
	c.WaitDelay = grace
	c.Stdin = strings.NewReader(j.text + "\n")
	out := &bounded{most: maxAudio, full: func() { stop(errTooLong) }}
	said := &bounded{most: 1 << 10, full: func() {}}
	c.Stdout, c.Stderr = out, said
	err := c.Run()
	switch {
	case errors.Is(context.Cause(ctx), errTooLong):
		return nil, errTooLong
	case err != nil && out.data.Len() == 0 || err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return nil, fmt.Errorf("%s: %w%s", args[0], err, said.firstLine())
	case out.data.Len() == 0:
		return nil, fmt.Errorf("%s gave nothing%s", args[0], said.firstLine())
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
