package script

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"
)

// Bounds of what a program makes, in bytes and elements.
const (
	maxValue = 64 << 10 // of one value, with all that is in it
	maxMade  = 8 << 20  // of all values together
)

const meterKey = "meter"

// meter adds up what a run has made.
type meter struct{ made int }

var (
	errBig  = fmt.Errorf("it makes a value of more than %d KiB", maxValue>>10)
	errMuch = fmt.Errorf("it makes more than %d MiB of values", maxMade>>20)
)

// charge counts a value that was made.
func charge(thread *starlark.Thread, v starlark.Value) error {
	w := weigh(v, maxValue)
	if w > maxValue {
		return errBig
	}
	m, ok := thread.Local(meterKey).(*meter)
	if !ok {
		return errors.New("it is not metered")
	}
	if m.made += w; m.made > maxMade {
		return errMuch
	}
	return nil
}

// weigh is about how much memory a value, printed out, would take; no more than
// a little beyond limit is looked at, so that lists which hold themselves end.
func weigh(v starlark.Value, limit int) int {
	if limit <= 0 {
		return 1
	}
	switch x := v.(type) {
	case starlark.String:
		return len(x) + 1
	case starlark.Bytes:
		return len(x) + 1
	case starlark.Int:
		if _, small := x.Int64(); small {
			return 1
		}
		return 1 + x.BigInt().BitLen()/2 // printing it is quadratic
	case *starlark.Dict:
		w := 1
		for key, value := range x.Entries() {
			if w += weigh(key, limit-w) + weigh(value, limit-w); w > limit {
				break
			}
		}
		return w
	case starlark.Tuple, *starlark.List, *starlark.Set:
		w := 1
		for item := range starlark.Elements(x.(starlark.Iterable)) {
			if w += weigh(item, limit-w); w > limit {
				break
			}
		}
		return w
	case starlark.Sequence:
		return 1 + x.Len() // a range, or the parts of a text
	}
	return 1
}

// bounded reports whether values can be walked through.
func bounded(values ...starlark.Value) error {
	w := 0
	for _, v := range values {
		if v == nil {
			continue
		}
		if w += weigh(v, maxValue-w); w > maxValue {
			return errBig
		}
	}
	return nil
}
