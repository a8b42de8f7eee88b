package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/settings"
	"dialtone/pbx/toll"
)

type routeCommand struct {
	Config       string            `placeholder:"FILE" default:"dialtone.yaml" help:"The configuration (default: ${default})."`
	From         string            `placeholder:"NUMBER" help:"Who calls: an extension, or a number from outside."`
	To           string            `required:"" placeholder:"NUMBER" help:"The number that is dialled."`
	At           string            `placeholder:"TIME" help:"When, in the zone of the site; now when you do not say."`
	FromName     string            `placeholder:"NAME" help:"The caller's name."`
	Trunk        string            `placeholder:"NAME" help:"The trunk on which the call comes in; then --from is a number outside."`
	Extension    string            `placeholder:"NAME" help:"The extension that calls, when --from is to be another number."`
	Context      string            `placeholder:"NAME" help:"The context that the call enters; phones for an extension, that of its trunk for others."`
	Header       map[string]string `placeholder:"NAME=VALUE" help:"A SIP header of the call; may be given more than once."`
	Source       string            `placeholder:"IP" help:"The address from which the call comes."`
	Anonymous    bool              `help:"The caller hides the number."`
	Verified     bool              `help:"The provider of the trunk vouches for the number."`
	Busy         []string          `placeholder:"EXT" help:"Extensions that are in a call and take no other."`
	Unregistered []string          `placeholder:"EXT" help:"Extensions without a phone; all others count as registered."`
	Set          map[string]string `placeholder:"EXT.NAME=VALUE" help:"What an extension has set for itself, such as 101.forward=102; may be given more than once."`
	Message      bool              `help:"It is a message in writing, from an extension, not a call."`
	JSON         bool              `name:"json" help:"Print JSON, for programs."`
}

// Help is part of dialtone route --help.
func (routeCommand) Help() string {
	return `Says where a call would go and why: every route that is considered, the steps that are taken until it depends on people or servers how they come out, and all steps of the route that was taken last, as they are written, with those of subplans that it calls. Nothing is called, and no server has to run.

A number outside is refused when no permission of who calls, or pays, covers it. The limits of a permission and lists that are edited at run time do not count: only a running server knows them.

The exit code is 0 when a route fits and 1 when the call would be refused.

    dialtone route --from 101 --to 200 --at "2026-12-24 09:30"
    dialtone route --from 101 --to 500 --header X-Priority=urgent --busy 201
    dialtone route --from 101 --to 102 --set 102.forward=103
    dialtone route --message --from 101 --to 900
    dialtone route --trunk sipgate --from +4940123456 --to +4930123450`
}

// routeResult is what --json prints.
type routeResult struct {
	Trace   *dialplan.Trace `json:"trace"`
	By      []string        `json:"by,omitempty"` // the routes before the last, CONTEXT/ROUTE, the first that fitted first
	Context string          `json:"context,omitempty"`
	Route   string          `json:"route,omitempty"`
	File    string          `json:"file,omitempty"`
	Line    int             `json:"line,omitempty"`
	Steps   []dialplan.Line `json:"steps,omitempty"`
	Refused string          `json:"refused,omitempty"`
	Depends string          `json:"depends_on,omitempty"` // what decides how it goes on
}

// Run decides and prints the decision.
func (c routeCommand) Run(t terminal) error {
	loaded, err := config.Read(c.Config)
	if err != nil {
		var found config.Errors
		if errors.As(err, &found) {
			fmt.Fprint(t.err, found.Failures().Report())
			return fmt.Errorf("%s has mistakes", c.Config)
		}
		return err
	}
	facts, err := c.facts(loaded.Config)
	if err != nil {
		return err
	}
	if c.Message {
		return c.message(t, loaded.Plan, facts)
	}
	at, err := parseTime(c.At, time.Now().In(loaded.Plan.Zone()))
	if err != nil {
		return fmt.Errorf("--at: %w", err)
	}
	if at.IsZero() {
		at = time.Now().In(loaded.Plan.Zone())
	}
	if err := c.phones(loaded.Config); err != nil {
		return err
	}
	own, err := c.settings(loaded)
	if err != nil {
		return err
	}
	result := c.rehearse(loaded, own, facts, at)
	if c.JSON {
		err = t.printJSON(result)
	} else {
		err = c.print(t, result)
	}
	if err == nil && result.Refused != "" {
		err = errFailed
	}
	return err
}

