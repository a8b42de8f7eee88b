package config

import (
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Web is the web phone and what belongs to it: one HTTPS server for the page, for SIP over
// WebSocket (/ws) and for what the page asks.
type Web struct {
	// Listen lists addresses to listen on, as sip.udp does; [] turns the web phone off.
	Listen []string `yaml:"listen" restart:"true" format:"listen"`
	// Name is the host name by which browsers reach this machine; it goes into the
	// certificate that Dialtone makes, besides the names and addresses of the machine.
	Name string `yaml:"name,omitempty" format:"domain"`
	// Certificate is a PEM file with the chain for HTTPS, relative to the configuration
	// file. It is read again when it changes. When it and key are empty, Dialtone makes a
	// certificate authority of its own in the data folder, and a certificate by it.
	Certificate string `yaml:"certificate,omitempty" path:"true" format:"file"`
	// Key is the PEM file with the private key that belongs to certificate.
	Key string `yaml:"key,omitempty" path:"true" format:"file"`
	// ACME has an authority that browsers know make the certificate.
	ACME ACME `yaml:"acme,omitempty"`
	// Origins are other sites whose pages may use /ws, such as https://intranet.example.com;
	// "*" is any.
	Origins []string `yaml:"origins,omitempty"`
	// Proxies are the addresses of web servers that pass requests on: who their header
	// X-Forwarded-For or Forwarded names has sent the request.
	Proxies []string `yaml:"proxies,omitempty" format:"network"`
	// TURN are relays for browsers whose network lets hardly anything through.
	TURN TURN `yaml:"turn"`
	// Files are what people send each other in chats.
	Files WebFiles `yaml:"files"`
	// Clamd is where a ClamAV daemon looks at those files before anybody gets them:
	// unix:///run/clamav/clamd.ctl or tcp://host:3310. "" does without.
	Clamd string `yaml:"clamd,omitempty"`
	// ClamdDown is what happens while clamd does not answer: refuse does not take files;
	// hold takes them, and gives them to nobody before they were looked at.
	ClamdDown string `yaml:"clamd_down" enum:"refuse,hold"`
}

// WebFiles says which files are taken in chats.
type WebFiles struct {
	// MaxSize is how large one may be; 0 takes none.
	MaxSize string `yaml:"max_size" format:"size"`
	// Quota is how much room those have that one extension has sent. With less than
	// recording.min_free of the disk left, nobody's are taken.
	Quota string `yaml:"quota" format:"size"`
	// Keep is for how long they are kept; 0 keeps them for ever.
	Keep Duration `yaml:"keep" off:"0" min:"1h" max:"10000d"`
}

// MaxBytes is max_size.
func (f WebFiles) MaxBytes() int64 { return sizeOf(f.MaxSize) }

// QuotaBytes is quota.
func (f WebFiles) QuotaBytes() int64 { return sizeOf(f.Quota) }

func sizeOf(text string) int64 {
	n, _ := parseSize(text)
	return int64(min(n, math.MaxInt64))
}

// clamdAddress is where a ClamAV daemon listens.
var clamdAddress = regexp.MustCompile(`^(unix:///[^\s]+|tcp://[^\s/]+:[0-9]{1,5})$`)

// webOrigin is scheme and host, as browsers send it.
var webOrigin = regexp.MustCompile(`^https?://[^/\s]+$`)

// web checks what belongs to the web phone.
func (c *validator) web() {
	c.acme()
	c.turn()
	c.proxies()
	for i, o := range c.cfg.Web.Origins {
		if p := fmt.Sprintf("web.origins[%d]", i); o != "*" && !webOrigin.MatchString(o) && c.good(p) {
			c.fail(p, quoted(o)+" is not the origin of a page", "write scheme and host, such as https://intranet.example.com")
		}
	}
	if a := c.cfg.Web.Clamd; a != "" && !clamdAddress.MatchString(a) && c.good("web.clamd") {
		c.fail("web.clamd", quoted(a)+" is not where a clamd can be", "write unix:///run/clamav/clamd.ctl, as LocalSocket of clamd.conf says, or tcp://host:3310")
	}
	for _, name := range sortedKeys(c.cfg.Extensions) {
		p := join(join("extensions", name), "web_password")
		if secret := c.cfg.Extensions[name].WebPassword.Reveal(); looksHashed(secret) && c.good(p) {
			if _, ok := ParseArgon(secret); !ok {
				c.fail(p, "this hash cannot be used, and is taken for no password", `of hashes, only argon2id is known: write $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH, as programs write it: at most m=262144, t=16 and p=16`)
			}
		}
	}
}

// looksHashed says whether a password is a hash, by argon2 or bcrypt. One that we cannot
// use is not a password, which everybody who reads the file would know.
func looksHashed(secret string) bool {
	return strings.HasPrefix(secret, "$argon2") || strings.HasPrefix(secret, "$2")
}

// Argon is a password as argon2id (RFC 9106) keeps it.
type Argon struct {
	Memory, Time uint32 // KiB, passes
	Threads      uint8
	Salt, Hash   string // base64 without padding
}

var argonForm = regexp.MustCompile(`^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{22,88})$`)

// ParseArgon reads a hash as programs write it; ok is false for what is none, or would
// take too long to check.
func ParseArgon(text string) (a Argon, ok bool) {
	m := argonForm.FindStringSubmatch(text)
	if m == nil {
		return a, false
	}
	number := func(s string, most int) uint32 {
		n, err := strconv.Atoi(s)
		ok = ok && err == nil && n >= 1 && n <= most
		return uint32(n)
	}
	ok = true
	a = Argon{Memory: number(m[1], 262144), Time: number(m[2], 16), Threads: uint8(number(m[3], 16)), Salt: m[4], Hash: m[5]}
	for _, text := range []string{a.Salt, a.Hash} {
		_, err := base64.RawStdEncoding.DecodeString(text)
		ok = ok && err == nil
	}
	return a, ok
}
