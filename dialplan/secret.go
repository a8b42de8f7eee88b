package dialplan

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a string that prints as stars in every verb of fmt, in slog, JSON
// and YAML. Reveal gives what it holds.
type Secret string

const masked = "***"

// Reveal gives what s holds, for the few who must compare or send it.
func (s Secret) Reveal() string { return string(s) }

// String is three stars.
func (Secret) String() string { return masked }

// GoString is three stars.
func (Secret) GoString() string { return masked }

// Format writes three stars whatever the verb, since fmt prints a string with a
// verb that does not fit it, such as %d, in full.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// LogValue is three stars.
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText gives three stars, for JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// MarshalYAML gives three stars.
func (Secret) MarshalYAML() (any, error) { return masked, nil }