// rehearse lets the call go as far as can be said beforehand.
func (c routeCommand) rehearse(loaded *config.Loaded, own *settings.Settings, facts dialplan.Facts, at time.Time) routeResult {
	result := routeResult{Trace: &dialplan.Trace{Rehearsed: true}}
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	var forbidden *dialplan.Ended
	stage := rehearsal{
		saidPhones: saidPhones{c.Busy, c.Unregistered}, cfg: loaded.Config, own: own, caller: facts.Extension, stop: stop,
		forbid: func(e *dialplan.Ended) { forbidden = e },
	}
	run := dialplan.NewRun(facts, func() *dialplan.Plan { return loaded.Plan }, stage)
	run.Now, run.Trace = func() time.Time { return at }, result.Trace
	stage.note = run.Note
	run.Settings = own
	run.Session, run.Web, run.Outbox = stage, stage, stage
	run.Shuffle = func(int, func(i, j int)) {} // the same every time
	run.Chosen = func(d dialplan.Decision) {
		r := d.Route
		if r == nil {
			result.Refused = d.Why.Error()
			return
		}
		if result.Route != "" {
			result.By = append(result.By, result.Context+"/"+result.Route)
		}
		result.Context, result.Route, result.Steps = r.Context, r.Name, loaded.Plan.Outline(r)
		result.File, result.Line = r.At.File, r.At.Line
	}
	end := run.Do(ctx)
	if end.Cause == dialplan.CauseForbidden {
		forbidden = end
	}
	if forbidden != nil && ctx.Err() == nil && result.Refused == "" { // and nothing else came of it
		result.Refused = forbidden.Error()
	}
	if result.Refused == "" {
		result.Trace.Outcome = "" // it has not come to that
	}
	if on := context.Cause(ctx); on != nil {
		result.Depends = on.Error()
	}
	return result
}

// settings are those that the flags say.
func (c routeCommand) settings(loaded *config.Loaded) (*settings.Settings, error) {
	values := map[string]map[string]string{}
	for key, value := range c.Set {
		extension, name, _ := strings.Cut(key, ".")
		if values[extension] == nil {
			values[extension] = map[string]string{}
		}
		values[extension][name] = value
	}
	own, err := settings.Only(settings.Fixed(loaded.Config, loaded.Plan, toll.Judge), values)
	if err != nil {
		return nil, fmt.Errorf("--set: %w", err)
	}
	return own, nil
}

// phones must be extensions that there are.
func (c routeCommand) phones(cfg *config.Config) error {
	known := slices.Sorted(maps.Keys(cfg.Extensions))
	for _, flag := range [...]struct {
		name string
		said []string
	}{{"--busy", c.Busy}, {"--unregistered", c.Unregistered}} {
		for _, e := range flag.said {
			if slices.Contains(known, e) {
				continue
			}
			remedy := "there are " + strings.Join(known, ", ")
			if near := dialplan.Nearest(e, known); near != "" {
				remedy = fmt.Sprintf("did you mean %q?", near)
			}
			return fmt.Errorf("%s: there is no extension %q; %s", flag.name, e, remedy)
		}
	}
	return nil
}

