package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Limits of a browser: how long one question may take, the first of which waits until it has
// started on a busy machine, and how long it may take to leave when it is told to, or a page when
// a click leads elsewhere.
const (
	patience = time.Minute
	farewell = 5 * time.Second
)

// Browser is a running browser. Its pages do not share anything.
type Browser struct {
	*wire
	t      testing.TB // whose it is, nil for none
	house  *process
	kind   kind
	goAway string   // the command that ends it
	rooms  []string // where its pages are
}

// kind is how browsers of one make are spoken to.
type kind interface {
	// room makes a place for pages that share what the browser keeps.
	room(ctx context.Context, w *wire) (string, error)
	// tab opens one there, and says what its events come with.
	tab(ctx context.Context, w *wire, room string) (tab, string, error)
}

// tab is what a page is to its browser.
type tab interface {
	ask(ctx context.Context, method string, params, out any) error
	evaluate(ctx context.Context, expression string) (value []byte, err error)
	// navigate goes somewhere, and says whether that is another document.
	navigate(ctx context.Context, url string) (left bool, err error)
	reload(ctx context.Context) error
	shut(ctx context.Context) error
	before(ctx context.Context, script string) error
	click(ctx context.Context, x, y float64) error
	insert(ctx context.Context, text string) error
	press(ctx context.Context, key string) error
	picture(ctx context.Context) (png []byte, err error)
	look(ctx context.Context, width, height int, dark bool) error
	// event says of a message what somebody has to complain of, or what was asked for.
	event(m message) (complaint, request string)
}

// either gives the path of the first of those programs that is installed.
func either(none string, names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New(none)
}

// process is the first of a browser's processes.
type process struct {
	*exec.Cmd
	ended chan struct{} // closed when it has ended, and its group
}

// launch starts a browser whose home is a folder. It is ended by stop, which waits for it:
// a context would kill the first process only. When the test dies without stop, the kernel
// kills that one. It does so when the thread ends that started it, which is as good: threads of
// Go stay, but for those of goroutines that lock one and end, and none does so in these tests.
func launch(line []string, folder string, prepare func(*exec.Cmd)) (*process, error) {
	p := &process{exec.Command(line[0], line[1:]...), make(chan struct{})} //nolint:noctx // see above
	p.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+filepath.Join(folder, "config"))
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	prepare(p.Cmd)
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", line[0], err)
	}
	go func() {
		defer close(p.ended)
		_ = p.Wait() // how it ended does not matter: whoever asked gets an error
		p.clear()
	}()
	return p, nil
}

// kill ends the browser's own process group.
func (p *process) kill() {
	_ = syscall.Kill(-p.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// clear ends what the first process has left behind: it would go on writing to a folder that is
// removed. It waits for a moment only: those who have ended are seen until somebody reaps them.
func (p *process) clear() {
	look, late := time.NewTicker(10*time.Millisecond), time.After(100*time.Millisecond)
	defer look.Stop()
	for syscall.Kill(-p.Process.Pid, syscall.SIGKILL) == nil {
		select {
		case <-look.C:
		case <-late:
			return
		}
	}
}

// end is stop, with a word when it is needed.
func (b *Browser) end() {
	if !b.stop() {
		b.t.Logf("the browser (process %d) did not leave, it is ended", b.house.Process.Pid)
	}
}

// stop asks the browser to leave, and ends it when it does not: then it reports false.
func (b *Browser) stop() (left bool) {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	_ = b.ask(ctx, "", b.goAway, nil, nil) // it may be gone already
	defer b.close()
	select {
	case <-b.house.ended:
		return true
	case <-ctx.Done():
		b.house.kill()
		return false
	}
}
