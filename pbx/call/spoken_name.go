package call

import (
	"context"
	"time"

	"dialtone/media/record"
	"dialtone/pbx/voicemail"
)

const (
	longestName  = 5 * time.Second
	shortestName = 200 * time.Millisecond // of voice
	afterName    = 1500 * time.Millisecond
)

// sayName answers and asks the caller for its name; nil when it says nothing.
func (c *Call) sayName(ctx context.Context, language string) ([]int16, error) {
	own := line{c}
	if _, err := own.Say(ctx, language, []voicemail.Part{voicemail.Words("conference/say-name"), voicemail.Words("tone/beep")}, ""); err != nil {
		return nil, err
	}
	var name memory
	r, err := own.Record(ctx, voicemail.Recording{To: &name, Max: longestName, Silence: afterName, Finish: "#"})
	if err != nil || r.Voiced < shortestName {
		return nil, err
	}
	return name.pcm[:min(len(name.pcm), int((r.Speech+shortestName)*record.Rate/time.Second))], nil
}

// memory is a short recording. It is a record.Writer.
type memory struct{ pcm []int16 }

// Write implements record.Writer.
func (m *memory) Write(pcm []int16) error { m.pcm = append(m.pcm, pcm...); return nil }

// Flush implements record.Writer.
func (*memory) Flush() error { return nil }

// Length implements record.Writer.
func (m *memory) Length() time.Duration {
	return time.Duration(len(m.pcm)) * time.Second / record.Rate
}
