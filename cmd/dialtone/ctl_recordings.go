package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"dialtone/pbx/api"
)

type ctlRecordings struct {
	List   ctlRecordingsList   `cmd:"" default:"withargs" help:"The recordings, newest first."`
	Export ctlRecordingsExport `cmd:"" help:"Copy the files of recordings."`
	Delete ctlRecordingsDelete `cmd:"" help:"Delete recordings for good."`
	Verify ctlRecordingsVerify `cmd:"" help:"Read all files again and compare them with what was recorded."`
}

// Help is part of dialtone ctl recordings --help.
func (ctlRecordings) Help() string {
	return `Recordings are named by the ID that "dialtone ctl recordings" prints.

    dialtone ctl recordings --since today --party 101
    dialtone ctl recordings export 019df1d0ac0-k3v7m2qa --to /tmp
    dialtone ctl recordings verify`
}

type ctlRecordingsList struct {
	Since string `placeholder:"TIME" help:"Only those that began at this time or later."`
	Until string `placeholder:"TIME" help:"Only those that began before this time."`
	Party string `placeholder:"NUMBER" help:"Only those in which this number is heard, or was called."`
	Call  string `placeholder:"ID" help:"Only those of this call, or of the conference of this name."`
	Limit int    `default:"50" placeholder:"N" help:"At most so many, the newest; 0 is all."`
}

// Help is part of dialtone ctl recordings list --help.
func (ctlRecordingsList) Help() string {
	return `A TIME is written as for "dialtone ctl cdr". BY is why a call was recorded: rule, key, step, ctl or conference. CONSENT is what was done before: announced, agreed or silent.

    dialtone ctl recordings list --since yesterday --party 101`
}

// Run prints the recordings.
func (c ctlRecordingsList) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, zone, filter, err := filtered(ctx, ctl, c.filter)
	if err != nil {
		return err
	}
	list := []api.Recording{}
	err = client.Recordings(ctx, filter, func(r api.Recording) bool {
		list = append(list, r)
		return true
	})
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(t.out, "There are no such recordings.")
		return err
	}
	rows := table{head: []string{"ID", "START", "LENGTH", "FROM", "TO", "BY", "CONSENT", "MARKS"}}
	for _, r := range list {
		rows.add(r.ID, r.Start.In(zone).Format(time.DateTime), r.Length.Round(time.Second).String(), strings.TrimSpace(orElse(r.From, "-")+" "+r.FromName),
			orElse(r.To, "-"), orElse(r.By, "-"), orElse(r.Consent, "-"), orElse(marksOf(&r), "-"))
	}
	return rows.write(t.out)
}

// beingMade is the state of a recording that is not complete yet.
const beingMade = "recording"

func marksOf(r *api.Recording) string {
	var marks []string
	if r.State == beingMade {
		marks = append(marks, "being made")
	}
	switch n := len(r.Pauses); n {
	case 0:
	case 1:
		marks = append(marks, "1 pause")
	default:
		marks = append(marks, fmt.Sprintf("%d pauses", n))
	}
	if r.Sealed {
		marks = append(marks, "sealed")
	}
	if r.Incomplete != "" {
		marks = append(marks, "incomplete: "+r.Incomplete)
	}
	return strings.Join(marks, ", ")
}

func (c ctlRecordingsList) filter(now time.Time) (f api.RecordingFilter, err error) {
	f = api.RecordingFilter{Party: c.Party, Call: c.Call, Limit: max(c.Limit, 0)}
	if f.Since, err = parseTime(c.Since, now); err != nil {
		return f, fmt.Errorf("--since: %w", err)
	}
	if f.Until, err = parseTime(c.Until, now); err != nil {
		return f, fmt.Errorf("--until: %w", err)
	}
	return f, nil
}

type ctlRecordingsExport struct {
	ID []string `arg:"" name:"id" help:"Recordings, as \"dialtone ctl recordings\" shows them."`
	To string   `default:"." placeholder:"DIR" help:"The folder for the files; it is made when it is not there."`
}

// Help is part of dialtone ctl recordings export --help.
func (ctlRecordingsExport) Help() string {
	return `Each is called as it is in the folder of recordings. Sealed ones are opened with "age -d" and the private key. One that is still being made is left out.

    dialtone ctl recordings export 019df1d0ac0-k3v7m2qa --to /tmp`
}

// Run copies files.
func (c ctlRecordingsExport) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.edit(ctl, c.ID, func(client *api.Client, id string) error {
		var one api.Recording
		err := client.Recordings(ctx, api.RecordingFilter{ID: id}, func(r api.Recording) bool {
			one = r
			return false
		})
		switch {
		case err != nil:
			return err
		case one.ID == "":
			return fmt.Errorf("recording %q: %w", id, api.ErrNotFound)
		case one.State == beingMade: // half of it would look like all of it
			fmt.Fprintf(t.err, "%s is still being made: it is left out.\n", id)
			return nil
		}
		path := filepath.Join(c.To, filepath.Base(filepath.FromSlash(one.File)))
		return t.export(path, func() error { return client.RecordingAudio(ctx, id, path) })
	})
}

type ctlRecordingsDelete struct {
	ID []string `arg:"" name:"id" help:"Recordings, as \"dialtone ctl recordings\" shows them."`
}

// Help is part of dialtone ctl recordings delete --help.
func (ctlRecordingsDelete) Help() string {
	return `There is no undoing it.

    dialtone ctl recordings delete 019df1d0ac0-k3v7m2qa`
}

// Run deletes recordings.
func (c ctlRecordingsDelete) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.edit(ctl, c.ID, func(client *api.Client, id string) error {
		err := client.DeleteRecording(ctx, id)
		if err == nil {
			fmt.Fprintf(t.err, "%s is deleted.\n", id)
		}
		return err
	})
}

type ctlRecordingsVerify struct{}

// Help is part of dialtone ctl recordings verify --help.
func (ctlRecordingsVerify) Help() string {
	return `Ends with an error when a file is gone, or is not as it was made.

    dialtone ctl recordings verify`
}

// errFaults says that recordings are not as they were made.
var errFaults = errors.New("recordings are not as they were made")

// Run verifies all.
func (ctlRecordingsVerify) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	v, err := client.VerifyRecordings(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		err = t.printJSON(v)
	} else {
		for _, f := range v.Faults {
			fmt.Fprintf(t.out, "%s  %s: %s\n", f.ID, f.File, f.Why)
		}
		bad := fmt.Sprint(len(v.Faults), " are")
		if len(v.Faults) == 1 {
			bad = "1 is"
		}
		_, err = fmt.Fprintf(t.out, "%d recordings are as they were made, %s not.\n", v.Good, bad)
	}
	if err == nil && len(v.Faults) > 0 {
		err = errFaults
	}
	return err
}

type ctlRecord struct {
	Call string `arg:"" help:"The id of the call, as \"dialtone ctl calls\" shows it."`
	Do   string `arg:"" enum:"start,stop,pause,resume" help:"start, stop, pause or resume."`
}

// Help is part of dialtone ctl record --help.
func (ctlRecord) Help() string {
	return `start returns when both have heard the announcement. An extension that is never recorded is not recorded by this either.

    dialtone ctl record ilkcsrdfntwv pause`
}

// Run does it.
func (c ctlRecord) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	return t.edit(ctl, []string{c.Call}, func(client *api.Client, id string) error { return client.Record(ctx, id, c.Do) })
}
