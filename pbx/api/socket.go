package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// SocketName is the file name of the control socket in the data folder.
const SocketName = "dialtone.sock"

const maxSocketPath = 107 // bytes: sun_path of Linux without its final zero

// ErrSocketInUse says that another server answers on the control socket.
var ErrSocketInUse = errors.New("another Dialtone is running with this data folder")

// Listen makes the control socket at path, for the owner only. A socket that
// nobody answers on is left over from a server that was killed and is replaced;
// where somebody does, the error is ErrSocketInUse. Closing the listener removes
// the file.
func Listen(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// Made in a folder that nobody else can enter and then moved, the socket is
	// at no moment open to others.
	room, err := os.MkdirTemp(filepath.Dir(path), ".s")
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	defer os.RemoveAll(room)
	inside := filepath.Join(room, "s")
	if longest := max(len(inside), len(path)); longest > maxSocketPath {
		return nil, fmt.Errorf("control socket %s: the path is %d bytes too long for a unix socket; choose a data folder with a shorter path", path, longest-maxSocketPath)
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: inside, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	ln.SetUnlinkOnClose(false)
	if err := place(inside, path); err != nil {
		_ = ln.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		_ = ln.Close()
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return &socket{UnixListener: ln, path: path, info: info}, nil
}

func place(from, to string) error {
	if err := os.Chmod(from, 0o600); err != nil {
		return err
	}
	return os.Rename(from, to)
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("control socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("control socket %s: there is a file of that name which is no socket; move it away", path)
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	switch {
	case err == nil:
		_ = conn.Close()
		return fmt.Errorf("control socket %s: %w", path, ErrSocketInUse)
	case !errors.Is(err, syscall.ECONNREFUSED): // a full backlog, or not ours to open
		return fmt.Errorf("control socket %s: %w: %w", path, ErrSocketInUse, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// socket removes its file on Close, unless another server has put its own there.
type socket struct {
	*net.UnixListener
	path string
	info fs.FileInfo
	once sync.Once
}

func (s *socket) Close() error {
	s.once.Do(func() {
		if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.info) {
			_ = os.Remove(s.path)
		}
	})
	return s.UnixListener.Close()
}
