package notify

import (
	"context"
	"errors"

	"github.com/wneessen/go-mail"

	"dialtone/dialplan"
)

// Letter is a mail with files. Who sends one keeps it, and tries again, until that has
// worked.
type Letter struct {
	dialplan.Mail
	// ID is the same in every try, so that who gets it twice can tell. It is unique.
	ID    string
	Files []Enclosure
}

// Enclosure is a file that goes with a Letter.
type Enclosure struct{ Name, Type, Path string }

// ErrNoServer says that no server for mail is configured.
var ErrNoServer = errors.New("no server for mail is configured")

// Send hands a letter to the server, once. Final says whether another try can help.
func (b *Outbox) Send(ctx context.Context, l Letter) error {
	c := b.config().Mail
	if c.Server == "" {
		return ErrNoServer
	}
	ctx, cancel := context.WithTimeout(ctx, letterFor)
	defer cancel()
	return send(ctx, c, l.Mail, l.ID, l.Files...)
}

// Final reports whether an error of Send stays whatever is done.
func Final(err error) bool {
	var f final
	return errors.As(err, &f)
}

// enclose puts files into a mail.
func enclose(msg *mail.Msg, files []Enclosure) {
	for _, f := range files {
		msg.AttachFile(f.Path, mail.WithFileName(f.Name), mail.WithFileContentType(mail.ContentType(f.Type)))
	}
}
