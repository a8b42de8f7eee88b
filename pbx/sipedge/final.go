package sipedge

import (
	"context"
	"errors"

	"github.com/emiago/sipgo/sip"
)

// Final waits for the final response to a request other than INVITE, and ends the
// transaction. Silence gives ErrSilent, the end of ctx its cause.
func Final(ctx context.Context, tx sip.ClientTransaction) (*sip.Response, error) {
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res == nil:
				return nil, ErrSilent
			case !res.IsProvisional():
				return res, nil
			}
		case <-tx.Done():
			// The answer may have come in the same moment.
			select {
			case res := <-tx.Responses():
				if res != nil && !res.IsProvisional() {
					return res, nil
				}
			default:
			}
			return nil, errors.Join(ErrSilent, tx.Err())
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
