package siptrunk

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"dialtone/config"
)

// ErrFingerprint means that a server has another certificate than the one that
// the trunk is pinned to.
var ErrFingerprint = errors.New("the certificate is not the one whose fingerprint the trunk has")

// tlsOf is how the certificates of a trunk's servers are checked: by fingerprint,
// by the certificates of a file, or by those of the machine; the name is that of
// the host or proxy, whatever server the name servers name (RFC 5922 §4). sum
// changes when the check does.
func tlsOf(c config.Trunk, name string) (conf *tls.Config, sum string, err error) {
	conf = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, "", fmt.Errorf("ca: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, "", fmt.Errorf("ca: there is no certificate in %s", c.CA)
		}
		digest := sha256.Sum256(pem)
		sum = hex.EncodeToString(digest[:])
	}
	if c.Fingerprint == "" {
		return conf, sum, nil
	}
	want, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(c.Fingerprint))
	if err != nil || len(want) != sha256.Size {
		return nil, "", errors.New("fingerprint: it is not the SHA-256 of a certificate, 64 hexadecimal digits")
	}
	// With a pin nobody need have signed the certificate, unless ca says who must
	// have.
	if c.CA == "" {
		conf.InsecureSkipVerify = true //nolint:gosec // VerifyConnection compares the certificate itself
	}
	conf.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return ErrFingerprint
		}
		have := sha256.Sum256(s.PeerCertificates[0].Raw)
		if subtle.ConstantTimeCompare(have[:], want) != 1 {
			return fmt.Errorf("%w: it is %s", ErrFingerprint, hex.EncodeToString(have[:]))
		}
		return nil
	}
	return conf, sum + " " + hex.EncodeToString(want), nil
}
