package sipauth

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	maxHeaderBytes = 4096
	maxParams      = 32
	maxHeaders     = 8
)

// credentials are the parameters of an Authorization header that matter here.
type credentials struct {
	username, realm, nonce, uri, response, algorithm, cnonce, qop, nc string
	userhash                                                          string

	set uint // which of them were there, a bit each
}

// field gives where the parameter of that name is kept and its bit.
func (c *credentials) field(name string) (*string, uint) {
	fields := [...]struct {
		name string
		at   *string
	}{
		{"username", &c.username},
		{"realm", &c.realm},
		{"nonce", &c.nonce},
		{"uri", &c.uri},
		{"response", &c.response},
		{"algorithm", &c.algorithm},
		{"cnonce", &c.cnonce},
		{"qop", &c.qop},
		{"nc", &c.nc},
		{"userhash", &c.userhash},
	}
	for i, f := range fields {
		if strings.EqualFold(name, f.name) {
			return f.at, 1 << i
		}
	}
	return nil, 0
}

var (
	errNotDigest = errors.New("not Digest")
	errSyntax    = errors.New("not a list of name=value")
)

// parseCredentials reads the value of an Authorization header (RFC 3261 §25.1):
// Digest, then name=value separated by commas, white space allowed around each
// part. Parameters of unknown name are skipped.
func parseCredentials(value string) (credentials, error) {
	var c credentials
	if len(value) > maxHeaderBytes {
		return c, fmt.Errorf("%d bytes, at most %d are read", len(value), maxHeaderBytes)
	}
	value = trimSpace(value)
	scheme, rest := cutToken(value)
	if !strings.EqualFold(scheme, "Digest") {
		return c, errNotDigest
	}
	if rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return c, errSyntax
	}
	for params := 0; ; params++ {
		if rest = strings.TrimLeft(rest, " \t\r\n,"); rest == "" {
			break
		}
		if params == maxParams {
			return c, fmt.Errorf("more than %d parameters", maxParams)
		}
		var err error
		if rest, err = c.param(rest); err != nil {
			return c, err
		}
	}
	return c, c.check()
}

// param reads one name=value from the start of s and gives what follows it.
func (c *credentials) param(s string) (rest string, err error) {
	name, s := cutToken(s)
	s = trimSpace(s)
	if name == "" || s == "" || s[0] != '=' {
		return "", errSyntax
	}
	value, rest, err := cutValue(trimSpace(s[1:]))
	if err != nil {
		return "", err
	}
	rest = trimSpace(rest)
	if rest != "" && rest[0] != ',' {
		return "", errSyntax
	}
	at, bit := c.field(name)
	if at == nil {
		return rest, nil
	}
	if c.set&bit != 0 {
		return "", fmt.Errorf("%s is there twice", strings.ToLower(name))
	}
	c.set |= bit
	*at = value
	return rest, nil
}

// check says what is missing for a digest to be computed.
func (c *credentials) check() error {
	switch {
	case c.username == "", c.realm == "", c.nonce == "", c.uri == "", c.response == "":
		return errors.New("one of username, realm, nonce, uri and response is missing")
	case strings.EqualFold(c.userhash, "true"):
		return errors.New("userhash was not offered")
	case c.qop == "":
		return nil
	case !strings.EqualFold(c.qop, "auth"):
		return errors.New("qop is not the one that was offered, auth")
	case c.cnonce == "":
		return errors.New("cnonce is missing")
	}
	if _, err := c.count(); err != nil {
		return errors.New("nc is not a count of 8 hexadecimal digits")
	}
	return nil
}

// count is nc as a number.
func (c *credentials) count() (uint32, error) {
	n, err := strconv.ParseUint(c.nc, 16, 32)
	return uint32(n), err
}

// cutToken splits off the characters of a token (RFC 3261 §25.1).
func cutToken(s string) (token, rest string) {
	i := 0
	for i < len(s) && isToken(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func isToken(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-.!%*_+`'~", b) >= 0
}

// cutValue splits off a quoted string, without its quotes and escapes, or all
// up to a comma or white space: some phones leave quotes out.
func cutValue(s string) (value, rest string, err error) {
	if s == "" || s[0] != '"' {
		end := strings.IndexAny(s, ", \t\r\n")
		if end < 0 {
			end = len(s)
		}
		if strings.ContainsAny(s[:end], "\"\x00") {
			return "", "", errSyntax
		}
		return s[:end], s[end:], nil
	}
	escaped := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++ // also when it is a quote
		case '"':
			if value = s[1:i]; escaped {
				value = unescape(value)
			}
			return value, s[i+1:], nil
		case 0, '\r', '\n':
			return "", "", errSyntax
		}
	}
	return "", "", errors.New("a quote is not closed")
}

func unescape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out = append(out, s[i])
	}
	return string(out)
}

func trimSpace(s string) string { return strings.Trim(s, " \t\r\n") }
