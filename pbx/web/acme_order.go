package web

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"time"

	rfc8555 "golang.org/x/crypto/acme"

	"dialtone/config"
)

// alpn is the protocol by which an authority asks (RFC 8737 §3).
const alpn = rfc8555.ALPNProto

var notInNames = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// folderOf is where what belongs to a directory is kept.
func folderOf(directory string) string {
	u, err := url.Parse(directory)
	if err != nil {
		return "other"
	}
	return notInNames.ReplaceAllString(u.Host+u.Path, "_")
}

// order has the certificate made, and proves by one kind of challenge that the name is ours.
func (a *acme) order(ctx context.Context, web *config.Web, kind string) (*signed, error) {
	client, done, err := a.client(web)
	if err != nil {
		return nil, err
	}
	defer done()
	account := &rfc8555.Account{}
	if web.ACME.Email != "" {
		account.Contact = []string{"mailto:" + web.ACME.Email}
	}
	if _, err := client.Register(ctx, account, rfc8555.AcceptTOS); err != nil && !errors.Is(err, rfc8555.ErrAccountAlreadyExists) {
		return nil, err
	}
	o, err := client.AuthorizeOrder(ctx, rfc8555.DomainIDs(web.Name))
	if err != nil {
		return nil, err
	}
	for _, at := range o.AuthzURLs {
		if err := a.prove(ctx, client, at, kind, web.Name); err != nil {
			return nil, err
		}
	}
	if _, err = client.WaitOrder(ctx, o.URI); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{web.Name}}, key)
	if err != nil {
		return nil, err
	}
	chain, _, err := client.CreateCertFromOrder(ctx, o, request, true)
	if err != nil {
		return nil, err
	}
	return a.keep(web, key, chain)
}

// prove answers one challenge.
func (a *acme) prove(ctx context.Context, client *rfc8555.Client, at, kind, name string) error {
	z, err := client.GetAuthorization(ctx, at)
	if err != nil || z.Status == rfc8555.StatusValid { // proven not long ago
		return err
	}
	for _, c := range z.Challenges {
		if c.Type != kind {
			continue
		}
		withdraw, err := a.answer(client, c, name)
		if err != nil {
			return err
		}
		defer withdraw()
		if _, err := client.Accept(ctx, c); err != nil {
			return err
		}
		_, err = client.WaitAuthorization(ctx, z.URI)
		return err
	}
	return fmt.Errorf("the authority does not offer the challenge %s", kind)
}

// answer gets the answer to a challenge ready.
func (a *acme) answer(client *rfc8555.Client, c *rfc8555.Challenge, name string) (withdraw func(), err error) {
	if c.Type == "http-01" {
		text, err := client.HTTP01ChallengeResponse(c.Token)
		if err != nil {
			return nil, err
		}
		a.door.answer(client.HTTP01ChallengePath(c.Token), text)
		return func() { a.door.answer("", "") }, nil
	}
	proof, err := client.TLSALPN01ChallengeCert(c.Token, name)
	if err != nil {
		return nil, err
	}
	a.proof.Store(&proof)
	return func() { a.proof.Store(nil) }, nil
}

// client is one of an authority, with the account that we have there.
func (a *acme) client(web *config.Web) (client *rfc8555.Client, done func(), err error) {
	key, err := a.accountKey(filepath.Join(a.place(web), "account.pem"))
	if err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 20 * time.Second, ResponseHeaderTimeout: time.Minute, ForceAttemptHTTP2: true}
	if web.ACME.CA != "" {
		roots, err := os.ReadFile(web.ACME.CA)
		if err != nil {
			return nil, nil, fmt.Errorf("web.acme.ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(roots) {
			return nil, nil, fmt.Errorf("web.acme.ca: %s has no certificate in PEM", web.ACME.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &rfc8555.Client{Key: key, DirectoryURL: web.ACME.URL(), HTTPClient: &http.Client{Transport: transport, Timeout: 2 * time.Minute}, UserAgent: "dialtone"},
		transport.CloseIdleConnections, nil
}

// accountKey is that of our account, which is made at the first order.
func (a *acme) accountKey(file string) (crypto.Signer, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, writePrivate(file, encodePEM("PRIVATE KEY", der))
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s is no key; remove it to have another account made", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s is no key; remove it to have another account made", file)
	}
	return signer, nil
}

// keep writes a certificate with its key, in one file: they change together.
func (a *acme) keep(web *config.Web, key *ecdsa.PrivateKey, chain [][]byte) (*signed, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := encodePEM("PRIVATE KEY", der)
	for _, one := range chain {
		text = append(text, encodePEM("CERTIFICATE", one)...)
	}
	if err := writePrivate(filepath.Join(a.place(web), web.Name+".pem"), text); err != nil {
		return nil, fmt.Errorf("keep a certificate: %w", err)
	}
	got := a.kept(web)
	if got == nil {
		return nil, errors.New("what the authority has signed is not a certificate for " + web.Name + " that is good now; look at the clock of this machine")
	}
	return got, nil
}
