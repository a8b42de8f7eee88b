package plantest

import (
	"context"

	"dialtone/dialplan"
	"dialtone/media"
)

// music implements call.Music: phones are told what they hear.
type music struct{}

// Play implements call.Music.
func (music) Play(ctx context.Context, e media.Endpoint, class string) error {
	if _, err := media.Playable(e); err != nil {
		return err
	}
	if class == "" || class == dialplan.DefaultMusic {
		return media.PlayMusic(ctx, e)
	}
	if h, ok := e.(media.Hearer); ok {
		defer h.Hear("music " + class)()
	}
	<-ctx.Done()
	return context.Cause(ctx)
}
