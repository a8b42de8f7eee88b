package number

// Number is a number that was understood.
type Number struct {
	// E164 is "+", country code and national number. It is empty for emergency
	// and other short numbers: those exist in their country only.
	E164 string
	// Country is where the number belongs, ISO 3166-1 alpha-2, or [Global]. For
	// a number in no known range it is the main country of its country code.
	Country string
	// CountryCode is the country code without "+"; empty for short numbers.
	CountryCode string
	// National is what is dialled for it inside its country, digits only, with
	// the trunk prefix where there is one: "030123456". For short numbers it is
	// the number itself.
	National string
	Type     Type
	// Class is its toll class, seen from the country of the plan.
	Class Class
	// Valid reports whether the number lies in a known range. If not it has only
	// a possible length: it may be new, or mistyped.
	Valid bool
}

// Short reports whether n exists in its country only and has no E.164 form.
func (n Number) Short() bool { return n.E164 == "" }

// String is the E.164 form, or of short numbers the digits.
func (n Number) String() string {
	if n.Short() {
		return n.National
	}
	return n.E164
}
