package web

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dialtone/config"
)

const (
	authorityYears = 10
	leafDays       = 365 // browsers refuse more than 398
	renewBefore    = 30 * 24 * time.Hour
	clockSlack     = time.Hour
)

// authority signs the certificate that browsers are shown. Its own is ca.pem, which people
// import once; the key never leaves the folder.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
}

// openAuthority reads the authority, or makes it.
func openAuthority(folder string) (*authority, error) {
	certFile, keyFile := filepath.Join(folder, "ca.pem"), filepath.Join(folder, "ca-key.pem")
	if _, err := os.Stat(certFile); errors.Is(err, fs.ErrNotExist) {
		if err := makeAuthority(certFile, keyFile); err != nil {
			return nil, fmt.Errorf("make a certificate authority: %w", err)
		}
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate authority %s with %s: %w; remove both to have another one made, which everybody has to import again", certFile, keyFile, err)
	}
	a := &authority{pem: encodePEM("CERTIFICATE", pair.Certificate[0])}
	if a.certificate, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
		return nil, fmt.Errorf("certificate authority %s: %w", certFile, err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !a.certificate.IsCA {
		return nil, fmt.Errorf("certificate authority %s: it cannot sign", certFile)
	}
	a.key = key
	return a, nil
}

func makeAuthority(certFile, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // for people, to tell one from another
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Dialtone on " + host, Organization: []string{"Dialtone"}},
		NotBefore: now.Add(-clockSlack), NotAfter: now.AddDate(authorityYears, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	// The key first: without a certificate, both are made again.
	if err := writePrivate(keyFile, encodePEM("PRIVATE KEY", private)); err != nil {
		return err
	}
	return writePrivate(certFile, encodePEM("CERTIFICATE", der))
}

// issue makes a certificate for names and addresses, and keeps it in the folder: who has
// told a browser to trust it without the authority is not to be asked again at each start.
func (a *authority) issue(folder string, names []string, ips []netip.Addr) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: names[0], Organization: []string{"Dialtone"}},
		NotBefore: now.Add(-clockSlack), NotAfter: now.AddDate(0, 0, leafDays),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: names,
	}
	if template.NotAfter.After(a.certificate.NotAfter) {
		template.NotAfter = a.certificate.NotAfter
	}
	for _, ip := range ips {
		template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	certFile, keyFile := leafFiles(folder)
	if err := errors.Join(writePrivate(keyFile, encodePEM("PRIVATE KEY", private)), writePrivate(certFile, append(encodePEM("CERTIFICATE", der), a.pem...))); err != nil {
		return nil, fmt.Errorf("keep a certificate: %w", err)
	}
	return a.kept(folder)
}

// kept is the certificate that issue has kept; an error when there is none by a.
func (a *authority) kept(folder string) (*tls.Certificate, error) {
	certFile, keyFile := leafFiles(folder)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return &pair, pair.Leaf.CheckSignatureFrom(a.certificate)
}

func leafFiles(folder string) (cert, key string) {
	return filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // the system has no randomness, see crypto/rand
	}
	return n
}

// identities are the names and addresses by which browsers may reach this machine.
func identities(cfg *config.Config) (names []string, ips []netip.Addr) {
	add := func(name string) {
		if ip, err := netip.ParseAddr(name); err == nil {
			ips = append(ips, ip)
		} else if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(cfg.Web.Name)
	host, _ := os.Hostname()
	add(host)
	if host != "" {
		add(host + ".local")
	}
	add(cfg.SIP.Domain)
	add("localhost")
	if a := cfg.SIP.ExternalAddr(); a.IsValid() {
		ips = append(ips, a)
	}
	addrs, _ := net.InterfaceAddrs() // the names are enough then
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			ips = append(ips, p.Addr().WithZone(""))
		}
	}
	slices.SortFunc(ips, netip.Addr.Compare)
	return names, slices.Compact(ips)
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// writePrivate writes a file that only we can read, in whole or not at all, and its folder.
func writePrivate(name string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
