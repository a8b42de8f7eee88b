package main

import (
	"context"
	"fmt"
)

type ctlFeatures struct{}

// Help is part of dialtone ctl features --help.
func (ctlFeatures) Help() string {
	return `These are set under "features" in the configuration, where an empty number turns one off, and as "dial" of conferences. No number is two of them: the configuration is checked for that.

    dialtone ctl features`
}

// Run prints the features.
func (ctlFeatures) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	features, err := client.Features(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(features)
	}
	if len(features) == 0 {
		_, err := fmt.Fprintln(t.out, "All features are off.")
		return err
	}
	rows := table{head: []string{"DIAL", "NAME", "WHAT IT DOES"}, whole: true}
	for _, f := range features {
		rows.add(f.Number, f.Name, f.Text)
	}
	return rows.write(t.out)
}
