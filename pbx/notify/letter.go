package notify

import (
	"context"
	"errors"

	"github.com/wneessen/go-mail"

	"dialtone/dialplan"
)

// ErrNoServer says that no server for mail is configured.
var ErrNoServer = errors.New("no server for mail is configured")

// Send hands a letter to the server, once. An error that another try would not mend
// matches dialplan.ErrFinal.
func (b *Outbox) Send(ctx context.Context, l dialplan.Letter) error {
	c := b.config().Mail
	if c.Server == "" {
		return ErrNoServer
	}
	ctx, cancel := context.WithTimeout(ctx, letterFor)
	defer cancel()
	return send(ctx, c, l.Mail, l.ID, l.Files...)
}

// Is implements what errors.Is asks for.
func (final) Is(target error) bool { return target == dialplan.ErrFinal }

// enclose puts files into a mail.
func enclose(msg *mail.Msg, files []dialplan.Enclosure) {
	for _, f := range files {
		msg.AttachFile(f.Path, mail.WithFileName(f.Name), mail.WithFileContentType(mail.ContentType(f.Type)))
	}
}
