package main

import (
	"encoding/json"
	"testing"
	"time"

	"dialtone/dialplan"
	"dialtone/pbx/api"
)

func TestExplain(t *testing.T) {
	trace := dialplan.Trace{
		From: "101", Extension: "101", To: "200", Start: time.Date(2026, 5, 5, 8, 0, 0, 0, time.UTC), Zone: "Europe/Berlin", Outcome: "User busy",
		Events: []dialplan.Event{
			{Kind: dialplan.EventContext, Name: "phones", Text: "looking for 200"},
			{Kind: dialplan.EventRoute, Context: "phones", Name: "sales", Fits: true, Text: "to: it is 200", File: "office.yaml", Line: 5},
			{Kind: dialplan.EventStep, Name: "dial sales", Took: 20 * time.Second, Text: "busy", File: "office.yaml", Line: 7},
		},
	}
	data := start(t, &fakeServer{records: []api.CDR{{ID: "old"}, {ID: "7k2m9x4qwz3n", ConfigVersion: "3f9c2a71b0de", Trace: trace.Bytes()}}})
	want := `extension 101 dials 200, Tue 2026-05-05 10:00:00 CEST
phones: looking for 200
  + sales: to: it is 200  office.yaml:5
    dial sales: busy  (at 0s, took 20s)  office.yaml:7
=> User busy
configuration: version 3f9c2a71b0de
`
	if code, out, errOut := dialtone(t, "explain", "--data", data, "7k2m9x4qwz3n"); code != 0 || out != want {
		t.Errorf("exit code %d, printed\n%s%s\nwant\n%s", code, out, errOut, want)
	}
	_, out, _ := dialtone(t, "explain", "--data", data, "--json", "7k2m9x4qwz3n")
	var back dialplan.Trace
	if err := json.Unmarshal([]byte(out), &back); err != nil || len(back.Events) != 3 {
		t.Errorf("%v: %s", err, out)
	}
	for id, says := range map[string]string{
		"none": "dialtone: there is no record of a call \"none\"; calls in progress have none yet, see dialtone ctl cdr\n",
		"old":  "dialtone: the record of call old says nothing of its way\n",
		"":     "dialtone: the id of the call is empty; dialtone ctl cdr lists those of the last calls\n",
		" ":    "dialtone: the id of the call is empty; dialtone ctl cdr lists those of the last calls\n",
	} {
		if code, _, errOut := dialtone(t, "explain", "--data", data, id); code != 1 || errOut != says {
			t.Errorf("%s: exit code %d, %s", id, code, errOut)
		}
	}
}
