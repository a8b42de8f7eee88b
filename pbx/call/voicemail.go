package call

import (
	"context"
	"errors"

	"dialtone/dialplan"
	"dialtone/pbx/voicemail"
)

// Voicemail takes messages and gives them to their owners. It is safe for concurrent
// use; both verbs answer the caller.
type Voicemail interface {
	// Deposit takes a message. An error is why the call is over.
	Deposit(ctx context.Context, l voicemail.Line, d dialplan.Depositing) (dialplan.Deposited, error)
	// Visit lets the caller hear the messages of a mailbox.
	Visit(ctx context.Context, l voicemail.Line, v dialplan.Visiting) (dialplan.Visited, error)
}

var errNoVoicemail = errors.New("there is no voicemail here")

// Deposit implements dialplan.Session.
func (c *Call) Deposit(ctx context.Context, d dialplan.Depositing) (dialplan.Deposited, error) {
	if err := c.person(); err != nil {
		return dialplan.Deposited{}, err
	}
	if c.board.voicemail == nil {
		return dialplan.Deposited{}, errNoVoicemail
	}
	return c.board.voicemail.Deposit(ctx, line{c}, d)
}

// Visit implements dialplan.Session.
func (c *Call) Visit(ctx context.Context, v dialplan.Visiting) (dialplan.Visited, error) {
	if err := c.person(); err != nil {
		return dialplan.Visited{}, err
	}
	if c.board.voicemail == nil {
		return dialplan.Visited{}, errNoVoicemail
	}
	return c.board.voicemail.Visit(ctx, line{c}, v)
}
