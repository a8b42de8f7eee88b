package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
)

// Mail says how mail is sent: by the step email, and with the messages of mailboxes.
type Mail struct {
	// Server takes the mail: a name or address, with a port when it is another than
	// the usual one, which is 587, with tls 465, and without encryption 25.
	Server string `yaml:"server,omitempty" format:"mail_server"`
	// TLS is the encryption: starttls, tls from the first byte on, or off. The
	// server's certificate must be of its name, and valid.
	TLS string `yaml:"tls,omitempty" enum:"starttls,tls,off"`
	// User is the account at the server; without one, Dialtone does not log in.
	User string `yaml:"user,omitempty"`
	// Password is that of user. Write ${NAME} to take it from the environment, or
	// file:PATH to take it from the first line of a file.
	Password Secret `yaml:"password,omitempty"`
	// From is the address that the mail comes from, such as pbx@example.net.
	From string `yaml:"from,omitempty" format:"address"`
}

// Webhook is a server that the step webhook tells about calls.
type Webhook struct {
	// URL is where messages are sent (POST). They are tried five times within four
	// minutes, until the answer is of 200 to 299, or of 400 to 499 but for 408, 425
	// and 429.
	URL string `yaml:"url" format:"url"`
	// Secret signs them: the header Dialtone-Signature is sha256= and the HMAC-SHA256
	// of the body in hexadecimal digits. Write ${NAME} to take it from the
	// environment, or file:PATH to take it from the first line of a file.
	Secret Secret `yaml:"secret,omitempty"`
}

// Address is the server's, for package net.
func (m Mail) Address() (host string, port string) {
	if host, port, err := net.SplitHostPort(m.Server); err == nil {
		return host, port
	}
	switch m.TLS {
	case "tls":
		return m.Server, "465"
	case "off":
		return m.Server, "25"
	}
	return m.Server, "587"
}

const urlPattern = `https?://[^\s/?#@]+(/\S*)?`

// notifyFormat is FormatOf for the formats that mail and webhooks use.
func notifyFormat(name string) Format {
	switch name {
	case "mail_server":
		return trunkFormat("server")
	case "address":
		return Format{Says: "an email address", Pattern: `^([^@\s]+@[^@\s]+)?$`}
	case "url":
		return Format{Says: "an address that begins with https:// or http://", Pattern: `^` + urlPattern + `$`}
	}
	return recordingFormat(name)
}

// notifyCheck is checkOf for those formats.
func notifyCheck(name string) func(string) (string, problem) {
	switch name {
	case "mail_server":
		return checkMailServer
	case "address":
		return checkAddress
	case "url":
		return checkURL
	}
	return recordingCheck(name)
}

func checkMailServer(s string) (string, problem) {
	_, p := checkServer(s)
	if p.found() {
		p.remedy = "write a name like smtp.example.net, with :587 for a port, or an address"
	}
	return s, p
}

func checkAddress(s string) (string, problem) {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return s, problem{quoted(s) + " is not an email address", "write one like pbx@example.net"}
	}
	return s, problem{}
}

func checkURL(s string) (string, problem) {
	u, err := url.Parse(s)
	switch {
	case s == "": // whether there must be one is another matter
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return s, problem{quoted(s) + " is no URL of a web server", "write one like https://crm.example.net/calls"}
	case u.User != nil:
		return s, problem{"a password in the URL ends up in logs", "leave it out; messages are signed with secret"}
	}
	return s, problem{}
}

const minSecret = 16

// notices checks where calls tell of themselves.
func (c *validator) notices() {
	for _, name := range sortedKeys(c.cfg.Webhooks) {
		w, path := c.cfg.Webhooks[name], join("webhooks", name)
		at := join(path, "url")
		switch {
		case !c.good(path, at):
		case w.URL == "":
			c.fail(path, "the webhook has no URL", "write url: https://crm.example.net/calls")
		case insecure(w.URL):
			c.warn(at, "what is told of calls goes over the net unencrypted", "write https://")
		}
		if p := join(path, "secret"); c.good(p) && w.Secret != "" && len(w.Secret.Reveal()) < minSecret {
			c.report(finding{at: c.place(p).value, path: p, hide: c.place(p).value.Column, warning: true, problem: problem{
				"the secret is easy to guess: it is shorter than 16 characters", "use 32 random letters and digits",
			}})
		}
	}
	c.mail()
}

func (c *validator) mail() {
	m := c.cfg.Mail
	if m.Server == "" {
		if given := m.From + m.User + m.Password.Reveal(); given != "" && c.good("mail.server") {
			c.fail(c.written("mail.from", "mail.user", "mail.password"), "nothing says which server takes the mail", "write server: smtp.example.net, or remove mail")
		}
		return
	}
	if m.From == "" && c.good("mail.from") {
		c.fail("mail.server", "nothing says where mail comes from", "write from: pbx@example.net, an address that the server lets you use")
	}
	if !c.good("mail.user", "mail.password", "mail.tls") {
		return
	}
	switch {
	case (m.User == "") != (m.Password == ""):
		c.fail(c.written("mail.user", "mail.password"), "user and password belong together", "write both, or none")
	case m.Password != "" && m.TLS == "off" && insecure("http://"+m.Server):
		c.fail("mail.tls", "the password would go over the net unencrypted", "write tls: starttls or tls: tls")
	}
}

// insecure reports whether what is sent to a URL can be read on its way.
func insecure(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback())
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
