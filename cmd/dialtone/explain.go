package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"dialtone/dialplan"
	"dialtone/pbx/api"
)

type explainCommand struct {
	Call   string `arg:"" placeholder:"CALL-ID" help:"The id of a call that ended, as ctl cdr and the log show it."`
	Socket string `placeholder:"PATH" env:"DIALTONE_SOCKET" help:"The control socket of the server."`
	Data   string `placeholder:"DIR" help:"The data folder of the server; the socket is in it."`
	Config string `placeholder:"FILE" help:"The configuration of the server; it names the data folder."`
	JSON   bool   `name:"json" help:"Print JSON, for programs."`
}

// Help is part of dialtone explain --help.
func (explainCommand) Help() string {
	return `Prints what the dialplan did with a call that ended: each route that was considered and why it did or did not fit, each step with its outcome and time, with the line of the file. The server is asked, and found as by dialtone ctl.

    dialtone explain 7k2m9x4qwz3n`
}

// Run asks the server for the record and prints its trace.
func (c explainCommand) Run(ctx context.Context, t terminal) error {
	if strings.TrimSpace(c.Call) == "" {
		return errors.New("the id of the call is empty; dialtone ctl cdr lists those of the last calls")
	}
	client, err := (&ctlCommand{Socket: c.Socket, Data: c.Data, Config: c.Config}).client()
	if err != nil {
		return err
	}
	var record *api.CDR
	err = client.CDRs(ctx, api.CDRFilter{ID: c.Call, Limit: 1}, func(r api.CDR) bool { record = &r; return true })
	switch {
	case err != nil:
		return err
	case record == nil:
		return fmt.Errorf("there is no record of a call %q; calls in progress have none yet, see dialtone ctl cdr", c.Call)
	case len(record.Trace) == 0:
		return fmt.Errorf("the record of call %s says nothing of its way", c.Call)
	}
	var trace dialplan.Trace
	if err := json.Unmarshal(record.Trace, &trace); err != nil {
		return fmt.Errorf("the record of call %s cannot be read: %w", c.Call, err)
	}
	if c.JSON {
		return t.printJSON(trace)
	}
	version := ""
	if record.ConfigVersion != "" {
		version = "configuration: version " + record.ConfigVersion + "\n"
	}
	_, err = fmt.Fprint(t.out, trace.String()+version)
	return err
}
