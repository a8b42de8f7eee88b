package numbering

import (
	"cmp"
	"strings"

	"dialtone/config"
	"dialtone/dialplan/number"
)

// Plans are the numbering plans that trunks may need. It is safe for concurrent use,
// and the zero Plans is ready.
type Plans struct{ countries number.Plans }

// Numbers reads and writes numbers as a trunk does.
type Numbers struct {
	plan  number.Plan
	known bool // the country is; else only numbers with + are read
}

// Of is how numbers are read and written on a trunk: as in its country, or else in
// the site's.
func (p *Plans) Of(t config.Trunk, site string) Numbers {
	country := cmp.Or(t.Country, site)
	known := country != ""
	if !known {
		country = "US" // for the form with +, which is the same everywhere
	}
	plan, err := p.countries.Of(country)
	return Numbers{plan: plan, known: known && err == nil}
}

// Read understands a number as it stands in the user part of a URI, without the
// parameters that may follow (RFC 3261 §19.1.6).
func (n Numbers) Read(user string) (number.Number, bool) {
	user, _, _ = strings.Cut(user, ";")
	if !n.known && !strings.HasPrefix(user, "+") {
		return number.Number{}, false
	}
	got, err := n.plan.Normalise(user)
	return got, err == nil
}

// E164 is user in E.164, or as it is when it is no number of the public network.
func (n Numbers) E164(user string) string {
	if got, ok := n.Read(user); ok {
		return got.String()
	}
	return user
}

// write is a number in one of the formats of config.DialFormat.
func (n Numbers) write(format string, num number.Number) string {
	if num.Short() {
		return num.National // there is no other way to write it
	}
	home := n.known && num.CountryCode == n.plan.CountryCode()
	switch {
	case format == "plain":
		return num.E164[1:]
	case format == "national" && home:
		return num.National
	case n.known && (format == "national" || format == "international"):
		return n.plan.Abroad() + num.E164[1:]
	}
	return num.E164
}

// Dialled is a number as it is to be called over a trunk. Nothing is stripped from
// one that the format does not change: short numbers, emergency numbers among
// them, and those that mean something to the far side only.
func (n Numbers) Dialled(f config.DialFormat, dialled string, emergency bool) string {
	num, ok := n.Read(dialled)
	text := dialled
	switch {
	case emergency || ok && num.Short():
		return f.Prefix + dialled
	case f.Format == "as-dialled":
	case !ok:
		return f.Prefix + dialled
	default:
		text = n.write(f.Format, num)
	}
	return f.Prefix + text[min(f.Strip, len(text)):]
}
