package schedule

import "fmt"

// Error says what is wrong with a time, where, and what to write instead.
type Error struct {
	Text   string // what was read
	Column int    // where in it, in characters, from 1
	Reason string // what is wrong
	Remedy string // what to do
}

// Error gives place, reason and remedy in one sentence.
func (e *Error) Error() string {
	return fmt.Sprintf("time %q, column %d: %s: %s", e.Text, e.Column, e.Reason, e.Remedy)
}
