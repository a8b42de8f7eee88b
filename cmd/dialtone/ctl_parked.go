package main

import (
	"context"
	"fmt"
	"time"

	"dialtone/pbx/api"
)

type ctlParked struct{}

// Help is part of dialtone ctl parked --help.
func (ctlParked) Help() string {
	return `Who waits in which slot, since when, and who parked the call. To fetch it, dial the slot.

    dialtone ctl parked`
}

// Run prints who is parked.
func (ctlParked) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	calls, err := client.Parked(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(calls)
	}
	return t.printParked(calls, time.Now())
}

func (t terminal) printParked(calls []api.Parked, now time.Time) error {
	if len(calls) == 0 {
		_, err := fmt.Fprintln(t.out, "Nobody is parked.")
		return err
	}
	rows := table{head: []string{"SLOT", "FROM", "NAME", "PARKED BY", "FOR", "CALL"}}
	for _, p := range calls {
		rows.add(p.Slot, orElse(p.From, "-"), orElse(p.FromName, "-"), orElse(p.By, "-"), elapsed(now.Sub(p.Since)), p.Call)
	}
	return rows.write(t.out)
}
