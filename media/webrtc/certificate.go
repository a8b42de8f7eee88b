package webrtc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Fingerprint is the hash of a certificate as SDP writes it (RFC 8122 §5): "sha-256",
// and the bytes in upper case with colons between them.
type Fingerprint struct{ Hash, Value string }

// certificateLife is longer than a program runs; nobody looks at it.
const certificateLife = 10 * 365 * 24 * time.Hour

// newCertificate makes the certificate of this start. Signalling vouches for it by its
// fingerprint, so it says nothing.
func newCertificate() (tls.Certificate, Fingerprint, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, Fingerprint{}, fmt.Errorf("make the key for DTLS: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, Fingerprint{}, fmt.Errorf("make the certificate for DTLS: %w", err)
	}
	now := time.Now()
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "WebRTC"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certificateLife),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, Fingerprint{}, fmt.Errorf("make the certificate for DTLS: %w", err)
	}
	f, _ := fingerprint("sha-256", der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, f, nil
}

// fingerprint is that of a certificate by one of the hashes that still count.
func fingerprint(hash string, der []byte) (Fingerprint, bool) {
	var sum []byte
	switch strings.ToLower(hash) {
	case "sha-256":
		s := sha256.Sum256(der)
		sum = s[:]
	case "sha-384":
		s := sha512.Sum384(der)
		sum = s[:]
	case "sha-512":
		s := sha512.Sum512(der)
		sum = s[:]
	default:
		return Fingerprint{}, false
	}
	text := make([]byte, 0, 3*len(sum))
	for i, b := range sum {
		if i > 0 {
			text = append(text, ':')
		}
		text = fmt.Appendf(text, "%02X", b)
	}
	return Fingerprint{strings.ToLower(hash), string(text)}, true
}

// errFingerprint ends a handshake with somebody else than signalling spoke of.
var errFingerprint = errors.New("the certificate of the far side is not the one that its description names")

// clocksDiffer is for how long a certificate that has expired is taken all the same.
const clocksDiffer = 24 * time.Hour

// vouched reports whether one of fs is that of the certificate, which must not have
// expired.
func vouched(fs []Fingerprint, raw [][]byte, now time.Time) error {
	if len(raw) == 0 {
		return errFingerprint
	}
	named := slices.ContainsFunc(fs, func(want Fingerprint) bool {
		have, ok := fingerprint(want.Hash, raw[0])
		return ok && strings.EqualFold(have.Value, want.Value)
	})
	if !named {
		return errFingerprint
	}
	c, err := x509.ParseCertificate(raw[0])
	if err != nil {
		return fmt.Errorf("the certificate of the far side: %w", err)
	}
	if now.After(c.NotAfter.Add(clocksDiffer)) {
		return fmt.Errorf("the certificate of the far side has expired on %s", c.NotAfter.Format(time.DateOnly))
	}
	return nil
}
