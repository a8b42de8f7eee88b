package number

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

const (
	maxDialled = 40 // characters of a dialled text; longer ones are no numbers
	maxDigits  = 32 // 15 of E.164, behind prefixes to get out and carrier codes

	// Digits without "+" and prefix may be an extension, so they have to be this
	// many to be taken for a number with its country code: in a known range, and
	// of a possible length only.
	minBareValid    = 8
	minBarePossible = 11
)

// Plan reads numbers as they are dialled in one country. It does not change and
// may be used by any number of goroutines.
type Plan struct {
	country string                      // ISO 3166-1 alpha-2
	code    int                         // country code
	trunk   string                      // trunk prefix, "" where there is none
	shorts  *phonenumbers.PhoneMetadata // the short numbers of the country; may be nil
}

// New gives the plan of a country, named by its two letters (ISO 3166-1 alpha-2)
// in either case: "DE", "us".
func New(country string) (Plan, error) {
	upper := strings.ToUpper(country)
	code := phonenumbers.GetCountryCodeForRegion(upper)
	if code == 0 || len(upper) != 2 {
		remedy := `write the two letters of ISO 3166, for example "DE"`
		if upper == "UK" {
			remedy = `the United Kingdom is "GB"`
		}
		return Plan{}, fmt.Errorf("country %q: %w: %s", clip(country), ErrCountry, remedy)
	}
	shorts, err := shortNumbers(upper)
	if err != nil {
		return Plan{}, err
	}
	return Plan{country: upper, code: code, trunk: phonenumbers.GetNddPrefixForRegion(upper, true), shorts: shorts}, nil
}

// Country is the country of the plan, ISO 3166-1 alpha-2.
func (p Plan) Country() string { return p.country }

// CountryCode is the country code of the plan without "+".
func (p Plan) CountryCode() string { return strconv.Itoa(p.code) }

// Normalise understands what was dialled in the country of the plan:
//
//   - +49 30 123456, also written +49 (0)30 123456;
//   - 0049 30 123456, or with whatever else leads out of the country;
//   - national numbers as the country dials them: 030 123456, (212) 555-0123;
//   - the digits of E.164 without anything before them, 4930123456, where they
//     are a number of a known range and long enough not to be an extension. A
//     number of the country itself goes before one abroad;
//   - emergency numbers and the public short numbers of the country.
//
// Spaces, hyphens, dots, slashes and brackets are skipped. The error is an
// [*Error]; what is dialled inside the house only is [ErrLocal].
func (p Plan) Normalise(dialled string) (Number, error) {
	digits, plus, err := strip(dialled)
	if err != nil {
		return Number{}, err
	}
	if p.code == 0 {
		return Number{}, &Error{dialled, ErrCountry, "make the plan with New"}
	}
	if plus {
		return p.international(dialled, "+"+digits)
	}
	if n, ok := p.short(digits); ok {
		return n, nil
	}
	if p.surelyLocal(digits) {
		return Number{}, local(dialled)
	}
	raw, err := phonenumbers.ParseAndKeepRawInput(digits, p.country)
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode), errors.Is(err, phonenumbers.ErrTooShortAfterIDD):
		return Number{}, refuse(dialled, err)
	case err != nil:
		return p.bare(dialled, digits, nil)
	case raw.GetCountryCodeSource() == phonenumbers.PhoneNumber_FROM_NUMBER_WITH_IDD:
		if n, ok := p.understood(raw); ok {
			return n, nil
		}
		return Number{}, &Error{dialled, ErrLength, lookForDigits}
	case raw.GetCountryCodeSource() != phonenumbers.PhoneNumber_FROM_DEFAULT_COUNTRY:
		return p.bare(dialled, digits, nil)
	case p.trunk != "" && strings.HasPrefix(digits, p.trunk):
		if n, ok := p.understood(raw); ok {
			return n, nil
		}
	}
	return p.bare(dialled, digits, raw)
}

// surelyLocal saves the search for extensions: where national numbers begin with a
// trunk prefix of 0, few digits without one are none.
func (p Plan) surelyLocal(digits string) bool {
	return len(digits) < minBareValid-1 && strings.HasPrefix(p.trunk, "0") && digits[0] != '0'
}

func local(dialled string) error {
	return &Error{dialled, ErrLocal, "dial the whole number with its area code, or with + and the country code"}
}

// strip takes the digits out of what was dialled.
func strip(dialled string) (digits string, plus bool, err error) {
	if len(dialled) > maxDialled {
		return "", false, &Error{dialled, ErrNotANumber, fmt.Sprintf("a number has at most %d characters", maxDialled)}
	}
	text := strings.TrimSpace(dialled)
	text, plus = strings.CutPrefix(text, "+")
	var b strings.Builder
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune(c)
		case !strings.ContainsRune(" -./()\u00a0\u2010\u2011\u2013", c):
			return "", false, &Error{dialled, ErrNotANumber, fmt.Sprintf("%q has no place in it", string(c))}
		}
	}
	switch {
	case b.Len() == 0:
		return "", false, &Error{dialled, ErrNotANumber, "it has no digits"}
	case b.Len() > maxDigits:
		return "", false, &Error{dialled, ErrLength, "E.164 allows 15 digits"}
	}
	return b.String(), plus, nil
}

