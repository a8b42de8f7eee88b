package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dialtone/pbx/api"
)

type ctlTrunks struct{}

// Help is part of dialtone ctl trunks --help.
func (ctlTrunks) Help() string {
	return `One line per trunk, and below it one per server, in the order in which they are tried. CALLS are those that are up, of those that may be. SINCE is how long the trunk, or the server, has been so. What is wrong stands below the trunk, with when it is tried again.

    dialtone ctl trunks
    watch dialtone ctl trunks`
}

// Run prints the trunks.
func (ctlTrunks) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	trunks, err := client.Trunks(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(trunks)
	}
	return t.printTrunks(trunks, time.Now())
}

func (t terminal) printTrunks(trunks []api.Trunk, now time.Time) error {
	if len(trunks) == 0 {
		_, err := fmt.Fprintln(t.out, "There is no trunk.")
		return err
	}
	rows := table{head: []string{"TRUNK", "STATE", "SINCE", "CALLS", "EXPIRES", "LATENCY"}}
	for _, k := range trunks {
		expires := ""
		if !k.Expires.IsZero() {
			expires = elapsed(k.Expires.Sub(now))
		}
		rows.add(k.Name, k.State, elapsed(now.Sub(k.Since)), channels(k), expires, "")
		for _, s := range k.Servers {
			rows.add("  "+s.Transport+" "+s.Address, serverState(s), sinceText(s.Since, now), " ", " ", serverLatency(s))
		}
	}
	if err := rows.write(t.out); err != nil {
		return err
	}
	for _, k := range trunks {
		if text := trouble(k, now); text != "" {
			if _, err := fmt.Fprintf(t.out, "\n%s: %s\n", k.Name, text); err != nil {
				return err
			}
		}
	}
	return nil
}

func channels(k api.Trunk) string {
	if k.Channels == 0 {
		return strconv.Itoa(k.Calls)
	}
	return fmt.Sprintf("%d of %d", k.Calls, k.Channels)
}

func serverState(s api.TrunkServer) string {
	switch {
	case s.Since.IsZero():
		return "not asked"
	case s.Alive:
		return "answers"
	}
	return "dead"
}

func sinceText(since, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	return elapsed(now.Sub(since))
}

func serverLatency(s api.TrunkServer) string {
	if s.LatencyMS == 0 {
		return ""
	}
	return fmt.Sprintf("%.1fms", s.LatencyMS)
}

// trouble is what is wrong with a trunk and its servers, and when it is tried
// again; "" when nothing is.
func trouble(k api.Trunk, now time.Time) string {
	var parts []string
	if k.Why != "" {
		parts = append(parts, k.Why)
	}
	for _, s := range k.Servers {
		if s.Why != "" && !strings.Contains(k.Why, s.Why) {
			parts = append(parts, s.Transport+" "+s.Address+": "+s.Why)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	if k.Why != "" && k.Next.After(now) {
		parts = append(parts, "tried again in "+elapsed(k.Next.Sub(now)))
	}
	return harmless(strings.Join(parts, "; "))
}
