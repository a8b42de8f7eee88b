package webrtc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/pion/dtls/v3"

	"dialtone/internal/testbrowser"
)

// Each of the ciphers, whoever opens the association.
func TestCiphers(t *testing.T) {
	b := newBed(t)
	for _, profile := range []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80} {
		for _, setup := range []string{"actpass", "passive"} {
			t.Run(fmt.Sprintf("%#x %s", uint16(profile), setup), func(t *testing.T) {
				c, br := b.open(), testbrowser.New(t)
				br.Profiles, br.Setup = []dtls.SRTPProtectionProfile{profile}, setup
				client := setup == "passive"
				c.Connect(peerOf(br.Offer("sendrecv"), client))
				br.Take(describe(c, map[bool]string{true: "active", false: "passive"}[client]))
				br.Up()
				until(t, "keys", func() bool { return c.Port().Stats().Encrypted })
				b.heard(c, br)
				c.Port().Write(c.Port().Formats()[1], make([]byte, 160), 160, false)
				br.Receive()
			})
		}
	}
}

// Those that are weak are no way in.
func TestWeakCiphersAreRefused(t *testing.T) {
	b := newBed(t)
	c, br := b.open(), testbrowser.New(t)
	br.Profiles = []dtls.SRTPProtectionProfile{dtls.SRTP_NULL_HMAC_SHA1_80, dtls.SRTP_AES128_CM_HMAC_SHA1_32}
	failed := make(chan error, 1)
	c.OnFailure(func(err error) { failed <- err })
	c.Connect(peerOf(br.Offer("sendrecv"), false))
	br.Take(describe(c, "passive"))
	if err := br.Outcome(); err == nil {
		t.Error("the browser believes that it is connected")
	}
	if err := await(t, failed); !errors.Is(err, ErrHandshake) || c.Port().Stats().Encrypted {
		t.Errorf("failed with %v", err)
	}
}

// certificateUntil is one of a browser.
func certificateUntil(tb testing.TB, end time.Time) tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.Add(-30 * 24 * time.Hour), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A certificate that has expired is refused, although its fingerprint is right; clocks may
// differ by a day.
func TestExpiredCertificateOfBrowser(t *testing.T) {
	for _, c := range []struct {
		name string
		end  time.Duration
		want string
	}{
		{"long ago", -48 * time.Hour, "has expired on"},
		{"an hour ago", -time.Hour, ""},
		{"in an hour", time.Hour, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBed(t)
			conn, br := b.open(), testbrowser.New(t)
			failed := make(chan error, 1)
			conn.OnFailure(func(err error) { failed <- err })
			br.Show(certificateUntil(t, time.Now().Add(c.end)))
			conn.Connect(peerOf(br.Offer("sendrecv"), false))
			br.Take(describe(conn, "passive"))
			if c.want == "" {
				br.Up()
				b.heard(conn, br)
				return
			}
			if err := await(t, failed); !errors.Is(err, ErrHandshake) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("failed with %v", err)
			}
		})
	}
}

// The same certificate with another name of the association (RFC 8842 §4) means another
// handshake; without, the one in force stays.
func TestNewAssociationByName(t *testing.T) {
	b := newBed(t)
	c, br := b.open(), testbrowser.New(t)
	first := peerOf(br.Offer("sendrecv"), false)
	first.TLSID = "aaaaaaaaaaaaaaaaaaaa"
	c.Connect(first)
	br.Take(describe(c, "passive"))
	br.Up()
	association := func() *association { c.mu.Lock(); defer c.mu.Unlock(); return c.dtls }
	before := association()
	c.Connect(first)
	if association() != before {
		t.Fatal("the same again begins anew")
	}
	again := testbrowser.New(t)
	again.Show(br.Certificate())
	second := peerOf(again.Offer("sendrecv"), false)
	second.TLSID = "bbbbbbbbbbbbbbbbbbbb"
	c.Restart()
	c.Connect(second)
	again.Take(describe(c, "passive"))
	again.Up()
	b.heard(c, again)
}

