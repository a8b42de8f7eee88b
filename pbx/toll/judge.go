package toll

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/dialplan/number"
	"dialtone/pbx/call"
)

// decision is what came out of one question; without a reason the call may be made.
type decision struct {
	reason  string
	free    bool // it costs nothing
	limit   bool // the reason is a limit that is reached, not the number
	kind    number.Class
	country string
	limits  limits
}

// Judge says why the call o of the extension caller, "" for one from outside, is
// never permitted: a *dialplan.Ended with CauseForbidden, as that of Permit. Without
// it, only limits that are reached can refuse the call.
func Judge(cfg *config.Config, caller string, o dialplan.Outside) error {
	t := call.Toll{Caller: caller, Extension: cmp.Or(o.As, caller), Outside: o}
	if helped(t) {
		return nil
	}
	var g Guard
	if d := g.judge(cfg, t); d.reason != "" {
		return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: d.reason}
	}
	return nil
}

// helped reports whether it is a call for help, which nothing stops.
func helped(t call.Toll) bool { return t.Emergency && t.Caller != "" }

// judge says whether the number may be called, whatever was called before.
func (g *Guard) judge(cfg *config.Config, t call.Toll) (d decision) {
	if t.Extension == "" {
		d.reason = "nobody pays: a caller from outside may call outside only where the dialplan names an extension with as"
		return d
	}
	extension, known := cfg.Extensions[t.Extension]
	if !known {
		d.reason = fmt.Sprintf("extension %s, which is to pay, does not exist", t.Extension)
		return d
	}
	if internal(cfg, t.Via) {
		d.free = true
		return d
	}
	name := cmp.Or(extension.Permission, defaultPermission)
	permission, known := cfg.Permissions[name]
	switch {
	case !known && name == defaultPermission:
		permission = builtIn()
	case !known:
		d.reason = fmt.Sprintf("permission %s of extension %s does not exist", name, t.Extension)
		return d
	}
	numbers, reason := g.read(cfg, t)
	if reason != "" {
		d.reason = reason
		return d
	}
	for _, n := range numbers {
		if kind := kindOf(n); d.kind == "" || dearness(kind) > dearness(d.kind) {
			d.kind, d.country = kind, n.Country
		}
		if d.reason = refusal(cfg, name, &permission, n); d.reason != "" {
			d.kind, d.country = kindOf(n), n.Country
			return d
		}
	}
	d.limits = limits{permission: name, all: config.TollLimit{Calls: permission.Calls, PerHour: permission.PerHour}}
	limit, named := permission.Limits[string(d.kind)]
	if !named {
		limit = kindLimit(d.kind)
	}
	d.limits.kind = limit
	return d
}

// internal reports whether all trunks lead to exchanges of ours.
func internal(cfg *config.Config, via []string) bool {
	for _, name := range via {
		if !cfg.Trunks[name].Internal {
			return false
		}
	}
	return len(via) > 0
}

// refusal says why permission does not cover n, "" when it does.
func refusal(cfg *config.Config, name string, permission *config.Permission, n number.Number) string {
	kind := kindOf(n)
	for _, beginning := range permission.Deny {
		if begins(n, beginning) {
			return fmt.Sprintf("permission %s denies numbers that begin with %s", name, beginning)
		}
	}
	switch {
	case kind == number.ClassEmergency:
		return ""
	case !slices.Contains(permission.Allow, string(kind)) && !n.Valid:
		return fmt.Sprintf("%s is in no range that is known, which counts as %s, and permission %s does not allow that", n, kind, name)
	case !slices.Contains(permission.Allow, string(kind)):
		return fmt.Sprintf("%s is a number of the kind %s, which permission %s does not allow", n, kind, name)
	case len(permission.Countries) > 0 && n.Country != cfg.Site.Country && !slices.Contains(permission.Countries, n.Country):
		return fmt.Sprintf("%s is a number of %s, and permission %s allows abroad only %s", n, countryName(n.Country), name, strings.Join(permission.Countries, ", "))
	}
	return ""
}

// begins reports whether n begins so, in any of the ways in which it can be written.
func begins(n number.Number, beginning string) bool {
	return strings.HasPrefix(n.E164, beginning) || strings.HasPrefix(n.National, beginning) || strings.HasPrefix(n.E164, "+"+beginning)
}

func countryName(country string) string {
	if country == number.Global {
		return "no country"
	}
	return country
}

// kindOf is the class of n. What is in no known range may cost anything: it counts
// as dear.
func kindOf(n number.Number) number.Class {
	if !n.Valid && n.Class != number.ClassEmergency {
		return number.ClassPremium
	}
	return n.Class
}

// dearness orders kinds by what a call may cost.
func dearness(kind number.Class) int {
	return slices.Index([]number.Class{
		number.ClassEmergency, number.ClassTollFree, number.ClassService, number.ClassDomestic, number.ClassMobile,
		number.ClassInternational, number.ClassPremium,
	}, kind)
}

// read gives what the number may be, first of all in the site's country. A trunk of
// another country may take the same digits for another number: that counts too.
func (g *Guard) read(cfg *config.Config, t call.Toll) (numbers []number.Number, reason string) {
	home, known := g.plan(cfg.Site.Country)
	if !known {
		return g.readAbroad(t.Number)
	}
	n, err := home.Normalise(t.Number)
	if err != nil {
		return nil, "what cannot be read is not called: " + err.Error()
	}
	numbers = []number.Number{n}
	for _, name := range t.Via {
		country := cfg.Trunks[name].Country
		if country == "" || country == cfg.Site.Country {
			continue
		}
		plan, known := g.plan(country)
		if !known {
			continue
		}
		other, err := plan.Normalise(t.Number)
		if err == nil && !other.Short() {
			other, err = home.Normalise(other.E164) // its class, seen from here
		}
		if err == nil && other != n {
			numbers = append(numbers, other)
		}
	}
	return numbers, ""
}

// readAbroad reads a number for a site of no country: every country is abroad.
func (g *Guard) readAbroad(dialled string) ([]number.Number, string) {
	if !strings.HasPrefix(dialled, "+") {
		return nil, "site.country is not set: only numbers with + and their country code can be read"
	}
	plan, known := g.plan("US") // numbers with + are the same everywhere
	if !known {
		return nil, "no numbers can be read"
	}
	n, err := plan.Normalise(dialled)
	if err != nil {
		return nil, "what cannot be read is not called: " + err.Error()
	}
	if n.Class != number.ClassPremium {
		n.Class = number.ClassInternational
	}
	return []number.Number{n}, ""
}

// plan is the numbering plan of a country; false when there is none.
func (g *Guard) plan(country string) (number.Plan, bool) {
	p, err := g.plans.Of(country)
	return p, err == nil
}
