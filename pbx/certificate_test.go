package pbx

import (
	"bytes"
	"crypto/tls"
	"testing"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

// A reload may take the certificate out of the configuration again.
func TestCertificateOfOnesOwnIsTakenBack(t *testing.T) {
	cfg := config.Default()
	cfg.SIP.TLS = []string{"127.0.0.1:0"}
	public := &tls.Certificate{}
	var err error
	if cfg.SIP.Certificate, cfg.SIP.Key, err = sipedge.SelfSigned(t.TempDir(), []string{"pbx.example"}, nil); err != nil {
		t.Fatal(err)
	}
	c, err := openCertificates(&cfg, t.TempDir(), func(name string) *tls.Certificate {
		if name == "known.example.com" {
			return public
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	own := c.now.Load().Certificate[0]
	shown := func(name string) *tls.Certificate {
		t.Helper()
		got, err := c.config().GetCertificate(&tls.ClientHelloInfo{ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if shown("known.example.com") == public {
		t.Error("the certificate of web.acme is shown in place of one's own")
	}
	cfg.SIP.Certificate, cfg.SIP.Key = "", ""
	if err := c.load(&cfg); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(c.now.Load().Certificate[0], own) {
		t.Error("the old certificate is still shown")
	}
	if shown("known.example.com") != public || shown("other.example.com") == public {
		t.Error("phones are not shown the certificate that a public authority has signed, for its name only")
	}
}