// facts are those of the call that the flags describe.
func (c routeCommand) facts(cfg *config.Config) (dialplan.Facts, error) {
	f := dialplan.Facts{
		To: c.To, From: c.From, FromName: c.FromName, Extension: c.Extension, Context: c.Context,
		Anonymous: c.Anonymous, Verified: c.Verified, Headers: c.Header, Transport: "udp", Trunk: c.Trunk,
	}
	if c.Trunk != "" {
		if err := c.onTrunk(&f, cfg); err != nil {
			return f, err
		}
	} else if c.Verified {
		return f, errors.New("--verified: only a trunk vouches for a number, say which with --trunk; an extension is verified in any case")
	} else if _, known := cfg.Extensions[c.From]; known && c.Extension == "" {
		f.Extension = c.From
	}
	if f.Extension != "" {
		ext, known := cfg.Extensions[f.Extension]
		if !known {
			return f, fmt.Errorf("there is no extension %q; there are %s", f.Extension, strings.Join(slices.Sorted(maps.Keys(cfg.Extensions)), ", "))
		}
		f.Language = ext.Language
		if f.From == "" {
			f.From = f.Extension
		}
		if f.FromName == "" {
			f.FromName = ext.Name
		}
	}
	var err error
	if c.Source != "" {
		if f.Source, err = parseSource(c.Source); err != nil {
			return f, fmt.Errorf("--source: %w", err)
		}
	}
	for name := range c.Header {
		if !slices.Contains(cfg.Site.Headers, name) {
			return f, fmt.Errorf("--header: site.headers does not name %s, so no route can look at it", name)
		}
	}
	return f, nil
}

// onTrunk fills in where calls of the trunk enter.
func (c routeCommand) onTrunk(f *dialplan.Facts, cfg *config.Config) error {
	trunk, known := cfg.Trunks[c.Trunk]
	switch {
	case !known && len(cfg.Trunks) == 0:
		return fmt.Errorf("there is no trunk %q, and no other", c.Trunk)
	case !known:
		return fmt.Errorf("there is no trunk %q; there are %s", c.Trunk, strings.Join(slices.Sorted(maps.Keys(cfg.Trunks)), ", "))
	case c.Extension != "":
		return errors.New("--trunk and --extension: a call is either from outside or one of an extension")
	case c.Verified && c.Anonymous:
		return errors.New("--verified and --anonymous: of a number that is hidden, nothing is known")
	case f.Context == "":
		f.Context = trunk.Context
	}
	return nil
}

// saidPhones are extensions as the flags say.
type saidPhones struct{ busy, unregistered []string }

// Busy implements dialplan.Phones.
func (p saidPhones) Busy(extension string) bool { return slices.Contains(p.busy, extension) }

// Registered implements dialplan.Phones.
func (p saidPhones) Registered(extension string) bool {
	return !slices.Contains(p.unregistered, extension)
}

// parseSource reads an address, with or without a port.
func parseSource(text string) (netip.AddrPort, error) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at, nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not an IP address", text)
	}
	return netip.AddrPortFrom(addr, 5060), nil
}

// by names the routes that led to the last, the nearest first; of many only those.
func (r routeResult) by() string {
	const shown = 3
	var names []string
	for _, name := range slices.Backward(r.By) {
		if len(names) == shown {
			names[shown-1] += ", ..."
			break
		}
		context, route, _ := strings.Cut(name, "/")
		names = append(names, route+" of "+context)
	}
	if len(names) == 0 {
		return ""
	}
	return " (by " + strings.Join(names, ", by ") + ")"
}

func (routeCommand) print(t terminal, r routeResult) error {
	fmt.Fprint(t.out, r.Trace.String())
	if r.Depends != "" && r.Depends != errAnswer.Error() { // of a dial it need not be said
		fmt.Fprintf(t.out, "    ... what comes next depends on %s\n", r.Depends)
	}
	if len(r.Steps) > 0 {
		fmt.Fprintln(t.out, "=> "+r.Route+" of "+r.Context+r.by()+":")
	}
	for _, line := range r.Steps {
		place := ""
		if line.File != "" {
			place = fmt.Sprintf("  %s:%d", line.File, line.Line)
		}
		fmt.Fprintf(t.out, "   %s%s%s\n", strings.Repeat("  ", line.Depth), line.Text, place)
	}
	return nil
}
