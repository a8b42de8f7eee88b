package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration written as "30s", "5m", "1h30m" or "1d".
type Duration time.Duration

// D is d as the standard library knows it.
func (d Duration) D() time.Duration { return time.Duration(d) }

const day = 24 * time.Hour

// durationUnits are in the order in which String uses them.
var durationUnits = [...]struct {
	name string
	size time.Duration
}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}

// String gives the shortest form that ParseDuration reads back: "1d", "1h30m",
// "0". What is finer than a millisecond is not shown.
func (d Duration) String() string {
	rest := time.Duration(d)
	if rest > -time.Millisecond && rest < time.Millisecond {
		return "0"
	}
	var b strings.Builder
	if rest < 0 {
		b.WriteByte('-')
		rest = -max(rest, -math.MaxInt64)
	}
	for _, u := range durationUnits {
		if n := rest / u.size; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteString(u.name)
			rest %= u.size
		}
	}
	return b.String()
}

// MarshalText gives String, for JSON and YAML.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Why ParseDuration refuses a text.
var (
	errNoUnit   = errors.New("a duration needs a unit")
	errNegative = errors.New("a duration cannot be negative")
	errTooLong  = errors.New("the duration is too long")
)

// ParseDuration reads one or more numbers, each with a unit of d, h, m, s or ms:
// "30s", "1.5h", "1h30m", "1d". "0" alone needs no unit. Negative durations and
// numbers without a unit are errors.
func ParseDuration(text string) (Duration, error) {
	s := strings.TrimSpace(text)
	switch {
	case s == "0":
		return 0, nil
	case strings.HasPrefix(s, "-"):
		return 0, errNegative
	}
	var total time.Duration
	for first := true; first || s != ""; first = false {
		n := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if n < 0 {
			if _, err := strconv.ParseFloat(s, 64); err == nil {
				return 0, errNoUnit
			}
			return 0, fmt.Errorf("%q is not a duration", text)
		}
		number := s[:n]
		s = s[n:]
		unit := strings.TrimRight(s[:len(s)-len(strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyz"))], " ")
		size := unitSize(unit)
		if number == "" || size == 0 {
			return 0, fmt.Errorf("%q is not a duration", text)
		}
		s = s[len(unit):]
		part, err := scale(number, size)
		if err != nil {
			return 0, err
		}
		if total > math.MaxInt64-part {
			return 0, errTooLong
		}
		total += part
	}
	return Duration(total), nil
}

func unitSize(name string) time.Duration {
	for _, u := range durationUnits {
		if u.name == name {
			return u.size
		}
	}
	return 0
}

func scale(number string, unit time.Duration) (time.Duration, error) {
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil {
		if whole > math.MaxInt64/int64(unit) {
			return 0, errTooLong
		}
		return time.Duration(whole) * unit, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", number)
	}
	if f*float64(unit) >= math.MaxInt64 {
		return 0, errTooLong
	}
	return time.Duration(f * float64(unit)), nil
}
