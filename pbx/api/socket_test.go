package api

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSocketIsForTheOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), SocketName)
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode is %o", got)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 0 {
		t.Errorf("Close left %v, %v", left, err)
	}
}

func TestSocketOfAKilledServerIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), SocketName)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := NewClient(path).Status(t.Context()); !errors.Is(err, ErrNoServer) {
		t.Errorf("asking a dead server says %v", err)
	}
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, ln, &fakeServer{})
	if _, err := NewClient(path).Status(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSocketOfALivingServerIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), SocketName)
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, ln, &fakeServer{})
	if _, err := Listen(path); !errors.Is(err, ErrSocketInUse) {
		t.Errorf("a second server gets %v", err)
	}
	if _, err := NewClient(path).Status(t.Context()); err != nil {
		t.Errorf("the first no longer answers: %v", err)
	}
}

func TestCloseKeepsTheSocketOfASuccessor(t *testing.T) {
	path := filepath.Join(t.TempDir(), SocketName)
	first, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the successor's socket is gone: %v", err)
	}
}

func TestSocketPathsThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), SocketName)
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := os.Mkdir(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		file:                            "no socket",
		filepath.Join(deep, SocketName): "shorter path",
		filepath.Join(t.TempDir(), "none", SocketName): "no such file",
	} {
		if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", path, err, says)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "precious" {
		t.Errorf("the file was touched: %q, %v", data, err)
	}
}

func TestServerThatDoesNotAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), SocketName)
	listener, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c := NewClient(path)
	c.http.Transport.(*http.Transport).ResponseHeaderTimeout = 50 * time.Millisecond
	if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "runs, but does not answer") {
		t.Errorf("got %v", err)
	}
}
