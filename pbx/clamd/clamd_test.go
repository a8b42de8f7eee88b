package clamd_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"dialtone/internal/testclamd"
	"dialtone/pbx/clamd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAFileIsLookedAt(t *testing.T) {
	large := make([]byte, 300_000) // several pieces
	if _, err := rand.Read(large); err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{
		"unix": testclamd.Start(t, "unix", filepath.Join(t.TempDir(), "clamd.ctl")).Address,
		"tcp":  testclamd.Start(t, "tcp", "127.0.0.1:0").Address,
	} {
		t.Run(name, func(t *testing.T) {
			for _, one := range []struct {
				what, virus string
				data        []byte
			}{
				{"nothing", "", nil},
				{"a text", "", []byte("hello")},
				{"a large file", "", large},
				{"a virus", "Eicar-Test-Signature", append(bytes.Clone(large), testclamd.Virus...)},
			} {
				virus, err := clamd.Scan(t.Context(), address, bytes.NewReader(one.data))
				if err != nil || virus != one.virus {
					t.Errorf("%s: virus %q, error %v; want virus %q", one.what, virus, err, one.virus)
				}
			}
		})
	}
}

func TestWhatIsNotKnownIsAnError(t *testing.T) {
	daemon := testclamd.Start(t, "tcp", "127.0.0.1:0")
	daemon.Most(1000)
	if _, err := clamd.Scan(t.Context(), daemon.Address, bytes.NewReader(make([]byte, 500_000))); !errors.Is(err, clamd.ErrTooLarge) {
		t.Errorf("a file that is too large for clamd: %v", err)
	}
	daemon.Most(0)
	daemon.Answer("INSTREAM: something is wrong. ERROR")
	if _, err := clamd.Scan(t.Context(), daemon.Address, strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "something is wrong") {
		t.Errorf("an answer that says nothing of the file: %v", err)
	}
	daemon.Answer("")
	if _, err := clamd.Scan(t.Context(), daemon.Address, io.MultiReader(strings.NewReader("x"), broken{})); err == nil {
		t.Error("a file that cannot be read to its end is clean")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := clamd.Scan(ctx, daemon.Address, strings.NewReader("x")); err == nil {
		t.Error("a scan that nobody waits for has an answer")
	}
	for _, address := range []string{"http://127.0.0.1", "unix:///nowhere/clamd.ctl", closed(t)} {
		if _, err := clamd.Scan(t.Context(), address, strings.NewReader("x")); err == nil {
			t.Errorf("%s has an answer", address)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is broken") }

func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return "tcp://" + l.Addr().String()
}
