package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"dialtone/config"
)

// lookAgain is how often it is looked whether our certificate has to be another one: it
// gets old, and machines get other addresses.
const lookAgain = time.Minute

// certificates hold the one that browsers are shown: the configured one, else one by our
// own authority.
type certificates struct {
	folder string
	cfg    func() *config.Config
	log    *slog.Logger
	now    atomic.Pointer[shown]
}

type shown struct {
	*tls.Certificate
	authority *authority // whose it is; nil for a configured one
}

func openCertificates(folder string, cfg func() *config.Config, log *slog.Logger) (*certificates, error) {
	c := &certificates{folder: folder, cfg: cfg, log: log}
	if len(cfg().Web.Listen) == 0 {
		return c, nil
	}
	return c, c.load()
}

// load reads the configured certificate, or makes one when ours does not do.
func (c *certificates) load() error {
	web := c.cfg().Web
	if len(web.Listen) == 0 {
		return nil
	}
	if web.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(web.Certificate, web.Key)
		if err != nil {
			return fmt.Errorf("web.certificate %s with web.key %s: %w", web.Certificate, web.Key, err)
		}
		c.now.Store(&shown{Certificate: &pair})
		return nil
	}
	a, err := openAuthority(c.folder)
	if err != nil {
		return err
	}
	names, ips := identities(c.cfg())
	leaf, err := a.kept(c.folder)
	if err != nil || !does(leaf.Leaf, names, ips) {
		if leaf, err = a.issue(c.folder, names, ips); err != nil {
			return err
		}
		c.log.Debug("certificate made for the web phone", "names", names, "addresses", ips)
	}
	c.now.Store(&shown{leaf, a})
	return nil
}

// does says whether a certificate is for all of these and not too old. An address of IPv6
// that it lacks does not count: machines change theirs every day.
func does(leaf *x509.Certificate, names []string, ips []netip.Addr) bool {
	return time.Until(leaf.NotAfter) > renewBefore &&
		!slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(leaf.DNSNames, n) }) &&
		!slices.ContainsFunc(ips, func(ip netip.Addr) bool {
			return ip.Is4() && !slices.ContainsFunc(leaf.IPAddresses, func(have net.IP) bool { return have.Equal(ip.AsSlice()) })
		})
}

// run keeps our certificate good until ctx ends.
func (c *certificates) run(ctx context.Context) {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		if c.cfg().Web.Certificate != "" {
			continue // a change of the file is a reload
		}
		if err := c.load(); err != nil {
			c.log.Error("browsers are still shown the old certificate", "error", err)
		}
	}
}

func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load().Certificate, nil },
	}
}

// authority is who signed what browsers are shown; nil when that was configured.
func (c *certificates) authority() *authority {
	if now := c.now.Load(); now != nil {
		return now.authority
	}
	return nil
}
