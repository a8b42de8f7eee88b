package api

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	maxBody      = 64 << 10         // bytes of a request's body
	stallTimeout = 30 * time.Second // for a client that stops reading, or writing
	stopTimeout  = 2 * time.Second  // for answers under way when the server stops
)

// API answers questions about a Server.
type API struct {
	server Server
	log    *slog.Logger
}

// New makes the API of a server. Failures go to log.
func New(server Server, log *slog.Logger) *API {
	return &API{server: server, log: log}
}

// Handler answers the requests of the route table.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, row := range routes() {
		mux.HandleFunc(row.method+" "+row.path, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if err := row.handle(a, w, r); err != nil {
				a.fail(w, r, err)
			}
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, &Error{Status: http.StatusNotFound, Code: "no_such_route", Message: r.Method + " " + r.URL.Path + " is not part of the API"})
	})
	return mux
}

// Serve answers on ln until ctx ends, lets answers under way finish, and closes
// ln. It returns nil when ctx ended.
func (a *API) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: stallTimeout,
		IdleTimeout:       stallTimeout,
		MaxHeaderBytes:    maxBody,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan struct{})
	served := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
		case <-served:
		}
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close() // those who did not finish in time
		}
	}()
	err := server.Serve(ln)
	close(served)
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
