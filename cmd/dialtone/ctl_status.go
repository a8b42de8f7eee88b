package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"dialtone/pbx/api"
)

type ctlStatus struct{}

// Help is part of dialtone ctl status --help.
func (ctlStatus) Help() string {
	return `Version, addresses, how many calls and phones, what the server takes of the machine, and how the last reload went. The exit code is 1 when no server runs.

    dialtone ctl status
    dialtone ctl status --json`
}

// Run prints the status.
func (ctlStatus) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	status, err := client.Status(ctx)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(status)
	}
	return t.printStatus(status, time.Now())
}

func (t terminal) printStatus(s api.Status, now time.Time) error {
	out := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%s\t%s\n", name, fmt.Sprintf(format, args...)) // the error is Flush's
	}
	line("version", "%s", s.Version)
	line("up", "%s (process %d)", elapsed(now.Sub(s.Started)), s.Process.PID)
	if s.Draining {
		line("", "stopping: takes no new calls")
	}
	line("config", "%s", orElse(s.Config, "none: the accounts are in "+s.Data+"/extensions.yaml"))
	if s.ConfigVersion != "" {
		line("", "version %s", s.ConfigVersion)
	}
	line("data", "%s", s.Data)
	name := "listens on"
	for _, transport := range transports() {
		if list := listening(s.Addresses, transport); list != "" {
			line(name, "%s %s", transport, list)
			name = ""
		}
	}
	line("calls", "%d of %d (%d since the start)", s.Calls, s.CallsMax, s.CallsTotal)
	line("phones", "%d registered, %s", s.Registrations, count(s.Extensions, "extension"))
	if s.DND+s.Forwarding > 0 {
		line("", "%s not to be disturbed, %d with calls forwarded", count(s.DND, "extension"), s.Forwarding)
	}
	line("rtp ports", "%d of %d in use", s.RTPPortsUsed, s.RTPPorts)
	p, zone := s.Process, siteZone(s)
	line("memory", "%s, of which %s live objects", megabytes(p.RSS), megabytes(p.Heap))
	line("process", "%d goroutines, %d of %d files", p.Goroutines, p.Files, p.FilesMax)
	if n := s.Stalls.Times; n > 0 {
		line("stalls", "%d, %.0f ms at most, last %s: gaps in the audio of all calls, see dialtone doctor", n, s.Stalls.LongestMS, clock(s.Stalls.Last, zone))
	}
	line("log", "%s, trace %s", strings.ToLower(s.LogLevel), onOff(s.Trace))
	line("times", "%s", zoneName(zone))
	line("reload", "%s", reloadText(s.LastReload, zone))
	name = "alerts"
	for _, a := range s.Alerts[:min(len(s.Alerts), shownAlerts)] {
		line(name, "%s", alertText(a, zone))
		name = ""
	}
	return out.Flush()
}

// shownAlerts is how many of the newest alerts people see; --json has all.
const shownAlerts = 5

// alertText is one alert on one line.
func alertText(a api.Alert, zone *time.Location) string {
	text := clock(a.At, zone) + " " + a.Event + ": " + a.Text
	for _, key := range [...]string{"trunk", "extension", "from", "number", "why", "reason", "error"} {
		if v := a.Values[key]; v != "" {
			text += ", " + key + " " + v
		}
	}
	return harmless(text)
}

func reloadText(r api.LastReload, zone *time.Location) string {
	switch {
	case r.At.IsZero():
		return "none yet"
	case r.Error != "":
		return clock(r.At, zone) + " refused: " + r.Error
	}
	return clock(r.At, zone) + " done"
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
