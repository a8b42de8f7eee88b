package main

import (
	"context"
	"fmt"
	"time"

	"dialtone/pbx/api"
)

type ctlCDR struct {
	Since  string `placeholder:"TIME" help:"Only calls that started at this time or later."`
	Until  string `placeholder:"TIME" help:"Only calls that started before this time."`
	Party  string `placeholder:"NUMBER" help:"Only calls from or to this number."`
	Missed bool   `help:"Only calls from outside that nobody took."`
	Limit  int    `default:"-1" placeholder:"N" help:"At most so many, the newest; 0 is all. A table has 50 when you do not say, json and csv have all."`
	Format string `placeholder:"table" enum:"table,json,csv" default:"table" help:"table, json or csv."`
}

const tableLimit = 50

// Help is part of dialtone ctl cdr --help.
func (ctlCDR) Help() string {
	return `Records are there as soon as a call has ended, newest first. A TIME is a date (2026-05-04), a date and time ("2026-05-04 09:30"), a time of today (09:30), today, yesterday, or how long ago (90m, 12h, 7d), in the zone of the site, as is START. TALKED counts while two parties talk: not in a menu, an announcement or a tone. json has all that is known, one leg per party; csv has a line per call.

    dialtone ctl cdr --since today
    dialtone ctl cdr --since today --missed
    dialtone ctl cdr --party 100 --limit 10
    dialtone ctl cdr --since 2026-05-01 --until 2026-06-01 --format csv > may.csv`
}

// Run prints the records.
func (c ctlCDR) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	if ctl.JSON {
		c.Format = "json"
	}
	client, zone, filter, err := filtered(ctx, ctl, c.filter)
	if err != nil {
		return err
	}
	out := c.writer(t, zone)
	var writeErr error
	err = client.CDRs(ctx, filter, func(record api.CDR) bool {
		writeErr = out.write(record)
		return writeErr == nil
	})
	if writeErr != nil {
		return writeErr
	}
	if err != nil {
		return err // without close: what was written must not look whole
	}
	return out.close()
}

// filtered is what a list needs whose filter has times of the site.
func filtered[F any](ctx context.Context, ctl *ctlCommand, filter func(now time.Time) (F, error)) (client *api.Client, zone *time.Location, f F, err error) {
	if _, err = filter(time.Now()); err != nil {
		return nil, nil, f, err // no server need run to say so
	}
	if client, err = ctl.client(); err != nil {
		return nil, nil, f, err
	}
	status, err := client.Status(ctx)
	if err != nil {
		return nil, nil, f, err
	}
	zone = siteZone(status)
	f, err = filter(time.Now().In(zone))
	return client, zone, f, err
}

func (c ctlCDR) filter(now time.Time) (api.CDRFilter, error) {
	filter := api.CDRFilter{Party: c.Party, Missed: c.Missed, Limit: max(c.Limit, 0)}
	if c.Limit < 0 && c.Format == "table" {
		filter.Limit = tableLimit
	}
	var err error
	if filter.Since, err = parseTime(c.Since, now); err != nil {
		return filter, fmt.Errorf("--since: %w", err)
	}
	if filter.Until, err = parseTime(c.Until, now); err != nil {
		return filter, fmt.Errorf("--until: %w", err)
	}
	return filter, nil
}

// recordWriter prints records as they arrive.
type recordWriter interface {
	write(api.CDR) error
	close() error
}

func (c ctlCDR) writer(t terminal, zone *time.Location) recordWriter {
	switch c.Format {
	case "json":
		return &jsonRecords{out: t.out}
	case "csv":
		return newCSVRecords(t.out)
	}
	return newTableRecords(t, zone, c.Limit < 0)
}
