package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dialtone/dialplan"
	"dialtone/pbx/api"
)

type ctlExtension struct {
	Extension string   `arg:"" optional:"" help:"The extension; without one, all that have set something."`
	Set       string   `arg:"" optional:"" help:"The word set."`
	Setting   string   `arg:"" optional:"" help:"What to set: dnd, forward, forward-busy, forward-no-answer, forward-not-registered, follow-me, call-waiting or hide-number."`
	Value     []string `arg:"" optional:"" help:"On, off, a number, voicemail, or \"NUMBER after 15s\"."`
}

// Help is part of dialtone ctl extension --help.
func (ctlExtension) Help() string {
	return `Shows and changes what an extension has set for itself: see dialtone docs settings. Users do the same by telephone; dialtone ctl features lists the codes.

    dialtone ctl extension
    dialtone ctl extension 101
    dialtone ctl extension 101 set dnd on
    dialtone ctl extension 101 set forward-no-answer "+491701234567 after 15s"
    dialtone ctl extension 101 set follow-me "102 after 5s, +491701234567 after 10s"`
}

// Run shows or sets.
func (c ctlExtension) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	switch {
	case c.Extension == "":
		return t.settingsOfAll(ctx, client, ctl.JSON)
	case c.Set == "":
		e, err := client.Extension(ctx, c.Extension)
		if err != nil {
			return err
		}
		return t.showSettings(e, ctl.JSON)
	case c.Set != "set" || c.Setting == "" || len(c.Value) == 0:
		return errors.New(`write "set", what to set, and its value, such as: dialtone ctl extension 101 set dnd on`)
	}
	e, err := client.SetSetting(ctx, c.Extension, c.Setting, strings.Join(c.Value, " "))
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(e)
	}
	_, err = fmt.Fprintf(t.err, "Extension %s: %s is %s.\n", e.Extension, c.Setting, e.Settings[c.Setting])
	return err
}

func (t terminal) showSettings(e api.Extension, asJSON bool) error {
	if asJSON {
		return t.printJSON(e)
	}
	rows := table{head: []string{"SETTING", "VALUE"}, whole: true}
	for _, name := range dialplan.SettingNames() {
		rows.add(name, e.Settings[name])
	}
	if len(e.RingBacks) > 0 {
		rows.add("waits for", strings.Join(e.RingBacks, ", "))
	}
	return rows.write(t.out)
}

// settingsOfAll lists what is not as it is without any setting.
func (t terminal) settingsOfAll(ctx context.Context, client *api.Client, asJSON bool) error {
	all, err := client.Extensions(ctx, false)
	if err != nil {
		return err
	}
	if asJSON {
		return t.printJSON(all)
	}
	rows := table{head: []string{"EXTENSION", "NAME", "HAS SET"}, whole: true}
	for _, e := range all {
		var set []string
		for _, name := range dialplan.SettingNames() {
			usual := "off"
			if name == "call-waiting" {
				usual = "on"
			}
			if v := e.Settings[name]; v != usual {
				set = append(set, name+" "+v)
			}
		}
		if len(e.RingBacks) > 0 {
			set = append(set, "waits for "+strings.Join(e.RingBacks, ", "))
		}
		if len(set) > 0 {
			rows.add(e.Extension, orElse(e.Name, "-"), strings.Join(set, "; "))
		}
	}
	if len(rows.rows) == 0 {
		_, err := fmt.Fprintln(t.out, "No extension has set anything.")
		return err
	}
	return rows.write(t.out)
}
