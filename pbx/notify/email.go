package notify

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"dialtone/config"
	"dialtone/dialplan"
)

// Email implements dialplan.Outbox.
func (b *Outbox) Email(m dialplan.Mail) error {
	if b.config().Mail.Server == "" {
		return errors.New("no server for mail is configured")
	}
	var err error
	for _, to := range m.To { // one for each: a mailbox that is gone takes nothing from the others
		one, id := m, strings.ToLower(rand.Text())
		one.To = []string{to}
		err = errors.Join(err, b.post(message{
			to: "mail", id: id, call: m.CallID,
			send: func(ctx context.Context) error { return send(ctx, b.config().Mail, one, id) },
		}))
	}
	return err
}

// send hands a mail to the server once.
func send(ctx context.Context, c config.Mail, m dialplan.Mail, id string, files ...dialplan.Enclosure) error {
	ctx, done := context.WithCancel(ctx)
	defer done()
	msg, err := compose(c, m, id)
	if err != nil {
		return final{err}
	}
	enclose(msg, files)
	client, err := dialer(ctx, c)
	if err != nil {
		return final{err}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	var refused *mail.SendError
	if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return final{err}
	}
	return err
}

func compose(c config.Mail, m dialplan.Mail, id string) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	_, domain, _ := strings.Cut(c.From, "@")
	msg.SetMessageIDWithValue(id + "@" + domain) // the same in every try
	msg.SetDate()
	msg.Subject(m.Subject)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	return msg, errors.Join(msg.From(c.From), msg.To(m.To...))
}

// dialer knows how to reach the server. What it dials is closed with ctx: the
// library looks at its own time-outs only once it is connected.
func dialer(ctx context.Context, c config.Mail) (*mail.Client, error) {
	host, service := c.Address()
	port, err := strconv.Atoi(service)
	if err != nil {
		return nil, err
	}
	dial := func(_ context.Context, network, address string) (net.Conn, error) {
		raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = raw.Close() })
		if c.TLS != "tls" {
			return raw, nil
		}
		secure := tls.Client(raw, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		return secure, nil
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(tryFor), mail.WithDialContextFunc(dial)}
	switch c.TLS {
	case "tls":
		options = append(options, mail.WithSSL())
	case "off":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.User != "" {
		options = append(options,
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5),
			mail.WithUsername(c.User), mail.WithPassword(c.Password.Reveal()))
	}
	return mail.NewClient(host, options...)
}
