package main

import (
	"context"
	"fmt"
)

type ctlLogLevel struct {
	Level string `arg:"" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
}

// Help is part of dialtone ctl log-level --help.
func (ctlLogLevel) Help() string {
	return `The level holds until the server stops; "log.level" in the configuration is where it starts.

    dialtone ctl log-level debug`
}

// Run sets the level.
func (c ctlLogLevel) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	if err := client.SetLogLevel(ctx, c.Level); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.err, "The log level is %s until the server stops.\n", c.Level)
	return err
}

type ctlTrace struct {
	Switch string `arg:"" enum:"on,off" help:"on or off."`
}

// Help is part of dialtone ctl trace --help.
func (ctlTrace) Help() string {
	return `Every SIP message that arrives or leaves goes to the log of the server, with passwords masked. Numbers, names and addresses are not: do not publish it.

    dialtone ctl trace on`
}

// Run turns the trace on or off.
func (c ctlTrace) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	if err := client.SetTrace(ctx, c.Switch == "on"); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.err, "The trace of SIP messages is %s.\n", c.Switch)
	return err
}
