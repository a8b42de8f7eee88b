package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"dialtone/dialplan"
	"dialtone/pbx/api"
)

type ctlBlock struct {
	Number []string `arg:"" help:"Numbers, beginnings of numbers (+49180.), or \"anonymous\"."`
	Note   string   `placeholder:"TEXT" help:"Why."`
}

// Help is part of dialtone ctl block --help.
func (ctlBlock) Help() string {
	return `Calls from there are refused from now on, before any route of the dialplan sees them; extensions are not concerned. A number without a country code is one of the site's country.

    dialtone ctl block +4930123456 --note "sells windows"
    dialtone ctl block +49180. anonymous`
}

// Run puts the numbers on the block list.
func (c ctlBlock) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.addTo(ctx, ctl, dialplan.BlockList, c.Number, c.Note)
}

type ctlUnblock struct {
	Number []string `arg:"" help:"Numbers, as \"dialtone ctl blocked\" shows them."`
}

// Help is part of dialtone ctl unblock --help.
func (ctlUnblock) Help() string {
	return `Calls from there come in again.

    dialtone ctl unblock +4930123456`
}

// Run takes the numbers off the block list.
func (c ctlUnblock) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.removeFrom(ctx, ctl, dialplan.BlockList, c.Number)
}

type ctlBlocked struct{}

// Help is part of dialtone ctl blocked --help.
func (ctlBlocked) Help() string {
	return `The numbers whose calls are refused, why, since when, and which extension asked for it.

    dialtone ctl blocked`
}

// Run prints the block list.
func (ctlBlocked) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.showList(ctx, ctl, dialplan.BlockList)
}

type ctlList struct {
	Show   ctlListShow   `cmd:"" default:"withargs" help:"What is on a list; without a name, which lists there are."`
	Add    ctlListAdd    `cmd:"" help:"Put numbers on a list."`
	Remove ctlListRemove `cmd:"" help:"Take numbers off a list."`
}

// Help is part of dialtone ctl list --help.
func (ctlList) Help() string {
	return `Lists of callers that routes look at with when: {list: NAME}. The configuration names them under "lists"; what is on them is edited here and kept in the data folder.

    dialtone ctl list
    dialtone ctl list vip
    dialtone ctl list add vip +4930123456 --note "the landlord"
    dialtone ctl list remove vip +4930123456`
}

type ctlListShow struct {
	Name string `arg:"" optional:"" help:"The list."`
}

// Help is part of dialtone ctl list show --help.
func (ctlListShow) Help() string {
	return `The numbers on a list, or the names of all lists.

    dialtone ctl list show
    dialtone ctl list show vip`
}

// Run prints a list, or all their names.
func (c ctlListShow) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	if c.Name != "" {
		return t.showList(ctx, ctl, c.Name)
	}
	client, err := ctl.client()
	if err != nil {
		return err
	}
	lists, err := client.Lists(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(lists)
	}
	rows := table{head: []string{"LIST", "ENTRIES", "WHAT IT IS FOR"}}
	for _, l := range lists {
		rows.add(l.Name, strconv.Itoa(l.Entries), l.Text)
	}
	return rows.write(t.out)
}

type ctlListAdd struct {
	Name   string   `arg:"" help:"The list."`
	Number []string `arg:"" help:"Numbers, beginnings of numbers (+49180.), or \"anonymous\"."`
	Note   string   `placeholder:"TEXT" help:"Why."`
}

// Help is part of dialtone ctl list add --help.
func (ctlListAdd) Help() string {
	return `A number that is there already gets the new note. The entry counts from the next call on.

    dialtone ctl list add vip +4930123456 --note "the landlord"`
}

// Run puts the numbers on the list.
func (c ctlListAdd) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.addTo(ctx, ctl, c.Name, c.Number, c.Note)
}

type ctlListRemove struct {
	Name   string   `arg:"" help:"The list."`
	Number []string `arg:"" help:"Numbers, as the list shows them."`
}

// Help is part of dialtone ctl list remove --help.
func (ctlListRemove) Help() string {
	return `What is not on the list is named, and the rest is taken off.

    dialtone ctl list remove vip +4930123456`
}

// Run takes the numbers off the list.
func (c ctlListRemove) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.removeFrom(ctx, ctl, c.Name, c.Number)
}

// addTo puts numbers on a list, those that can stand there also when others cannot.
func (t terminal) addTo(ctx context.Context, ctl *ctlCommand, list string, numbers []string, note string) error {
	return t.edit(ctl, numbers, func(client *api.Client, number string) error {
		entry, err := client.AddToList(ctx, list, number, note)
		if err == nil {
			fmt.Fprintf(t.err, "%s is on list %s.\n", entry.Number, list)
		}
		return err
	})
}

func (t terminal) removeFrom(ctx context.Context, ctl *ctlCommand, list string, numbers []string) error {
	return t.edit(ctl, numbers, func(client *api.Client, number string) error {
		err := client.RemoveFromList(ctx, list, number)
		if err == nil {
			fmt.Fprintf(t.err, "%s is off list %s.\n", number, list)
		}
		return err
	})
}

// edit does one thing with each number, and goes on after what the server refuses.
func (t terminal) edit(ctl *ctlCommand, numbers []string, do func(*api.Client, string) error) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	failed := false
	for _, number := range numbers {
		var refused *api.Error
		switch err := do(client, number); {
		case errors.As(err, &refused):
			failed = true
			fmt.Fprintf(t.err, "dialtone: %s\n", refused.Message)
		case err != nil:
			return err
		}
	}
	if failed {
		return errFailed
	}
	return nil
}

func (t terminal) showList(ctx context.Context, ctl *ctlCommand, name string) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	entries, err := client.ListEntries(ctx, name)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(entries)
	}
	if len(entries) == 0 {
		_, err := fmt.Fprintf(t.out, "Nobody is on list %s.\n", name)
		return err
	}
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	zone := siteZone(status)
	rows := table{head: []string{"NUMBER", "SINCE (" + zoneName(zone) + ")", "BY", "NOTE"}}
	for _, e := range entries {
		rows.add(e.Number, clock(e.Since, zone), orElse(e.By, "operator"), orElse(e.Note, "-"))
	}
	return rows.write(t.out)
}
