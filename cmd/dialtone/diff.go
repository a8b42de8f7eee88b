package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"dialtone/config"
	"dialtone/pbx/api"
)

type diffCommand struct {
	Files  []string `arg:"" optional:"" placeholder:"FILE" help:"[OLD] NEW: the configurations to compare. OLD is what the running server has, NEW the file that it was started with, when you do not say."`
	Socket string   `placeholder:"PATH" env:"DIALTONE_SOCKET" help:"The control socket of the server."`
	Data   string   `placeholder:"DIR" help:"The data folder of the server; the socket is in it."`
	Config string   `placeholder:"FILE" help:"The configuration of the server; it names the data folder."`
	JSON   bool     `name:"json" help:"Print JSON, for programs."`
}

// Help is part of dialtone diff --help.
func (diffCommand) Help() string {
	return `Says what would change for the people who telephone: extensions, trunks and numbers that come, go or change, routes that come, go, change or are asked in another order, settings, and what only a restart can change. A password that changes is named, never shown.

With one file or none, the server is asked for what it has in force, and found as by dialtone ctl; it reads NEW itself, with its own environment. With two files no server has to run.

The exit code is 0 when nothing would change, 1 when something would, and 2 when that cannot be said.

    dialtone diff
    dialtone diff new.yaml
    dialtone diff --json old.yaml new.yaml | jq '.differences[] | select(.restart)'`
}

// Run prints what is different.
func (c diffCommand) Run(ctx context.Context, t terminal) error {
	result, err := c.compare(ctx, t)
	if err != nil {
		return troubled{err}
	}
	if c.JSON {
		err = t.printJSON(result)
	} else {
		err = t.printDifferences(result)
	}
	if err != nil {
		return troubled{err}
	}
	if len(result.Differences) > 0 {
		return errFailed
	}
	return nil
}

func (c diffCommand) compare(ctx context.Context, t terminal) (api.Comparison, error) {
	switch len(c.Files) {
	case 0:
		return c.ask(ctx, t, "")
	case 1:
		file, err := filepath.Abs(c.Files[0])
		if err != nil {
			return api.Comparison{}, err
		}
		return c.ask(ctx, t, file)
	case 2:
	default:
		return api.Comparison{}, errors.New("there are more than two files to compare")
	}
	var read [2]*config.Loaded
	for i, file := range c.Files {
		loaded, err := config.Read(file)
		if err != nil {
			t.complain(failures(err))
			return api.Comparison{}, fmt.Errorf("%s has mistakes", file)
		}
		read[i] = loaded
	}
	result := api.Comparison{Running: read[0].Version, File: c.Files[1], Version: read[1].Version, Warnings: read[1].Warnings}
	result.Differences = append([]config.Difference{}, config.Compare(read[0], read[1])...)
	return result, nil
}

// failures are what is wrong, without the warnings.
func failures(err error) error {
	var found config.Errors
	if errors.As(err, &found) {
		return found.Failures()
	}
	return err
}

// ask lets the server compare.
func (c diffCommand) ask(ctx context.Context, t terminal, file string) (api.Comparison, error) {
	client, err := (&ctlCommand{Socket: c.Socket, Data: c.Data, Config: c.Config}).client()
	if err != nil {
		return api.Comparison{}, err
	}
	result, err := client.Compare(ctx, file)
	if errors.Is(err, api.ErrConfig) {
		fmt.Fprintln(t.err, strings.TrimSpace(err.Error()))
		return result, errors.New("the new configuration has mistakes")
	}
	return result, err
}

// marks stand before what is different.
func mark(what string) string {
	switch what {
	case config.Added:
		return "+"
	case config.Removed:
		return "-"
	case config.Moved:
		return ">"
	}
	return "~"
}

func (t terminal) printDifferences(c api.Comparison) error {
	if len(c.Differences) == 0 {
		_, err := fmt.Fprintln(t.out, "Nothing would change.")
		return err
	}
	var b strings.Builder
	kind, restart := "", 0
	counts := map[string]int{}
	for _, d := range c.Differences {
		if d.Kind != kind {
			kind = d.Kind
			b.WriteString(kind + "s\n")
		}
		counts[d.What]++
		if d.Restart {
			restart++
		}
		writeDifference(&b, d)
	}
	var sums []string
	for _, what := range []string{config.Added, config.Removed, config.Changed, config.Moved} {
		if n := counts[what]; n > 0 {
			sums = append(sums, fmt.Sprintf("%d %s", n, what))
		}
	}
	b.WriteString("\n" + strings.Join(sums, ", ") + "\n")
	if restart > 0 {
		fmt.Fprintf(&b, "%s a restart; a reload would be refused.\n", map[bool]string{true: "1 change needs", false: fmt.Sprintf("%d changes need", restart)}[restart == 1])
	}
	_, err := fmt.Fprint(t.out, b.String())
	return err
}

// writeDifference writes one, what changed in it in lines of their own when there
// are several.
func writeDifference(b *strings.Builder, d config.Difference) {
	name := d.Name
	if d.Kind == "route" {
		context, route, _ := strings.Cut(d.Name, "/")
		name = route + " of " + context
	}
	fmt.Fprintf(b, "  %s %s", mark(d.What), name)
	switch {
	case d.What == config.Moved:
		b.WriteString(" moved: " + d.Details[0])
	case len(d.Details) == 1:
		b.WriteString(": " + d.Details[0])
	}
	if d.Restart {
		b.WriteString(" (needs a restart)")
	}
	if d.File != "" {
		fmt.Fprintf(b, "  %s:%d", d.File, d.Line)
	}
	b.WriteByte('\n')
	if len(d.Details) > 1 {
		for _, line := range d.Details {
			b.WriteString("      " + line + "\n")
		}
	}
}
