package call

import (
	"context"
	"sync"
	"time"

	"dialtone/dialplan"
)

// ringBackTime is for how long phones ring that are called back.
const ringBackTime = 30 * time.Second

// RingBack rings the phones of an extension, and calls another one for whoever answers.
// It returns when that call has begun, or why it has not.
func (s *Switchboard) RingBack(ctx context.Context, extension, to string) error {
	release, err := s.reserve(extension)
	if err != nil {
		return err
	}
	defer release()
	leg, err := s.ringPhones(ctx, extension, Invitation{
		CallID: newCallID(), From: to, FromName: s.config().Extensions[to].Name, To: extension, Near: nearFor(Want{}),
	})
	if err != nil {
		return err
	}
	info, own := leg.Info(), s.config().Extensions[extension]
	c := newCall(s, seated{leg}, dialplan.Facts{
		CallID: newCallID(), To: to, From: extension, FromName: own.Name, Extension: extension, Language: own.Language,
		UserAgent: info.UserAgent, SIPCallID: info.SIPCallID,
	}, nil)
	c.accepted = true
	if e := s.admitTransferred(c); e != nil {
		leg.Hangup(e)
		return e
	}
	return nil
}

// ringPhones rings all phones of an extension and gives the leg of the first that answers.
func (s *Switchboard) ringPhones(ctx context.Context, extension string, inv Invitation) (Leg, error) {
	contacts, err := s.dialer.Contacts(extension)
	if err != nil {
		return nil, err
	}
	ctx, timeout := context.WithTimeoutCause(ctx, ringBackTime, &dialplan.Ended{Cause: dialplan.CauseNoAnswer, Detail: extension + " does not answer"})
	defer timeout()
	ctx, stop := context.WithCancelCause(ctx)
	type answer struct {
		leg Leg
		err error
	}
	answers := make(chan answer, len(contacts))
	var rung sync.WaitGroup
	defer rung.Wait()
	for _, contact := range contacts {
		rung.Go(func() {
			leg, err := s.dialer.Dial(ctx, contact, inv, func(Progress) {})
			answers <- answer{leg, err}
		})
	}
	var winner Leg
	var last error
	for range contacts {
		a := <-answers
		switch {
		case a.err != nil:
			last = a.err
		case winner != nil:
			a.leg.Hangup(&dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere})
		default:
			winner = a.leg
			stop(&dialplan.Ended{Cause: dialplan.CauseAnsweredElsewhere})
		}
	}
	stop(nil)
	if winner != nil {
		return winner, nil
	}
	return nil, last
}
