package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/pbx/api"
)

type ctlCalls struct{}

// Help is part of dialtone ctl calls --help.
func (ctlCalls) Help() string {
	return `The first column is what "dialtone ctl hangup" takes. Codec, loss and jitter stand for the audio that arrives from each party, the caller first; they are one value where the parties agree.

    dialtone ctl calls
    dialtone ctl calls --json | jq '.[].legs[].mos'`
}

// Run prints the calls.
func (ctlCalls) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	calls, err := client.Calls(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(calls)
	}
	return t.printCalls(calls, time.Now())
}

func (t terminal) printCalls(calls []api.Call, now time.Time) error {
	if len(calls) == 0 {
		_, err := fmt.Fprintln(t.out, "No calls.")
		return err
	}
	rows := table{head: []string{"ID", "FROM", "TO", "STATE", "DURATION", "CODEC", "LOSS", "JITTER"}}
	for _, call := range calls {
		since := call.Start
		if !call.Answer.IsZero() {
			since = call.Answer
		}
		rows.add(call.ID, call.From, call.To, call.State, elapsed(now.Sub(since)),
			perLeg(call.Legs, func(l api.Leg) string { return l.Codec }),
			perLeg(call.Legs, func(l api.Leg) string { return measured(l, "%.1f%%", l.LossPercent()) }),
			perLeg(call.Legs, func(l api.Leg) string { return measured(l, "%.1fms", l.JitterMS) }))
	}
	return rows.write(t.out)
}

// perLeg joins what the legs have, or is one value when all have the same.
func perLeg(legs []api.Leg, value func(api.Leg) string) string {
	var values []string
	for _, leg := range legs {
		values = append(values, orElse(value(leg), "-"))
	}
	if len(slices.Compact(slices.Clone(values))) == 1 {
		return values[0]
	}
	return strings.Join(values, " ")
}

// measured is empty for a party that sent nothing: that is no measurement.
func measured(leg api.Leg, format string, value float64) string {
	if leg.RxPackets == 0 {
		return ""
	}
	return fmt.Sprintf(format, value)
}
