package webrtc

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"

	"dialtone/media/rtp"
)

const (
	// flight is after how long a part of the handshake is sent again, at first.
	flight = 250 * time.Millisecond
	// lingers is for how long the far side may repeat its part of the handshake.
	lingers = 30 * time.Second
)

// association is DTLS with the far side: a handshake that gives keys for SRTP, and then
// nothing but its end. One goroutine runs the handshake; what is left then needs none.
type association struct {
	conn   *Conn
	peer   Peer
	ctx    context.Context //nolint:containedctx // is the life of run
	cancel context.CancelFunc

	// conn.mu guards these.
	wire  *pipe      // of the handshake; nil after it
	after *aftermath // nil before it is over
	up    bool       // keys were agreed on
	since time.Time  // when
}

func newAssociation(c *Conn, p Peer) *association {
	a := &association{conn: c, peer: p, wire: newPipe(c)}
	a.ctx, a.cancel = context.WithCancel(c.hub.ctx)
	return a
}

// take gets a datagram of the far side; conn.mu is held.
func (a *association) take(b []byte) {
	if a.after != nil {
		a.heard(b)
	} else if a.wire != nil {
		a.wire.take(b)
	}
}

// stage is how far a has come, which may not have begun; conn.mu is held.
func (a *association) stage(now time.Time) stage {
	switch {
	case a == nil || !a.up:
		return shaking
	case now.Sub(a.since) < lingers:
		return keyed
	default:
		return settled
	}
}

// abandon ends it with a goodbye; conn.mu is held.
func (a *association) abandon() {
	a.cancel()
	if a.after != nil {
		a.part()
	}
}

func (a *association) run() {
	defer a.cancel()
	wire := a.wire
	defer wire.in.Close() //nolint:errcheck // never fails
	conn, err := a.agree(wire)
	if err == nil {
		a.settle(conn, wire)
		return
	}
	if conn != nil {
		_ = conn.Close() // nobody to tell
	}
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	if a.conn.dtls == a && a.ctx.Err() == nil {
		a.conn.fail(fmt.Errorf("%w: %w", ErrHandshake, err))
	}
}

// agree makes the handshake and hands its keys to the port.
func (a *association) agree(wire *pipe) (*dtls.Conn, error) {
	ctx, stop := context.WithTimeout(a.ctx, a.conn.hub.SetUp)
	defer stop()
	conn, err := a.start(wire)
	if err != nil {
		return nil, fmt.Errorf("DTLS: %w", err)
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		return conn, fmt.Errorf("DTLS: %w", err)
	}
	keys, err := a.keys(conn)
	if err != nil {
		return conn, err
	}
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	if a.conn.dtls != a {
		return conn, nil
	}
	a.up, a.since = true, time.Now()
	a.conn.hub.Log.Debug("browser connected", "suite", keys.Suite, "after", time.Since(a.conn.since).Round(time.Millisecond))
	return conn, a.conn.port.SetKeys(keys)
}

// start makes our side of the handshake.
func (a *association) start(wire *pipe) (*dtls.Conn, error) {
	if a.peer.Client {
		var options []dtls.ClientOption
		for _, o := range a.options() {
			options = append(options, o)
		}
		return dtls.ClientWithOptions(wire, wire.LocalAddr(), options...)
	}
	options := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert)}
	for _, o := range a.options() {
		options = append(options, o)
	}
	return dtls.ServerWithOptions(wire, wire.LocalAddr(), options...)
}

// options are those of the handshake. Ciphers whose keys can be found later are not
// among them.
func (a *association) options() []dtls.Option {
	return []dtls.Option{
		dtls.WithCertificates(a.conn.hub.certificate),
		dtls.WithCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithInsecureSkipVerify(true), // the fingerprint says who it is, not a name
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithFlightInterval(flight),
		dtls.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}),
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			return vouched(a.peer.Fingerprints, raw, time.Now())
		}),
	}
}

// keys are those for SRTP (RFC 5764 §4.2): of the client, of the server, then the salts.
func (a *association) keys(conn *dtls.Conn) (rtp.Crypto, error) {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	if !ok {
		return rtp.Crypto{}, errors.New("DTLS: the far side wants no SRTP")
	}
	suite, key, salt := "AEAD_AES_128_GCM", 16, 12
	switch profile {
	case dtls.SRTP_AEAD_AES_128_GCM:
	case dtls.SRTP_AEAD_AES_256_GCM:
		suite, key = "AEAD_AES_256_GCM", 32
	case dtls.SRTP_AES128_CM_HMAC_SHA1_80:
		suite, salt = "AES_CM_128_HMAC_SHA1_80", 14
	default:
		return rtp.Crypto{}, fmt.Errorf("DTLS: protection profile %v was not offered", profile)
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return rtp.Crypto{}, errors.New("DTLS: the handshake has no outcome")
	}
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(key+salt))
	if err != nil {
		return rtp.Crypto{}, fmt.Errorf("DTLS: keys for SRTP: %w", err)
	}
	side := func(n int) []byte {
		master := append([]byte(nil), b[n*key:(n+1)*key]...)
		return append(master, b[2*key+n*salt:2*key+(n+1)*salt]...)
	}
	c := rtp.Crypto{Suite: suite, LocalMaster: side(1), RemoteMaster: side(0)}
	if a.peer.Client {
		c.LocalMaster, c.RemoteMaster = c.RemoteMaster, c.LocalMaster
	}
	return c, nil
}
