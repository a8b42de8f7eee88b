package plantest

import (
	"context"
	"io"
	"time"
	"unicode/utf8"

	"dialtone/media"
)

// perLetter is how long one letter of a text takes to speak, in tests.
const perLetter = 60 * time.Millisecond

// Speak implements call.Speech: an engine that speaks each letter in the same time.
func (*world) Speak(_ context.Context, text, _ string, _ int) (media.Clip, error) {
	return spoken(utf8.RuneCountInString(text)) * spoken(perLetter), nil
}

// spoken is a text of that length; nobody listens to it.
type spoken time.Duration

// Length implements media.Clip.
func (s spoken) Length() time.Duration { return time.Duration(s) }

// Read implements media.Clip.
func (spoken) Read([]int16) (int, error) { return 0, io.EOF }
