package main

import (
	"context"
	"fmt"
	"time"

	"dialtone/pbx/api"
)

type ctlRegistrations struct{}

// Help is part of dialtone ctl registrations --help.
func (ctlRegistrations) Help() string {
	return `One line per phone; an extension may have several. FLOW is where the phone's packets come from: behind NAT that differs from CONTACT. LATENCY is how long the phone took to answer when it was last asked whether it is there, "lost" when it did not.

    dialtone ctl registrations
    watch dialtone ctl registrations`
}

// Run prints the registrations.
func (ctlRegistrations) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	registrations, err := client.Registrations(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(registrations)
	}
	return t.printRegistrations(registrations, time.Now())
}

func (t terminal) printRegistrations(registrations []api.Registration, now time.Time) error {
	if len(registrations) == 0 {
		_, err := fmt.Fprintln(t.out, "No phone is registered.")
		return err
	}
	rows := table{head: []string{"EXTENSION", "CONTACT", "TRANSPORT", "FLOW", "EXPIRES", "LATENCY", "USER AGENT"}}
	for _, r := range registrations {
		rows.add(r.Extension, r.Contact, r.Transport, r.Flow, elapsed(r.Expires.Sub(now)), latency(r), r.UserAgent)
	}
	return rows.write(t.out)
}

func latency(r api.Registration) string {
	switch r.Reachable {
	case "yes":
		return fmt.Sprintf("%.1fms", r.LatencyMS)
	case "no":
		return "lost"
	}
	return ""
}
