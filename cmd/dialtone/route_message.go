package main

import (
	"errors"
	"fmt"
	"strings"

	"dialtone/dialplan"
)

// messageResult is what --message --json prints.
type messageResult struct {
	Routes   []messageRoute `json:"routes,omitempty"` // that fitted, in order
	Deliver  []string       `json:"deliver,omitempty"`
	Webhooks []string       `json:"webhooks,omitempty"`
	Refused  string         `json:"refused,omitempty"`
}

type messageRoute struct {
	Text string `json:"text"`
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
}

// message says who would get a message in writing.
func (c routeCommand) message(t terminal, plan *dialplan.Plan, facts dialplan.Facts) error {
	if facts.Extension == "" {
		return errors.New("--message: only extensions write; say with --from which one")
	}
	d := plan.Message(facts.Extension, c.To)
	r := messageResult{Deliver: d.Deliver, Webhooks: d.Webhooks, Refused: d.Refuse}
	for _, route := range d.Routes {
		at := route.Where()
		r.Routes = append(r.Routes, messageRoute{route.String(), at.File, at.Line})
	}
	if d.Nobody() {
		r.Refused = "there is nobody of that number"
	}
	var err error
	if c.JSON {
		err = t.printJSON(r)
	} else {
		_, err = fmt.Fprint(t.out, r)
	}
	if err == nil && r.Refused != "" {
		err = errFailed
	}
	return err
}

// String says it in lines.
func (r messageResult) String() string {
	var b strings.Builder
	for _, route := range r.Routes {
		fmt.Fprintf(&b, "route    %s  %s:%d\n", route.Text, route.File, route.Line)
	}
	for _, line := range []struct {
		what string
		list []string
	}{{"webhook", r.Webhooks}, {"deliver", r.Deliver}} {
		if len(line.list) > 0 {
			fmt.Fprintf(&b, "=> %s  %s\n", line.what, strings.Join(line.list, ", "))
		}
	}
	if r.Refused != "" {
		fmt.Fprintf(&b, "=> refused  %s\n", r.Refused)
	}
	return b.String()
}
