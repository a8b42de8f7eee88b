package number

import (
	"errors"
	"fmt"
)

// Why a text is no number of the public network.
var (
	// ErrLocal is for digits that mean something inside a house or a town only:
	// extensions, feature codes, numbers without their area code.
	ErrLocal = errors.New("not a number of the public network")
	// ErrNotANumber is for texts with other characters than a number has.
	ErrNotANumber = errors.New("not a telephone number")
	// ErrLength is for numbers that are too short or too long for their country.
	ErrLength = errors.New("no number has this length")
	// ErrCountryCode is for international numbers of no country.
	ErrCountryCode = errors.New("no country has this code")
	// ErrCountry is for a country that is not known.
	ErrCountry = errors.New("unknown country")
)

// Error says which text is no number, why, and what to do. It wraps one of the
// errors above.
type Error struct {
	Dialled string
	Err     error
	Remedy  string
}

// Error gives text, reason and remedy in one sentence.
func (e *Error) Error() string {
	return fmt.Sprintf("%q: %s: %s", clip(e.Dialled), e.Err, e.Remedy)
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

func clip(s string) string {
	if len(s) > maxDialled {
		return s[:maxDialled] + "..."
	}
	return s
}
