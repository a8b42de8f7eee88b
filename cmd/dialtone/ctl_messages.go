package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dialtone/pbx/api"
)

type ctlMailboxes struct{}

// Help is part of dialtone ctl mailboxes --help.
func (ctlMailboxes) Help() string {
	return `How many messages are new, how many were heard, and how many wait to be mailed.

    dialtone ctl mailboxes`
}

// Run prints them.
func (ctlMailboxes) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	boxes, err := client.Mailboxes(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(boxes)
	}
	rows := table{head: []string{"MAILBOX", "NAME", "NEW", "HEARD", "URGENT", "MAIL", "UNSENT"}}
	for _, b := range boxes {
		rows.add(b.Mailbox, orElse(b.Name, "-"), strconv.Itoa(b.New), strconv.Itoa(b.Old), strconv.Itoa(b.Urgent), orElse(b.Email, "-"), strconv.Itoa(b.Unsent))
	}
	return rows.write(t.out)
}

type ctlMessages struct {
	List   ctlMessagesList   `cmd:"" default:"withargs" help:"The messages of a mailbox."`
	Export ctlMessagesExport `cmd:"" help:"Copy the audio of messages to files."`
	Delete ctlMessagesDelete `cmd:"" help:"Delete messages for good."`
}

// Help is part of dialtone ctl messages --help.
func (ctlMessages) Help() string {
	return `ID and mailbox are as "dialtone ctl messages" and "dialtone ctl mailboxes" print them.

    dialtone ctl messages 101
    dialtone ctl messages export 101 019df1d0ac0-k3v7m2qa --to /tmp
    dialtone ctl messages delete 101 019df1d0ac0-k3v7m2qa`
}

type ctlMessagesList struct {
	Mailbox string `arg:"" help:"The extension."`
}

// Help is part of dialtone ctl messages list --help.
func (ctlMessagesList) Help() string {
	return `Oldest first.

    dialtone ctl messages list 101`
}

// Run prints the messages of a mailbox.
func (c ctlMessagesList) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	list, err := client.Messages(ctx, c.Mailbox)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(list)
	}
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintf(t.out, "Mailbox %s is empty.\n", c.Mailbox)
		return err
	}
	rows := table{head: []string{"ID", "FROM", "TIME", "LENGTH", "STATE", "MARKS", "MAIL"}}
	for _, m := range list {
		state := "new"
		if !m.New() {
			state = "heard"
		}
		var marks []string
		for _, mark := range []struct {
			is   bool
			name string
		}{{m.Urgent, "urgent"}, {m.Private, "private"}, {m.Recovered, "cut off"}} {
			if mark.is {
				marks = append(marks, mark.name)
			}
		}
		rows.add(m.ID, strings.TrimSpace(orElse(m.From, "-")+" "+m.FromName), m.At.In(siteZone(status)).Format(time.DateTime), m.Length.Round(time.Second).String(),
			state, orElse(strings.Join(marks, ", "), "-"), orElse(string(m.Mail), "-"))
	}
	if err := rows.write(t.out); err != nil {
		return err
	}
	for _, m := range list {
		if m.Transcript != "" {
			if _, err := fmt.Fprintf(t.out, "\n%s says:\n%s\n", m.ID, m.Transcript); err != nil {
				return err
			}
		}
	}
	return nil
}

type ctlMessagesExport struct {
	Mailbox string   `arg:"" help:"The extension."`
	ID      []string `arg:"" name:"id" optional:"" help:"Messages, as \"dialtone ctl messages\" shows them; without any, all."`
	To      string   `default:"." placeholder:"DIR" help:"The folder for the files; it is made when it is not there."`
}

// Help is part of dialtone ctl messages export --help.
func (ctlMessagesExport) Help() string {
	return `Each becomes a WAV file that is called like the mailbox and the message. They do not count as heard. Those that are in the folder already are left as they are.

    dialtone ctl messages export 101 --to /tmp`
}

// Run copies messages.
func (c ctlMessagesExport) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	if len(c.ID) == 0 {
		list, err := client.Messages(ctx, c.Mailbox)
		if err != nil {
			return err
		}
		for _, m := range list {
			c.ID = append(c.ID, m.ID)
		}
		if len(list) == 0 {
			_, err := fmt.Fprintf(t.err, "Mailbox %s is empty.\n", c.Mailbox)
			return err
		}
	}
	return t.edit(ctl, c.ID, func(client *api.Client, id string) error {
		path := filepath.Join(c.To, filepath.Base(c.Mailbox+"-"+id+".wav"))
		return t.export(path, func() error { return client.MessageAudio(ctx, api.MessageKey{Mailbox: c.Mailbox, ID: id}, path) })
	})
}

// export saves audio at path and prints that. The folder is made when there is none, and a
// file that is there was exported before.
func (t terminal) export(path string, save func() error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := save()
	if errors.Is(err, os.ErrExist) {
		_, err = fmt.Fprintf(t.err, "%s is there already.\n", path)
		return err
	}
	if err == nil {
		_, err = fmt.Fprintln(t.out, path)
	}
	return err
}

type ctlMessagesDelete struct {
	Mailbox string   `arg:"" help:"The extension."`
	ID      []string `arg:"" name:"id" help:"Messages, as \"dialtone ctl messages\" shows them."`
}

// Help is part of dialtone ctl messages delete --help.
func (ctlMessagesDelete) Help() string {
	return `There is no undoing it. The lamp of the phones follows.

    dialtone ctl messages delete 101 019df1d0ac0-k3v7m2qa`
}

// Run deletes messages.
func (c ctlMessagesDelete) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.edit(ctl, c.ID, func(client *api.Client, id string) error {
		err := client.DeleteMessage(ctx, api.MessageKey{Mailbox: c.Mailbox, ID: id})
		if errors.Is(err, api.ErrNotFound) {
			return err
		}
		if err == nil {
			fmt.Fprintf(t.err, "%s is deleted.\n", id)
		}
		return err
	})
}
