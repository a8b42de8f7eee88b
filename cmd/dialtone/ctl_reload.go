package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dialtone/pbx/api"
)

type ctlReload struct{}

// Help is part of dialtone ctl reload --help.
func (ctlReload) Help() string {
	return `The configuration is read and checked as a whole; when anything in it is wrong, or a key changed that only a restart can change, all reasons are printed and the running one stays. Calls in progress go on.

    dialtone ctl reload`
}

// Run reloads and prints what that changed.
func (ctlReload) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	result, err := client.Reload(ctx)
	if errors.Is(err, api.ErrConfig) {
		fmt.Fprintf(t.err, "%s\nRefused; the old configuration stays.\n", strings.TrimSpace(err.Error()))
		return errFailed
	}
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(result)
	}
	for _, warning := range result.Warnings {
		fmt.Fprintln(t.err, warning)
	}
	if len(result.Changes) == 0 {
		fmt.Fprintln(t.out, "Reloaded; nothing changed.")
		return nil
	}
	fmt.Fprintln(t.out, "Reloaded:")
	for _, change := range result.Changes {
		fmt.Fprintf(t.out, "  %s\n", change)
	}
	return nil
}