// One of three datagrams to the browser is lost: its part and ours of the handshake are
// repeated. None is longer than what goes through any tunnel.
func TestHandshakeOverALossyNetwork(t *testing.T) {
	b := newBed(t, full)
	c, br := b.open(), testbrowser.New(t)
	n := newNAT(t, c.Local(), false)
	n.lossy = true
	c.Connect(fullPeer(t, n, br.Offer("sendrecv"), false, true))
	br.Take(outside(c, "passive", addressOf(n.common)))
	br.Up()
	b.heard(c, br)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.largest < 300 || n.largest > 1200 {
		t.Errorf("the longest datagram of the handshake has %d bytes", n.largest)
	}
}

// Who has not shown credentials gets no byte for a handshake, so nobody can have us send
// it to somebody else.
func TestHandshakeIsNotAnsweredBeforeCredentials(t *testing.T) {
	b := newBed(t)
	c := b.open()
	c.Connect(Peer{Fingerprints: []Fingerprint{{"sha-256", "00"}}})
	l := c.Describe(loopback)
	s := newStranger(t, c.Local())
	hello := record(kindHandshake, 0, clientHello()...)
	if !shaking.believable(hello) {
		t.Fatal("the hello is none")
	}
	for range 20 {
		s.send(t, hello)
	}
	s.send(t, request(l.Ufrag, l.Pwd))
	var buf [2000]byte
	if n, err := s.Read(buf[:]); err != nil || binary.BigEndian.Uint16(buf[:n]) != bindingSuccess {
		t.Fatalf("the first answer is %x, %v", buf[:n], err)
	}
	s.send(t, hello) // now it is the far side's
	if n, err := s.Read(buf[:]); err != nil || buf[0] != kindHandshake || n > len(hello)+100 {
		t.Fatalf("the answer to the handshake is %x, %v", buf[:n], err)
	}
}

// clientHello is one of DTLS 1.2, with what it takes to be answered.
func clientHello() []byte {
	be := binary.BigEndian
	body := append([]byte{254, 253}, make([]byte, 32)...) // version, random
	body = append(body, 0, 0)                             // no session, no cookie
	body = append(body, 0, 2, 0xc0, 0x2b, 1, 0)           // ECDHE-ECDSA-AES128-GCM-SHA256, no compression
	extensions := []byte{
		0, 10, 0, 4, 0, 2, 0, 23, // curves
		0, 13, 0, 4, 0, 2, 4, 3, // signatures
		0, 14, 0, 5, 0, 2, 0, 7, 0, // SRTP
		0, 23, 0, 0, // extended master secret
	}
	body = be.AppendUint16(body, uint16(len(extensions)))
	body = append(body, extensions...)
	head := []byte{1, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0, byte(len(body))}
	return append(head, body...)
}

func FuzzVerdict(f *testing.F) {
	good := (&check{id: newID()}).success(at(5), "password")
	f.Add(good)
	f.Add((&check{id: newID()}).conflict("password"))
	f.Add(good[:len(good)-8])
	f.Add((&question{id: newID(), username: "a:b", pwd: "c"}).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, ok := parseVerdict(b); ok {
			v.authentic("password")
			if v.mapped.IsValid() && v.mapped.Addr().Is4In6() {
				t.Fatalf("mapped %v", v.mapped)
			}
		}
	})
}

// What is believed is whole, so DTLS never sees a record that is cut off.
func FuzzRecords(f *testing.F) {
	f.Add(record(kindHandshake, 0, 1, 2, 3))
	f.Add(append(record(kindChangeCipher, 0, 1), record(kindHandshake, 1, 1, 2)...))
	f.Add(record(kindAlert, 1, 1, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range []stage{shaking, keyed, settled} {
			if !s.believable(b) {
				continue
			}
			for rest := b; len(rest) > 0; {
				size := int(binary.BigEndian.Uint16(rest[11:]))
				if binary.BigEndian.Uint16(rest[3:]) == 0 && (s == settled || rest[0] == kindAlert || rest[0] == kindData) {
					t.Fatalf("in clear at stage %d: %x", s, rest)
				}
				rest = rest[recordHeader+size:]
			}
		}
	})
}