const lookForDigits = "look for missing or doubled digits"

// international reads "+" and the digits behind it.
func (p Plan) international(dialled, e164 string) (Number, error) {
	parsed, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return Number{}, refuse(dialled, err)
	}
	n, ok := p.understood(parsed)
	if !ok {
		return Number{}, &Error{dialled, ErrLength, lookForDigits}
	}
	return n, nil
}

// refuse turns an error of the library into ours.
func refuse(dialled string, err error) error {
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return &Error{dialled, ErrCountryCode, "look at the digits behind + or behind the prefix that leads abroad"}
	case errors.Is(err, phonenumbers.ErrNotANumber):
		return &Error{dialled, ErrNotANumber, "it has too few digits"}
	}
	return &Error{dialled, ErrLength, lookForDigits}
}

// bare reads digits that have neither "+" nor a prefix. national is how the country
// of the plan may read them; nil when it cannot. That counts for a number of a
// known range which may be dialled without the trunk prefix.
func (p Plan) bare(dialled, digits string, national *phonenumbers.PhoneNumber) (Number, error) {
	own := strings.HasPrefix(digits, strconv.Itoa(p.code))
	asE164, err := p.international(dialled, "+"+digits)
	long := err == nil && len(digits) >= minBareValid
	if long && own && asE164.Valid {
		return asE164, nil
	}
	if national != nil && phonenumbers.IsNationalPrefixPresentIfRequired(national) {
		if n, ok := p.understood(national); ok && n.Valid {
			return n, nil
		}
	}
	switch {
	case long && asE164.Valid:
		return asE164, nil
	case long && own && len(digits) >= minBarePossible:
		return asE164, nil
	}
	return Number{}, local(dialled)
}

// understood makes a Number of what the library parsed; ok is false when its
// country has no numbers of such a length.
func (p Plan) understood(parsed *phonenumbers.PhoneNumber) (n Number, ok bool) {
	parsed, valid := settle(parsed)
	if !valid && !phonenumbers.IsPossibleNumber(parsed) {
		return Number{}, false
	}
	code := int(parsed.GetCountryCode())
	n = Number{
		E164:        phonenumbers.Format(parsed, phonenumbers.E164),
		CountryCode: strconv.Itoa(code),
		Country:     phonenumbers.GetRegionCodeForNumber(parsed),
		Type:        typeOf(phonenumbers.GetNumberType(parsed)),
		Valid:       valid,
	}
	if n.Country == "" {
		n.Country = phonenumbers.GetRegionCodeForCountryCode(code)
	}
	n.National = phonenumbers.NormalizeDigitsOnly(phonenumbers.Format(parsed, phonenumbers.NATIONAL))
	n.Class = p.class(n)
	return n, true
}

// settle reads a number in no known range again, as long as that changes it: a
// second trunk prefix behind the country code would otherwise stay.
func settle(parsed *phonenumbers.PhoneNumber) (settled *phonenumbers.PhoneNumber, valid bool) {
	for range maxDigits {
		if phonenumbers.IsValidNumber(parsed) {
			return parsed, true
		}
		e164 := phonenumbers.Format(parsed, phonenumbers.E164)
		again, err := phonenumbers.Parse(e164, "")
		if err != nil || phonenumbers.Format(again, phonenumbers.E164) == e164 {
			break
		}
		parsed = again
	}
	return parsed, false
}

func typeOf(t phonenumbers.PhoneNumberType) Type {
	switch t {
	case phonenumbers.FIXED_LINE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return TypeFixed
	case phonenumbers.MOBILE:
		return TypeMobile
	case phonenumbers.TOLL_FREE:
		return TypeTollFree
	case phonenumbers.PREMIUM_RATE:
		return TypePremium
	case phonenumbers.SHARED_COST:
		return TypeShared
	case phonenumbers.VOIP:
		return TypeVoIP
	case phonenumbers.PERSONAL_NUMBER:
		return TypePersonal
	case phonenumbers.PAGER:
		return TypePager
	case phonenumbers.UAN:
		return TypeCorporate
	case phonenumbers.VOICEMAIL:
		return TypeVoicemail
	}
	return TypeUnknown
}

// class is the toll class of n, seen from the country of the plan. The networks
// of no country are satellites and the like: dear, unless they are free.
func (p Plan) class(n Number) Class {
	switch n.Type {
	case TypePremium, TypePersonal, TypePager:
		return ClassPremium
	case TypeTollFree:
		if n.Country == p.country || n.Country == Global {
			return ClassTollFree
		}
		return ClassInternational
	}
	switch {
	case n.Country == Global:
		return ClassPremium
	case n.Country != p.country:
		return ClassInternational
	case n.Type == TypeMobile:
		return ClassMobile
	}
	return ClassDomestic
}
