package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// TURN are relays for browsers whose network lets hardly anything through (RFC 8656).
type TURN struct {
	// Relay makes Dialtone one itself, at the addresses of web.listen, over TCP and TLS. It
	// reaches nothing but Dialtone, and opens no ports.
	Relay bool `yaml:"relay"`
	// UDP has it listen at those addresses over UDP as well, where it is a STUN server, too.
	UDP bool `yaml:"udp" restart:"true"`
	// Max is how many relayed addresses there may be. A call of a browser takes one for
	// each address of its computer and each way to the relay, about three to nine.
	Max int `yaml:"max" min:"1" max:"1000000"`
	// MaxPerUser is how many of them one extension may have.
	MaxPerUser int `yaml:"max_per_user" min:"1" max:"1000000"`
	// Kbits is how many kilobits a second go through one of them, each way.
	Kbits int `yaml:"kbits" min:"64" max:"10000000"`
	// Servers are relays and STUN servers of yours that browsers are told of besides, such as
	// turns:turn.example.com:443?transport=tcp or stun:turn.example.com.
	Servers []string `yaml:"servers,omitempty"`
	// Secret is what credentials for relays are made of, as use-auth-secret and
	// static-auth-secret of coturn want it. Without one, Dialtone makes one at its first
	// start.
	Secret Secret `yaml:"secret,omitempty"`
	// Username is the one for servers, where they have no secret but users.
	Username string `yaml:"username,omitempty"`
	// Password is the one that belongs to username.
	Password Secret `yaml:"password,omitempty"`
}

// turnServer is an address as browsers take it (RFC 7064, RFC 7065).
var turnServer = regexp.MustCompile(`^(stuns?:[^\s?/@]+|turns?:[^\s?/@]+(\?transport=(udp|tcp))?)$`)

// turn checks relays.
func (c *validator) turn() {
	const at = "web.turn"
	t := c.cfg.Web.TURN
	relays := false
	for i, s := range t.Servers {
		relays = relays || strings.HasPrefix(s, "turn")
		if p := fmt.Sprintf("%s.servers[%d]", at, i); !isTURNServer(s) && c.good(p) {
			c.fail(p, quoted(s)+" is no address of a TURN or STUN server", "write turn:, turns:, stun: or stuns:, the host and perhaps a port, such as turns:turn.example.com:443?transport=tcp")
		}
	}
	if relays {
		c.turnCredentials()
	} else if t.Username != "" || t.Password != "" {
		c.fail(at, "username and password are for servers, and none is a relay", "write servers, or remove both: Dialtone makes credentials for its own relay")
	}
}

// turnCredentials checks those for relays that are not Dialtone's own.
func (c *validator) turnCredentials() {
	const at = "web.turn"
	t := c.cfg.Web.TURN
	switch static := t.Username != "" && t.Password != ""; {
	case !static && (t.Username != "" || t.Password != ""):
		c.fail(at, "username and password belong together", "write both, or neither")
	case static && t.Secret != "" && !t.Relay:
		c.fail(at, "servers have either a secret or users", "remove secret, or username and password")
	case !static && t.Secret == "":
		c.fail(at, "servers cannot be used without credentials", "write secret, which they know as well, or username and password")
	}
}

func isTURNServer(text string) bool {
	if !turnServer.MatchString(text) {
		return false
	}
	_, rest, _ := strings.Cut(text, ":")
	host, _, _ := strings.Cut(rest, "?")
	u, err := url.Parse("x://" + host)
	return err == nil && u.Hostname() != ""
}

// proxies must be networks; who passes for one says who everybody else is.
func (c *validator) proxies() {
	for i, p := range c.cfg.Web.Proxies {
		at := fmt.Sprintf("web.proxies[%d]", i)
		if n, err := parseNetwork(p); err == nil && n.Bits() == 0 && c.good(at) {
			c.fail(at, "then everybody could say who he is", "write the addresses of your proxies only")
		}
	}
}

// ProxyPrefixes are web.proxies.
func (w *Web) ProxyPrefixes() []netip.Prefix { return prefixes(w.Proxies) }
