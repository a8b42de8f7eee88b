package sipauth

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// algorithm is a hash that digests are made with (RFC 8760 §2.1).
type algorithm uint8

const (
	unknownAlgorithm algorithm = iota
	algorithmMD5
	algorithmSHA256
)

// algorithmOf is what an algorithm parameter names; none means MD5.
func algorithmOf(name string) algorithm {
	switch {
	case name == "", strings.EqualFold(name, "MD5"):
		return algorithmMD5
	case strings.EqualFold(name, "SHA-256"):
		return algorithmSHA256
	}
	return unknownAlgorithm
}

// appendHash appends the hash of text in hexadecimal.
func (a algorithm) appendHash(dst, text []byte) []byte {
	if a == algorithmSHA256 {
		sum := sha256.Sum256(text)
		return hex.AppendEncode(dst, sum[:])
	}
	sum := md5.Sum(text)
	return hex.AppendEncode(dst, sum[:])
}

// matches says whether the response is what that password gives (RFC 7616
// §3.4.1, without qop RFC 2069). How long it takes does not depend on the answer.
func (c *credentials) matches(method, password string) bool {
	a := algorithmOf(c.algorithm)
	var hashed, plain [512]byte
	text := joined(plain[:0], c.username, c.realm, password)
	all := append(a.appendHash(hashed[:0], text), ':')
	all = append(all, c.nonce...)
	all = append(all, ':')
	if c.qop != "" {
		all = append(joined(all, c.nc, c.cnonce, c.qop), ':')
	}
	all = a.appendHash(all, joined(plain[:0], method, c.uri))
	want := a.appendHash(plain[:0], all)
	return subtle.ConstantTimeCompare(want, []byte(strings.ToLower(c.response))) == 1
}

// joined appends parts with colons between them.
func joined(dst []byte, parts ...string) []byte {
	for i, p := range parts {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, p...)
	}
	return dst
}
