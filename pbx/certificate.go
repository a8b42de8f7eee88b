package pbx

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

// certificates holds the certificate that TLS phones are shown. A reload swaps
// it; connections that are up keep the old one.
type certificates struct {
	now  atomic.Pointer[tls.Certificate]
	data string // folder of the self-signed one
	// public is what web.acme has got for a name; it goes before the self-signed one.
	public func(name string) *tls.Certificate
	made   atomic.Bool // now is self-signed
}

func openCertificates(cfg *config.Config, data string, public func(name string) *tls.Certificate) (*certificates, error) {
	c := &certificates{data: data, public: public}
	return c, c.load(cfg)
}

// load reads the configured certificate, or the self-signed one, which is made
// when it is not there. On an error the certificate in use stays.
func (c *certificates) load(cfg *config.Config) error {
	if len(cfg.SIP.TLS) == 0 {
		return nil
	}
	cert, key := cfg.SIP.Certificate, cfg.SIP.Key
	if cert == "" {
		names, ips := identities(cfg)
		var err error
		if cert, key, err = sipedge.SelfSigned(c.data, names, ips); err != nil {
			return fmt.Errorf("self-signed certificate: %w", err)
		}
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", cert, key, err)
	}
	c.now.Store(&pair)
	c.made.Store(cfg.SIP.Certificate == "")
	return nil
}

// config is for listeners and for connections to phones.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c.made.Load() {
				if known := c.public(hello.ServerName); known != nil {
					return known, nil
				}
			}
			return c.now.Load(), nil
		},
	}
}

// identities are the names and addresses that a self-signed certificate is for.
func identities(cfg *config.Config) (names []string, ips []netip.Addr) {
	names = []string{cfg.SIP.Domain, "localhost"}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	if a := cfg.SIP.ExternalAddr(); a.IsValid() {
		ips = append(ips, a)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return names, ips
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			ips = append(ips, p.Addr())
		}
	}
	return names, ips
}
