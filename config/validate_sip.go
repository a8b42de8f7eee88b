package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// listeners must be some, and not in each other's way.
func (c *validator) listeners() {
	sip := c.cfg.SIP
	if len(sip.UDP)+len(sip.TCP)+len(sip.TLS) == 0 && c.good("sip.udp", "sip.tcp", "sip.tls") {
		c.fail(c.written("sip.udp", "sip.tcp", "sip.tls"), "no address is left to listen on", `write at least one, such as udp: [":5060"]`)
	}
	c.apart([]string{"sip.udp"}, [][]string{sip.UDP})
	c.apart([]string{"sip.tcp", "sip.tls", "web.listen"}, [][]string{sip.TCP, sip.TLS, c.cfg.Web.Listen})
}

// apart checks that no two addresses of lists, all of one protocol, overlap.
func (c *validator) apart(paths []string, lists [][]string) {
	type taken struct {
		listen
		path, text string
	}
	var all []taken
	for i, list := range lists {
		for j, text := range list {
			path := fmt.Sprintf("%s[%d]", paths[i], j)
			l, err := parseListen(text)
			if err != nil || !c.good(path, paths[i]) {
				continue
			}
			for _, other := range all {
				if l.overlaps(other.listen) {
					c.fail(c.written(path, other.path), fmt.Sprintf("%s is in the way of %s of %s", text, other.text, other.path), "use another port, or keep one of them")
					break
				}
			}
			all = append(all, taken{l, path, text})
		}
	}
}

// certificate and key belong together and must be usable now.
func (c *validator) certificate() {
	c.pair("sip", c.cfg.SIP.Certificate, c.cfg.SIP.Key)
	c.pair("web", c.cfg.Web.Certificate, c.cfg.Web.Key)
}

func (c *validator) pair(section, cert, key string) {
	certPath, keyPath := section+".certificate", section+".key"
	switch {
	case cert == "" && key == "" || !c.good(certPath, keyPath) || !c.files:
		return
	case key == "":
		c.fail(certPath, "a certificate without its key", "write "+keyPath+" too, or remove both for one that Dialtone makes")
		return
	case cert == "":
		c.fail(keyPath, "a key without its certificate", "write "+certPath+" too, or remove both for one that Dialtone makes")
		return
	}
	certPEM := c.pem(certPath, cert, false)
	keyPEM := c.pem(keyPath, key, true)
	if certPEM == nil || keyPEM == nil {
		return
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		path, reason := certPath, strings.TrimPrefix(err.Error(), "tls: ")
		if strings.Contains(reason, "key") {
			path = keyPath
		}
		c.fail(path, reason, "both must be PEM files that belong together")
		return
	}
	c.validity(certPath, pair)
}

// pem reads one file of the pair, nil when it cannot.
func (c *validator) pem(path, name string, private bool) []byte {
	data, info, err := readRegular(name, maxFileBytes)
	if err != nil {
		p := fileProblem(err, maxFileBytes)
		c.fail(path, name+": "+p.reason, p.remedy)
		return nil
	}
	c.reads(name)
	if private && othersRead(info) {
		c.warn(path, name+" can be read by every user of this machine", "chmod 640 "+name)
	}
	return data
}

func (c *validator) validity(path string, pair tls.Certificate) {
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	now := time.Now()
	switch {
	case err != nil:
		c.fail(path, errors.Unwrap(err).Error(), "make a new certificate")
	case now.After(leaf.NotAfter):
		c.warn(path, "the certificate expired on "+leaf.NotAfter.Format(time.DateOnly), "renew it; phones will refuse it")
	case now.Before(leaf.NotBefore):
		c.warn(path, "the certificate is not valid before "+leaf.NotBefore.Format(time.DateOnly), "check the clock of this machine")
	}
}
