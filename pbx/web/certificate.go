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
// own authority; and what an authority that browsers know has signed for web.name.
type certificates struct {
	acme   *acme
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
	c := &certificates{acme: newACME(folder, cfg, log), folder: folder, cfg: cfg, log: log}
	if len(cfg().Web.Listen) == 0 {
		return c, nil
	}
	return c, c.load()
}

// load reads the configured certificate, or makes one when ours does not do.
func (c *certificates) load() error {
	c.acme.look()
	return c.make()
}

// make makes what load has not found on the disk.
func (c *certificates) make() error {
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
	var age aging
	for {
		if shown := c.now.Load(); shown != nil && c.cfg().Web.Certificate != "" {
			age.look(shown.Leaf, time.Now(), c.log)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		if c.cfg().Web.Certificate != "" {
			continue // a change of the file is a reload
		}
		if err := c.make(); err != nil {
			c.log.Error("browsers are still shown the old certificate", "error", err)
		}
	}
}

func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return c.shownTo(hello.ServerName), nil },
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if proof := c.acme.challenged(hello); proof != nil {
				return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*proof}, NextProtos: []string{alpn}}, nil
			}
			return nil, nil //nolint:nilnil // that is how crypto/tls is told that all stays
		},
	}
}

// shownTo is the certificate for who asks for a name. Who asks for an address says none.
func (c *certificates) shownTo(name string) *tls.Certificate {
	if public := c.acme.certificate(name); public != nil {
		return public
	}
	return c.now.Load().Certificate
}

// known says whether browsers know who has signed what they are shown for a name, without
// having been told.
func (c *certificates) known(name string) bool {
	return c.authority() == nil || c.acme.certificate(name) != nil
}

// authority is who signed what browsers are shown; nil when that was configured.
func (c *certificates) authority() *authority {
	if now := c.now.Load(); now != nil {
		return now.authority
	}
	return nil
}
