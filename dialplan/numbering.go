package dialplan

import (
	"strings"

	"dialtone/dialplan/number"
)

// numbering reads numbers as the site's country dials them.
type numbering struct {
	plan  number.Plan
	known bool // site.country says; else only numbers with + are read
}

// numbering makes the plan of the site's country.
func (c *checker) numbering() {
	country := c.spec.Site.Country
	c.plan.numbering.known = country != ""
	if country == "" {
		country = "US" // for the form with +, which is the same everywhere
	}
	plan, err := number.New(country)
	if err != nil {
		c.in("site.country")
		c.fail(Pos{}, quote(country)+" is not a country", "write its two letters (ISO 3166), like DE")
		c.out()
		return
	}
	c.plan.numbering.plan = plan
}

// read gives what a number is; false when it is none of the outside.
func (n *numbering) read(s string) (number.Number, bool) {
	if !n.known && !strings.HasPrefix(s, "+") {
		return number.Number{}, false
	}
	got, err := n.plan.Normalise(s)
	return got, err == nil && !got.Short()
}

func (n *numbering) e164(s string) string {
	got, _ := n.read(s)
	return got.E164
}

func (n *numbering) country(s string) string {
	got, _ := n.read(s)
	return got.Country
}
