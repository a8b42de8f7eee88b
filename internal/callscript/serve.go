package callscript

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// Serve starts a server that ends with the test, which fails when that does not end as it should.
// With SERVER_LOG=FILE all that the server of a failed test has logged is kept there.
func Serve(tb testing.TB, programs Programs, over string) *Server {
	tb.Helper()
	dir, err := os.MkdirTemp("", "call") // the name of its unix socket has to be short
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	server, err := Start(context.Background(), programs, dir, over)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.Stop(); err != nil {
			tb.Error(err)
		}
		if !tb.Failed() {
			return
		}
		tb.Log(server.Tail())
		if keep := os.Getenv("SERVER_LOG"); keep != "" {
			data, _ := os.ReadFile(filepath.Join(dir, "server.log"))
			_ = os.WriteFile(keep, data, 0o600)
		}
	})
	return server
}
