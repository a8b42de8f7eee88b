package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"dialtone/pbx/api"
)

type ctlMusic struct{}

// Help is part of dialtone ctl music --help.
func (ctlMusic) Help() string {
	return `The classes of music on hold: where each comes from, what is heard of it now and by how many. A stream is decoded once, and encoded once for each codec, whatever the number of listeners. The credits are what CREDITS.txt in the folder says.

    dialtone ctl music`
}

// Run prints the classes.
func (ctlMusic) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	classes, err := client.Music(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(classes)
	}
	return t.printMusic(classes)
}

func (t terminal) printMusic(classes []api.Music) error {
	rows := table{head: []string{"CLASS", "SOURCE", "PLAYING", "LISTENERS", "ENCODINGS"}}
	for _, m := range classes {
		rows.add(m.Class, m.Source, m.Playing, strconv.Itoa(m.Listeners), strings.Join(m.Encodings, ", "))
	}
	if err := rows.write(t.out); err != nil {
		return err
	}
	for _, m := range classes {
		if m.Problem != "" {
			if _, err := fmt.Fprintf(t.out, "%s: %s.\n", m.Class, m.Problem); err != nil {
				return err
			}
		}
		if m.Credits != "" {
			if _, err := fmt.Fprintf(t.out, "\nMusic of %s:\n%s\n", m.Class, m.Credits); err != nil {
				return err
			}
		}
	}
	return nil
}
