package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"dialtone/config"
	"dialtone/pbx/api"
	"dialtone/pbx/doctor"
)

type doctorCommand struct {
	Config string `placeholder:"FILE" help:"The configuration; that of the server that runs, else ./dialtone.yaml."`
	Data   string `placeholder:"DIR" help:"The data folder of the server, whatever the configuration says."`
	Socket string `placeholder:"PATH" env:"DIALTONE_SOCKET" help:"The control socket of the server."`
	JSON   bool   `name:"json" help:"Print JSON, for programs."`
}

// Help is part of dialtone doctor --help.
func (doctorCommand) Help() string {
	return `One thing after the other is tried, as phones and browsers do it: the configuration, ports, the data folder, the clock, names and addresses, the certificate, the WebSocket, SIP, a test call whose delay and loss are measured, the audio of browsers, relays, trunks, phones. What is wrong is said in plain words, with what to do.

Nothing is changed, and nobody else is asked: the test calls are answered by the server itself, whatever the dialplan says, and are in no list. Of a server that does not run, the configuration and the machine are looked at.

The exit code is 0 without a problem, also with warnings, 1 with one, and 2 when nothing could be tried.

    dialtone doctor
    dialtone doctor --json | jq -r '.findings[] | select(.level == "problem") | .text'`
}

// diagnosis is what --json prints.
type diagnosis struct {
	OK       bool             `json:"ok"`
	Problems int              `json:"problems"`
	Warnings int              `json:"warnings"`
	Findings []doctor.Finding `json:"findings"`
}

// Run does all tests.
func (c doctorCommand) Run(ctx context.Context, t terminal) error {
	o, err := c.options(ctx)
	if err != nil {
		return troubled{err}
	}
	d := diagnosis{Findings: []doctor.Finding{}}
	out := newClinic(t.out)
	doctor.Examine(ctx, o, func(f doctor.Finding) {
		d.Findings = append(d.Findings, f)
		switch f.Level {
		case doctor.Problem:
			d.Problems++
		case doctor.Warning:
			d.Warnings++
		}
		if !c.JSON {
			out.finding(f)
		}
	})
	d.OK = d.Problems == 0
	if c.JSON {
		err = t.printJSON(d)
	} else {
		out.summary(d)
		err = out.err
	}
	if err == nil && !d.OK {
		err = errFailed
	}
	return err
}

// options find the server and its configuration.
func (c doctorCommand) options(ctx context.Context) (o doctor.Options, err error) {
	ctl := ctlCommand{Socket: c.Socket, Data: c.Data, Config: c.Config}
	socket, err := ctl.socketPath()
	if err != nil && c.Config != "" {
		return o, err
	}
	client := api.NewClient(socket)
	o.Server, o.File, o.Data = client, c.Config, c.Data
	status, err := client.Status(ctx)
	running := err == nil
	if running && o.File == "" {
		o.File = status.Config
	}
	if running && o.Data == "" {
		o.Data = status.Data
	}
	if o.File == "" && !running && exists(defaultConfig) {
		o.File = defaultConfig
	}
	return readFor(o), nil
}

// readFor reads the configuration, or the accounts of a server without one.
func readFor(o doctor.Options) doctor.Options {
	if o.File != "" {
		o.Loaded, o.Mistakes = config.Read(o.File)
	} else {
		o.Data = orElse(o.Data, defaultData)
		if accounts := filepath.Join(o.Data, "extensions.yaml"); exists(accounts) {
			o.Loaded, o.Mistakes = config.ReadDefault(o.Data, accounts)
		}
	}
	switch {
	case o.Data != "":
	case o.Loaded != nil && o.Loaded.Config != nil:
		o.Data = o.Loaded.Config.Data
	default:
		o.Data, _ = dataFolder(o.File) // without it, nothing is found there
	}
	return o
}

// clinic prints findings.
type clinic struct {
	out    io.Writer
	colour bool
	last   string // the test that was printed last
	err    error
}

func newClinic(w io.Writer) *clinic { return &clinic{out: w, colour: colourful(w)} }

// colourful says whether somebody looks at w who likes colours (no-color.org).
func colourful(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// marks are the levels as they are printed, with their colours.
func marks(l doctor.Level) (text, colour string) {
	switch l {
	case doctor.OK:
		return "ok", "32"
	case doctor.Warning:
		return "warning", "33"
	case doctor.Problem:
		return "PROBLEM", "31;1"
	}
	return "-", "2"
}

const (
	testWidth = 15
	markWidth = 9
)

func (c *clinic) finding(f doctor.Finding) {
	name := ""
	if f.Test != c.last {
		name, c.last = f.Test, f.Test
	}
	mark, colour := marks(f.Level)
	mark = fmt.Sprintf("%-*s", markWidth, mark)
	if c.colour {
		mark = "\x1b[" + colour + "m" + mark + "\x1b[0m"
	}
	c.printf("%-*s%s%s\n", testWidth, name, mark, harmless(f.Text))
	if f.Do != "" && f.Level != doctor.OK {
		c.printf("%s> %s\n", strings.Repeat(" ", testWidth+markWidth), harmless(f.Do))
	}
}

func (c *clinic) summary(d diagnosis) {
	switch {
	case d.Problems == 0 && d.Warnings == 0:
		c.printf("\nAll is well.\n")
	case d.Problems == 0:
		c.printf("\nNo problems, %s.\n", count(d.Warnings, "warning"))
	default:
		c.printf("\n%s, %s. The first is likely to be the cause of those below it.\n", count(d.Problems, "problem"), count(d.Warnings, "warning"))
	}
}

func (c *clinic) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(c.out, format, args...); err != nil {
		c.err = errors.Join(c.err, err)
	}
}
