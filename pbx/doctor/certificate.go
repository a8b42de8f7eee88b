package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const soonOver = 14 * 24 * time.Hour

// certificate is what browsers will say to the one that they are shown.
func (p *patient) certificate(ctx context.Context) []Finding {
	at := p.web()
	if len(at) == 0 {
		if len(p.cfg.Web.Listen) == 0 {
			return []Finding{skipped("the web phone is off (web.listen is empty)", "")}
		}
		return []Finding{problem("the web phone cannot be reached: nothing of web.listen is ours", "see above, at ports")}
	}
	name := p.browserName(at[0])
	chain, err := shown(ctx, at[0], name)
	if err != nil {
		return []Finding{problem(fmt.Sprintf("no TLS with the web phone at %v: %v", at[0], err), "look into the log of the server")}
	}
	out := p.judge(chain, name, at[0])
	if f, stale := p.stale(chain[0]); stale {
		out = append(out, f)
	}
	return append(out, p.acme()...)
}

// browserName is what people type into their browsers.
func (p *patient) browserName(at netip.AddrPort) string {
	if p.check.Name != "" {
		return p.check.Name
	}
	bound, err := netip.ParseAddrPort(p.check.Web[0])
	if own := ownAddresses(); err == nil && bound.Addr().IsUnspecified() && len(own) > 0 {
		return own[0].String()
	}
	return at.Addr().String()
}

// shown are the certificates that who asks for a name gets.
func shown(ctx context.Context, at netip.AddrPort, name string) ([]*x509.Certificate, error) {
	d := tls.Dialer{Config: &tls.Config{ServerName: name, InsecureSkipVerify: true}} // it is judged below
	c, err := d.DialContext(ctx, "tcp", at.String())
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	conn, ok := c.(*tls.Conn)
	if !ok || len(conn.ConnectionState().PeerCertificates) == 0 {
		return nil, errors.New("no certificate was shown")
	}
	return conn.ConnectionState().PeerCertificates, nil
}

// judge says what browsers say.
func (p *patient) judge(chain []*x509.Certificate, name string, at netip.AddrPort) []Finding {
	leaf, now := chain[0], time.Now()
	switch {
	case now.After(leaf.NotAfter):
		return []Finding{problem("the certificate expired on "+leaf.NotAfter.Format(time.DateOnly)+": browsers refuse it", p.renew())}
	case now.Before(leaf.NotBefore):
		return []Finding{problem("the certificate is good only from "+leaf.NotBefore.Format(time.DateTime)+" on", "look at the clock of this machine")}
	}
	if err := leaf.VerifyHostname(name); err != nil {
		return []Finding{problem(fmt.Sprintf("the certificate is for %s, not for %s: browsers refuse it", strings.Join(namesOf(leaf), ", "), name),
			"write the name by which people come into web.name, and use a certificate for it")}
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Intermediates: between, DNSName: name})
	switch {
	case err == nil && leaf.NotAfter.Sub(now) < soonOver && leaf.NotAfter.Sub(now) < leaf.NotAfter.Sub(leaf.NotBefore)/4:
		return []Finding{warning("the certificate runs out on "+leaf.NotAfter.Format(time.DateOnly), p.renew())}
	case err == nil:
		return []Finding{ok(fmt.Sprintf("browsers trust the certificate for %s, until %s", name, leaf.NotAfter.Format(time.DateOnly)))}
	case p.ours(leaf):
		return []Finding{warning("browsers warn of the certificate until they know the authority of this Dialtone",
			fmt.Sprintf("import it once on each device, https://%s/certificate says how; or set web.acme for a public name", hostPort(name, at.Port())))}
	case len(chain) == 1 && !bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		return []Finding{problem(fmt.Sprintf("the chain is not complete: the certificate was signed by %q, and that one is not shown", leaf.Issuer.CommonName),
			"web.certificate has to be the file with the whole chain (fullchain.pem)")}
	case bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		return []Finding{problem("the certificate is signed by itself: browsers warn of it, and so do phones", "use one by an authority, or none: Dialtone makes one of its own")}
	}
	return []Finding{warning(fmt.Sprintf("this machine does not know who has signed the certificate, %q: %v", chain[len(chain)-1].Issuer.CommonName, err),
		"when it is an authority of your own, it has to be imported on each device")}
}

// ours says whether the authority in the data folder has signed a certificate.
func (p *patient) ours(leaf *x509.Certificate) bool {
	text, err := os.ReadFile(filepath.Join(p.Data, "web", "ca.pem"))
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return p.check.Certificate.Source == "own"
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: pool})
	return err == nil
}

// stale says whether the file has another certificate than the one that is shown.
func (p *patient) stale(leaf *x509.Certificate) (f Finding, stale bool) {
	w := p.cfg.Web
	if w.Certificate == "" {
		return f, false
	}
	pair, err := tls.LoadX509KeyPair(w.Certificate, w.Key)
	switch {
	case err != nil:
		return problem(fmt.Sprintf("web.certificate %s with web.key %s cannot be used: %v; browsers are shown an older one", w.Certificate, w.Key, err), "both must be PEM files that belong together; the server reads them again by itself"), true
	case !bytes.Equal(pair.Certificate[0], leaf.Raw):
		return warning("browsers are shown another certificate than the one in "+w.Certificate, "dialtone ctl reload"), true
	}
	return f, false
}

// acme says why there is no certificate by a public authority.
func (p *patient) acme() []Finding {
	c := p.check.Certificate
	switch {
	case !c.Asked:
		return nil
	case c.Why != "":
		return []Finding{problem("no certificate by a public authority: "+c.Why, fmt.Sprintf("%s (tried again %s, or by: dialtone ctl reload)", c.Do, c.Next.Local().Format("2006-01-02 15:04")))}
	case c.Source != "acme":
		return []Finding{warning("a public authority is being asked for a certificate", "wait a minute, then ask again")}
	}
	return []Finding{ok("the certificate is renewed by itself (web.acme); it is good until " + c.Until.Local().Format(time.DateOnly))}
}

func (p *patient) renew() string {
	switch p.check.Certificate.Source {
	case "file":
		return "renew " + p.cfg.Web.Certificate + "; the server takes the new one by itself"
	case "acme":
		return "see below why it was not renewed"
	}
	return "look into the log of the server: it renews its certificate by itself"
}

func namesOf(leaf *x509.Certificate) []string {
	all := append([]string{}, leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return []string{"nobody"}
	}
	return all
}

func hostPort(host string, port uint16) string {
	if a, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(a, port).String()
	}
	if port == 443 {
		return host
	}
	return fmt.Sprintf("%s:%d", host, port)
}
