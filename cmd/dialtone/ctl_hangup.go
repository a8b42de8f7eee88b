package main

import (
	"context"
	"errors"
	"fmt"

	"dialtone/pbx/api"
)

type ctlHangup struct {
	ID []string `arg:"" name:"id" help:"The calls, as the first column of \"dialtone ctl calls\" names them."`
}

// Help is part of dialtone ctl hangup --help.
func (ctlHangup) Help() string {
	return `All parties are hung up; the record of the call says that the operator ended it.

    dialtone ctl hangup 64dcghd7bk6f
    dialtone ctl hangup $(dialtone ctl calls --json | jq -r '.[].id')`
}

// Run hangs up all calls that are named, also after one that is not there.
func (c ctlHangup) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	missing := false
	for _, id := range c.ID {
		err := client.Hangup(ctx, id)
		switch {
		case errors.Is(err, api.ErrNotFound):
			missing = true
			fmt.Fprintf(t.err, "dialtone: there is no call %q (any more); \"dialtone ctl calls\" lists those that are\n", id)
		case err != nil:
			return err
		default:
			fmt.Fprintf(t.err, "Call %s is hung up.\n", id)
		}
	}
	if missing {
		return errFailed
	}
	return nil
}
