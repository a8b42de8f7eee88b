package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"dialtone/pbx/api"
)

type ctlSubscriptions struct {
	Number string `arg:"" optional:"" help:"Only what this extension watches, and who watches it."`
}

// Help is part of dialtone ctl subscriptions --help.
func (ctlSubscriptions) Help() string {
	return `One line per subscription of a phone: dialog and presence are lamps, message-summary is that of messages, as-feature-event are the keys for do not disturb and forwarding. A list is followed by how many it has. UNANSWERED is how many NOTIFYs in a row the phone did not answer.

    dialtone ctl subscriptions
    dialtone ctl subscriptions 100`
}

// Run prints who watches what.
func (c ctlSubscriptions) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	subscriptions, err := client.Subscriptions(ctx, c.Number)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(subscriptions)
	}
	return t.printSubscriptions(subscriptions, time.Now())
}

func (t terminal) printSubscriptions(list []api.Subscription, now time.Time) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(t.out, "Nobody watches anything.")
		return err
	}
	rows := table{head: []string{"EVENT", "OF", "BY", "PHONE", "EXPIRES", "UNANSWERED"}}
	for _, s := range list {
		of, failed := s.Of, ""
		if s.Members > 0 {
			of = fmt.Sprintf("%s (%d)", s.Of, s.Members)
		}
		if s.Failed > 0 {
			failed = strconv.Itoa(s.Failed)
		}
		rows.add(s.Event, of, s.By, s.Phone, elapsed(s.Expires.Sub(now)), failed)
	}
	return rows.write(t.out)
}
