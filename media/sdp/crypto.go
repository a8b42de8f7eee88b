package sdp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// CryptoPolicy says whether audio is encrypted (SRTP).
type CryptoPolicy uint8

// The policies.
const (
	CryptoOff      CryptoPolicy = iota // encrypted offers are refused
	CryptoOptional                     // used when the far side offers it
	CryptoRequired                     // plain offers are refused
)

// Crypto is what SRTP needs: the suite as RFC 4568 §6.2 and RFC 7714 §14.2 name
// it, and the master keys and salts of both directions. Printing it shows the
// suite alone.
type Crypto struct {
	Suite                 string
	LocalKey, LocalSalt   []byte // protect what we send
	RemoteKey, RemoteSalt []byte // protect what we receive
}

func (c *Crypto) clone() *Crypto {
	if c == nil {
		return nil
	}
	d := *c
	d.LocalKey, d.LocalSalt = bytes.Clone(c.LocalKey), bytes.Clone(c.LocalSalt)
	d.RemoteKey, d.RemoteSalt = bytes.Clone(c.RemoteKey), bytes.Clone(c.RemoteSalt)
	return &d
}

// String gives the suite.
func (c Crypto) String() string { return c.Suite }

// GoString gives the suite.
func (c Crypto) GoString() string { return c.Suite }

// LogValue gives the suite.
func (c Crypto) LogValue() slog.Value { return slog.StringValue(c.Suite) }

type suite struct {
	name      string
	key, salt int // bytes
}

// suites are those we can do, in the order in which we offer them.
var suites = [...]suite{
	{"AEAD_AES_256_GCM", 32, 12},
	{"AEAD_AES_128_GCM", 16, 12},
	{"AES_CM_128_HMAC_SHA1_80", 16, 14},
	{"AES_CM_128_HMAC_SHA1_32", 16, 14},
}

// cryptoLine is an a=crypto line that can be used.
type cryptoLine struct {
	tag   string
	suite suite
	key   []byte // master key, then salt
}

// String gives the tag and the suite, not the key.
func (c cryptoLine) String() string { return c.tag + " " + c.suite.name }

// shortestLife is the fewest packets that a master key must be good for, since
// keys are not renewed in a call: 2^20 packets last five hours and more.
const shortestLife = 1 << 20

// longestLife is what RFC 3711 §9.2 allows for SRTP.
const longestLife = 1 << 48

// parseCrypto reads tag suite inline:key[|lifetime][|MKI] [parameters] (RFC 4568
// §9.1). An error says why the line cannot be used, without its key.
func parseCrypto(value string) (cryptoLine, error) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return cryptoLine{}, fmt.Errorf("%d fields instead of 3", len(f))
	}
	c := cryptoLine{tag: f[0]}
	if _, err := strconv.ParseUint(c.tag, 10, 32); err != nil || len(c.tag) > 9 {
		return cryptoLine{}, fmt.Errorf("tag %.12q is not a number", c.tag)
	}
	for _, s := range suites {
		if strings.EqualFold(s.name, f[1]) {
			c.suite = s
		}
	}
	if c.suite.name == "" {
		return cryptoLine{}, fmt.Errorf("suite %.40q is unknown", f[1])
	}
	for _, param := range f[3:] {
		if !harmless(param) {
			return cryptoLine{}, fmt.Errorf("session parameter %.40q is not supported", param)
		}
	}
	var err error
	c.key, err = parseInline(f[2], c.suite)
	return c, err
}

// harmless reports whether a session parameter may be left unheeded: the hint at
// a window size and extensions that say so by a dash (RFC 4568 §6.3.6, §6.3.7).
func harmless(param string) bool {
	return strings.HasPrefix(param, "-") || strings.HasPrefix(strings.ToUpper(param), "WSH=")
}

func parseInline(param string, s suite) ([]byte, error) {
	method, info, _ := strings.Cut(param, ":")
	if !strings.EqualFold(method, "inline") {
		return nil, fmt.Errorf("key method %.20q is unknown", method)
	}
	if strings.Contains(info, ";") {
		return nil, errors.New("several keys on a line need an MKI, which is not supported")
	}
	parts := strings.Split(info, "|")
	for i, part := range parts[1:] {
		if strings.Contains(part, ":") || i > 0 {
			return nil, errors.New("MKI is not supported")
		}
		if err := checkLifetime(part); err != nil {
			return nil, err
		}
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil {
		return nil, errors.New("key is not base64")
	}
	if len(key) != s.key+s.salt {
		return nil, fmt.Errorf("key and salt have %d bytes, %s needs %d", len(key), s.name, s.key+s.salt)
	}
	return key, nil
}

// checkLifetime reads packets or 2^n.
func checkLifetime(s string) error {
	var n uint64
	var err error
	if exp, power := strings.CutPrefix(s, "2^"); power {
		if n, err = strconv.ParseUint(exp, 10, 6); err == nil {
			n = 1 << n
		}
	} else {
		n, err = strconv.ParseUint(s, 10, 64)
	}
	switch {
	case err != nil:
		return fmt.Errorf("lifetime %.24q is not a number", s)
	case n < shortestLife:
		return fmt.Errorf("lifetime of %d packets is shorter than a call", n)
	case n > longestLife:
		return fmt.Errorf("lifetime of %d packets is longer than allowed", n)
	}
	return nil
}

func newCryptoLine(tag int, s suite) cryptoLine {
	c := cryptoLine{tag: strconv.Itoa(tag), suite: s, key: make([]byte, s.key+s.salt)}
	_, _ = rand.Read(c.key) // never fails: it ends the program instead
	return c
}

func (c cryptoLine) attr() Attr {
	return Attr{"crypto", c.tag + " " + c.suite.name + " inline:" + base64.StdEncoding.EncodeToString(c.key)}
}

// agree joins our line and theirs, which are of the same suite.
func agree(ours, theirs cryptoLine) *Crypto {
	k := ours.suite.key
	local, remote := bytes.Clone(ours.key), bytes.Clone(theirs.key)
	return &Crypto{
		Suite:    ours.suite.name,
		LocalKey: local[:k:k], LocalSalt: local[k:],
		RemoteKey: remote[:k:k], RemoteSalt: remote[k:],
	}
}

// cryptoLines gives the a=crypto lines that can be used, and why the first of the
// others cannot.
func (m *Media) cryptoLines() (usable []cryptoLine, refused error) {
	for i := range m.Attrs {
		if !strings.EqualFold(m.Attrs[i].Key, "crypto") {
			continue
		}
		c, err := parseCrypto(m.Attrs[i].Value)
		for _, u := range usable {
			if err == nil && u.tag == c.tag {
				err = fmt.Errorf("tag %s stands twice", c.tag)
			}
		}
		switch {
		case err == nil:
			usable = append(usable, c)
		case refused == nil:
			refused = err
		}
	}
	return usable, refused
}
