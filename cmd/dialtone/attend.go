package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"syscall"
)

// attend does what signals ask for until one of them has ended the exchange.
// The first to end it drains: calls in progress go on for calls.drain_timeout.
func attend(ctx context.Context, server exchange, signals <-chan os.Signal, log *slog.Logger, t terminal) error {
	for {
		select {
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				_, _ = server.Reload() // which logs what came of it
				continue
			}
			log.Info("stopping", "because", sig.String(), "calls", server.Status().Calls)
			drain(ctx, server, signals, t)
		case <-ctx.Done():
		}
		err := server.Close()
		log.Info("stopped")
		return err
	}
}

// drain returns when the last call has ended, when they had their time, or at
// the next signal to end.
func drain(ctx context.Context, server exchange, signals <-chan os.Signal, t terminal) {
	grace := server.Config().Calls.DrainTimeout.D()
	calls := server.Status().Calls
	if calls > 0 {
		fmt.Fprintf(t.err, "\nWaiting up to %s for %s to end. Press Ctrl-C again to end now.\n", elapsed(grace), count(calls, "call"))
	}
	waiting, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	drained := make(chan bool, 1) // whether all ended
	go func() { drained <- server.Drain(waiting) == nil }()
	for {
		select {
		case all := <-drained:
			if !all && calls > 0 {
				fmt.Fprintln(t.err, "Time is up; hanging up what is left.")
			}
			return
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				continue // nothing new is decided any more
			}
			fmt.Fprintln(t.err, "Ending now.")
			cancel()
			<-drained
			return
		}
	}
}
