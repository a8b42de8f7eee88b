package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"dialtone/pbx/api"
)

type ctlChats struct {
	Party string `arg:"" optional:"" help:"Only those of this extension or number."`
	With  string `arg:"" optional:"" help:"What both wrote, oldest first."`
	Since string `placeholder:"TIME" help:"Only what was written at this time or later."`
	Until string `placeholder:"TIME" help:"Only what was written before this time."`
	Limit int    `default:"50" placeholder:"N" help:"At most so many messages, the newest; 0 is all."`
}

// Help is part of dialtone ctl chats --help.
func (ctlChats) Help() string {
	return `Without numbers, or with one, it lists who has written to whom; with two, what they wrote. STATE is waits (no phone has it yet), delivered with the number of phones, refused (all phones refused it), expired (no phone had it in time), or told (it was for a webhook). A TIME is written as for "dialtone ctl cdr".

    dialtone ctl chats
    dialtone ctl chats 101
    dialtone ctl chats 101 102 --since today`
}

// Run prints conversations, or one.
func (c ctlChats) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	if _, err := c.filter(time.Now()); err != nil {
		return err // no server need run to say so
	}
	client, err := ctl.client()
	if err != nil {
		return err
	}
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	zone := siteZone(status)
	if c.With != "" {
		return c.conversation(ctx, t, ctl, client, zone)
	}
	chats, err := client.Chats(ctx, c.Party)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(chats)
	}
	if len(chats) == 0 {
		_, err := fmt.Fprintln(t.out, "Nobody has written.")
		return err
	}
	rows := table{head: []string{"BETWEEN", "AND", "MESSAGES", "WAITING", "LAST"}}
	for _, x := range chats {
		rows.add(x.Parties[0], x.Parties[1], strconv.Itoa(x.Messages), strconv.Itoa(x.Waiting), x.Last.In(zone).Format(time.DateTime))
	}
	return rows.write(t.out)
}

func (c ctlChats) conversation(ctx context.Context, t terminal, ctl *ctlCommand, client *api.Client, zone *time.Location) error {
	filter, err := c.filter(time.Now().In(zone))
	if err != nil {
		return err
	}
	list := []api.ChatMessage{}
	err = client.ChatMessages(ctx, filter, func(m api.ChatMessage) bool {
		list = append(list, m)
		return true
	})
	if err != nil {
		return err
	}
	slices.Reverse(list)
	if ctl.JSON {
		return t.printJSON(list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(t.out, "They have written nothing.")
		return err
	}
	rows := table{head: []string{"TIME", "FROM", "TO", "STATE", "TEXT"}}
	for i := range list {
		m := &list[i]
		text := m.Content
		if text == "" {
			text = fmt.Sprintf("(%s, %d bytes)", m.Type, len(m.Body))
		}
		rows.add(m.At.In(zone).Format(time.DateTime), m.From, m.To, stateOf(m), text)
	}
	return rows.write(t.out)
}

// stateOf is the state with how many phones have it, or why they do not.
func stateOf(m *api.ChatMessage) string {
	took, status := 0, m.Refused
	for _, r := range m.Receipts {
		if r.Status < 300 {
			took++
		}
	}
	switch {
	case took > 0:
		return fmt.Sprintf("%s %d", m.State, took)
	case status != 0:
		return fmt.Sprintf("%s %d", m.State, status)
	}
	return m.State
}

func (c ctlChats) filter(now time.Time) (f api.ChatFilter, err error) {
	f = api.ChatFilter{Party: c.Party, With: c.With, Limit: max(c.Limit, 0)}
	if f.Since, err = parseTime(c.Since, now); err != nil {
		return f, fmt.Errorf("--since: %w", err)
	}
	if f.Until, err = parseTime(c.Until, now); err != nil {
		return f, fmt.Errorf("--until: %w", err)
	}
	return f, nil
}
