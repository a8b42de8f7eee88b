package say

import (
	"slices"
	"strings"
)

// Currency is money, as it is said.
type Currency struct {
	code   string // the major unit, currency/CODE
	minor  string // the hundredth, currency/MINOR; "" when there is none
	minorP string // that of more than one
}

// currencies are those that can be said, by their code (ISO 4217).
var currencies = map[string]Currency{
	"EUR": {"eur", "cent", "cent-plural"},
	"USD": {"usd", "cent", "cent-plural"},
	"CAD": {"cad", "cent", "cent-plural"},
	"GBP": {"gbp", "penny", "penny-plural"},
	"CHF": {"chf", "rappen", "rappen-plural"},
	"JPY": {"jpy", "", ""},
}

// CurrencyOf is the currency with a code, such as EUR.
func CurrencyOf(code string) (c Currency, known bool) {
	c, known = currencies[strings.ToUpper(code)]
	return c, known
}

// Currencies are the codes of those that can be said, sorted.
func Currencies() []string {
	var out []string
	for code := range currencies {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// unit is the name of the major unit.
func (c Currency) unit(plural bool) string {
	if plural {
		return "currency/" + c.code + "-plural"
	}
	return "currency/" + c.code
}

// part is the name of the minor unit.
func (c Currency) part(plural bool) string {
	if plural {
		return "currency/" + c.minorP
	}
	return "currency/" + c.minor
}
