package call

import (
	"context"
	"time"

	"dialtone/dialplan"
)

// session is a call as its steps see it. A verb in which nobody but the caller takes
// part begins again for a leg that takes the caller's place.
type session struct{ *Call }

// result is again for a verb that gives something.
func result[T any](ctx context.Context, s session, verb func(context.Context) (T, error)) (out T, err error) {
	err = s.again(ctx, func(ctx context.Context) error {
		out, err = verb(ctx)
		return err
	})
	return out, err
}

func (s session) Wait(ctx context.Context, d time.Duration) error {
	return s.again(ctx, func(ctx context.Context) error { return s.Call.Wait(ctx, d) })
}

func (s session) Echo(ctx context.Context, d time.Duration) error {
	return s.again(ctx, func(ctx context.Context) error { return s.Call.Echo(ctx, d) })
}

func (s session) Tone(ctx context.Context, hz float64, d time.Duration) error {
	return s.again(ctx, func(ctx context.Context) error { return s.Call.Tone(ctx, hz, d) })
}

func (s session) DelayedEcho(ctx context.Context, delay, d time.Duration) error {
	return s.again(ctx, func(ctx context.Context) error { return s.Call.DelayedEcho(ctx, delay, d) })
}

func (s session) Signal(ctx context.Context, name string, d time.Duration) error {
	return s.again(ctx, func(ctx context.Context) error { return s.Call.Signal(ctx, name, d) })
}

func (s session) SendKeys(ctx context.Context, keys string) error {
	return s.again(ctx, func(ctx context.Context) error { return s.Call.SendKeys(ctx, keys) })
}

func (s session) KeyEcho(ctx context.Context, d time.Duration) error {
	return s.again(ctx, func(ctx context.Context) error { return s.Call.KeyEcho(ctx, d) })
}

func (s session) Music(ctx context.Context, class string, d time.Duration) error {
	return s.again(ctx, func(ctx context.Context) error { return s.Call.Music(ctx, class, d) })
}

func (s session) Conference(ctx context.Context, j dialplan.Joining) (refused string, err error) {
	return result(ctx, s, func(ctx context.Context) (string, error) { return s.Call.Conference(ctx, j) })
}

func (s session) Page(ctx context.Context, p dialplan.Paging) (heard int, err error) {
	return result(ctx, s, func(ctx context.Context) (int, error) { return s.Call.Page(ctx, p) })
}

func (s session) Play(ctx context.Context, p dialplan.Playing) (key string, err error) {
	return result(ctx, s, func(ctx context.Context) (string, error) { return s.Call.Play(ctx, p) })
}

func (s session) Gather(ctx context.Context, g dialplan.Gathering) (dialplan.Gathered, error) {
	return result(ctx, s, func(ctx context.Context) (dialplan.Gathered, error) { return s.Call.Gather(ctx, g) })
}

func (s session) Deposit(ctx context.Context, d dialplan.Depositing) (dialplan.Deposited, error) {
	return result(ctx, s, func(ctx context.Context) (dialplan.Deposited, error) { return s.Call.Deposit(ctx, d) })
}

func (s session) Visit(ctx context.Context, v dialplan.Visiting) (dialplan.Visited, error) {
	return result(ctx, s, func(ctx context.Context) (dialplan.Visited, error) { return s.Call.Visit(ctx, v) })
}
