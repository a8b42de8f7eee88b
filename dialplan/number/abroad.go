package number

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Abroad is what is dialled in the country of the plan before the country code of
// another: "00", in North America "011".
func (p Plan) Abroad() string {
	sample := "+33123456789"
	if p.code == 33 {
		sample = "+4930123456"
	}
	parsed, err := phonenumbers.Parse(sample, "")
	if err != nil {
		return usualAbroad
	}
	dialled := phonenumbers.NormalizeDigitsOnly(phonenumbers.FormatOutOfCountryCallingNumber(parsed, p.country))
	if prefix, ok := strings.CutSuffix(dialled, sample[1:]); ok && prefix != "" {
		return prefix
	}
	return usualAbroad // there are several, or none is known
}

const usualAbroad = "00" // ITU-T E.164
