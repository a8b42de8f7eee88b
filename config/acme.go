package config

import (
	"net/netip"
	"strings"
)

// LetsEncrypt is the directory that is asked when none is named.
const LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// ACME has an authority that browsers know sign the certificate for web.name (RFC 8555).
// Without agree, nobody is asked.
type ACME struct {
	// Agree is true when you agree to the terms of service of the authority.
	Agree bool `yaml:"agree,omitempty"`
	// Email is where the authority writes to when something is wrong with the certificate.
	Email string `yaml:"email,omitempty" format:"address"`
	// Directory is the address of the authority; without one, Let's Encrypt. To try,
	// https://acme-staging-v02.api.letsencrypt.org/directory gives certificates that
	// browsers do not know, and forgives many tries.
	Directory string `yaml:"directory,omitempty" format:"url"`
	// CA is a PEM file with who has signed the certificate of the directory itself, when
	// this machine does not know them: for an authority of your own.
	CA string `yaml:"ca,omitempty" path:"true" format:"file"`
	// HTTP is where the authority is shown on port 80 that web.name is this machine; who
	// comes there with a browser is sent to https. "" leaves that out: the authority has to
	// reach web.listen on port 443 then.
	HTTP string `yaml:"http,omitempty" format:"listen"`
}

// URL is the directory to ask.
func (a *ACME) URL() string {
	if a.Directory == "" {
		return LetsEncrypt
	}
	return a.Directory
}

// acme checks what an authority would refuse.
func (c *validator) acme() {
	const at = "web.acme"
	web := c.cfg.Web
	asked := web.ACME.Email != "" || web.ACME.Directory != "" || web.ACME.CA != ""
	if !web.ACME.Agree {
		if asked {
			c.fail(at, "an authority is asked for a certificate only when you agree to its terms", "read them, then write agree: true; those of Let's Encrypt are at https://letsencrypt.org/repository/")
		}
		return
	}
	_, notAddress := netip.ParseAddr(web.Name)
	switch {
	case !c.good("web.name"):
	case web.Name == "" || notAddress == nil || !strings.Contains(web.Name, "."):
		c.fail(at, "there is no name that an authority could sign for", "write web.name: a name in the public DNS that leads to this machine, such as pbx.example.com")
	case strings.HasSuffix(web.Name, ".local"), strings.HasSuffix(web.Name, ".lan"), strings.HasSuffix(web.Name, ".internal"):
		c.fail(at, web.Name+" is known in your own network only", "write a name in the public DNS into web.name, or do without web.acme")
	}
	if web.Certificate != "" {
		c.fail(at, "there is a certificate already", "remove web.certificate and web.key, or web.acme")
	}
	if d := web.ACME.Directory; d != "" && c.good(at+".directory") && !strings.HasPrefix(d, "https://") {
		c.fail(at+".directory", "an authority is asked by https only", "write https://")
	}
}
