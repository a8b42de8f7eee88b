package pbx

import (
	"bytes"
	"testing"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

// A reload may take the certificate out of the configuration again.
func TestCertificateOfOnesOwnIsTakenBack(t *testing.T) {
	cfg := config.Default()
	cfg.SIP.TLS = []string{"127.0.0.1:0"}
	var err error
	if cfg.SIP.Certificate, cfg.SIP.Key, err = sipedge.SelfSigned(t.TempDir(), []string{"pbx.example"}, nil); err != nil {
		t.Fatal(err)
	}
	c, err := openCertificates(&cfg, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	own := c.now.Load().Certificate[0]
	cfg.SIP.Certificate, cfg.SIP.Key = "", ""
	if err := c.load(&cfg); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(c.now.Load().Certificate[0], own) {
		t.Error("the old certificate is still shown")
	}
}
