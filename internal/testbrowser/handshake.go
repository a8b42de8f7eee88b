package testbrowser

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/srtp/v3"
)

// run connects, shakes hands and reads until the end.
func (b *Browser) run(d description) error {
	begin := b.agent.Dial
	if d.controls {
		begin = b.agent.Accept
	}
	conn, err := begin(b.ctx, d.ufrag, d.pwd)
	if err != nil {
		return fmt.Errorf("ICE: %w", err)
	}
	b.mu.Lock()
	b.conn = conn
	b.mu.Unlock()
	b.loop.Go(func() { b.read(conn) })
	dc, err := b.start(conn, d)
	if err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	b.mu.Lock()
	b.dtls = dc
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := dc.HandshakeContext(ctx); err != nil {
		_ = dc.Close()
		return fmt.Errorf("DTLS: %w", err)
	}
	if err := b.key(dc, d.setup != "active"); err != nil {
		return err
	}
	b.up <- nil
	return nil
}

// start makes its side of the handshake.
func (b *Browser) start(conn net.Conn, d description) (*dtls.Conn, error) {
	cert := b.cert
	if b.Lie {
		var err error
		if cert, err = selfsign.GenerateSelfSigned(); err != nil {
			return nil, err
		}
	}
	common := []dtls.Option{
		dtls.WithCertificates(cert), dtls.WithInsecureSkipVerify(true), dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithLoggerFactory(quiet()), dtls.WithFlightInterval(100 * time.Millisecond),
		dtls.WithSRTPProtectionProfiles(b.Profiles...),
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			if have := printOf(b.tb, tls.Certificate{Certificate: raw}); !strings.EqualFold(have, d.fingerprint) {
				return errors.New("another certificate than the description names")
			}
			return nil
		}),
	}
	if d.setup == "active" {
		server := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert)}
		for _, o := range common {
			server = append(server, o)
		}
		return dtls.ServerWithOptions(pipe{b, conn}, conn.RemoteAddr(), server...)
	}
	var client []dtls.ClientOption
	for _, o := range common {
		client = append(client, o)
	}
	return dtls.ClientWithOptions(pipe{b, conn}, conn.RemoteAddr(), client...)
}

// key takes the keys of the handshake.
func (b *Browser) key(dc *dtls.Conn, client bool) error {
	profile, ok := dc.SelectedSRTPProtectionProfile()
	state, ok2 := dc.ConnectionState()
	if !ok || !ok2 {
		return errors.New("DTLS agreed on no SRTP")
	}
	config := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := config.ExtractSessionKeysFromDTLS(&state, client); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var err, err2 error
	b.out, err = srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, config.Profile)
	b.in, err2 = srtp.CreateContext(config.Keys.RemoteMasterKey, config.Keys.RemoteMasterSalt, config.Profile, srtp.SRTPReplayProtection(64))
	return errors.Join(err, err2)
}

// pipe is the network as DTLS sees it.
type pipe struct {
	b    *Browser
	conn net.Conn
}

func (p pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.b.dtlsIn.Read(b)
	return n, p.conn.RemoteAddr(), err
}

func (p pipe) WriteTo(b []byte, _ net.Addr) (int, error) { return p.conn.Write(b) }
func (p pipe) Close() error                              { return nil }
func (p pipe) LocalAddr() net.Addr                       { return p.conn.LocalAddr() }
func (p pipe) SetDeadline(t time.Time) error             { return p.b.dtlsIn.SetReadDeadline(t) }
func (p pipe) SetReadDeadline(t time.Time) error         { return p.b.dtlsIn.SetReadDeadline(t) }
func (pipe) SetWriteDeadline(time.Time) error            { return nil }

func printOf(tb testing.TB, c tls.Certificate) string {
	tb.Helper()
	parsed, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		tb.Fatal(err)
	}
	text, err := fingerprint.Fingerprint(parsed, crypto.SHA256)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// Show makes it show a certificate, which its descriptions name from now on.
func (b *Browser) Show(c tls.Certificate) {
	b.tb.Helper()
	b.cert, b.print = c, printOf(b.tb, c)
}

// Certificate is the one that it shows.
func (b *Browser) Certificate() tls.Certificate { return b.cert }
