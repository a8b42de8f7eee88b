package number

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Emergency reports whether digits, dialled in the country (ISO 3166-1 alpha-2),
// call an emergency service there. 112 and 911 are taken for one in every
// country: a call too many costs less than one too few.
func Emergency(country, digits string) bool {
	return emergency(strings.ToUpper(country), digits)
}

func emergency(country, digits string) bool {
	if len(digits) < 2 || len(digits) > 6 {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return digits == "112" || digits == "911" || phonenumbers.IsEmergencyNumber(digits, country)
}

// shortNumbers finds the short numbers of a country; nil when none are known.
func shortNumbers(country string) (*phonenumbers.PhoneMetadata, error) {
	all, err := phonenumbers.ShortNumberMetadataCollection()
	if err != nil {
		return nil, fmt.Errorf("read the short numbers of %s: %w", country, err)
	}
	for _, m := range all.GetMetadata() {
		if m.GetId() == country {
			return m, nil
		}
	}
	return nil, nil
}

// short looks for emergency and other public short numbers. Where nobody says what
// a call costs the number counts if it begins with 1, as those of services do, and
// is taken to be dear, as directory enquiries are; the others are mostly for text
// messages, in some countries all numbers of four to six digits.
func (p Plan) short(digits string) (Number, bool) {
	n := Number{Country: p.country, National: digits, Valid: true}
	switch {
	case emergency(p.country, digits):
		n.Type, n.Class = TypeEmergency, ClassEmergency
	case !fits(digits, p.shorts.GetShortCode()):
		return Number{}, false
	case fits(digits, p.shorts.GetPremiumRate()):
		n.Type, n.Class = TypePremium, ClassPremium
	case fits(digits, p.shorts.GetTollFree()):
		n.Type, n.Class = TypeTollFree, ClassTollFree
	case fits(digits, p.shorts.GetStandardRate()):
		n.Type, n.Class = TypeService, ClassService
	case digits[0] == '1':
		n.Type, n.Class = TypeService, ClassPremium
	default:
		return Number{}, false
	}
	return n, true
}

func fits(digits string, desc *phonenumbers.PhoneNumberDesc) bool {
	lengths := desc.GetPossibleLength()
	if desc == nil || len(lengths) > 0 && !slices.Contains(lengths, int32(len(digits))) {
		return false
	}
	return phonenumbers.MatchNationalNumber(digits, desc, false)
}
