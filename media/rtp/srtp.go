package rtp

import (
	"bytes"
	"errors"
	"fmt"

	prtp "github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// Crypto are the keys of one leg for SRTP (RFC 3711), as SDES carries them (RFC
// 4568). It never prints its keys.
type Crypto struct {
	Suite string // one of Suites
	// LocalMaster is the key and salt that we encrypt with, RemoteMaster those of
	// the far side: MasterLen bytes each.
	LocalMaster, RemoteMaster []byte
}

// String leaves the keys out.
func (c Crypto) String() string { return c.Suite }

// GoString leaves the keys out.
func (c Crypto) GoString() string { return "rtp.Crypto{" + c.Suite + "}" }

type suite struct {
	name      string
	profile   srtp.ProtectionProfile
	key, salt int // bytes
}

// suites are those of RFC 4568 §6.2 and RFC 7714 §14.2, cheapest first.
var suites = []suite{
	{"AEAD_AES_128_GCM", srtp.ProtectionProfileAeadAes128Gcm, 16, 12},
	{"AEAD_AES_256_GCM", srtp.ProtectionProfileAeadAes256Gcm, 32, 12},
	{"AES_CM_128_HMAC_SHA1_80", srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14},
	{"AES_CM_128_HMAC_SHA1_32", srtp.ProtectionProfileAes128CmHmacSha1_32, 16, 14},
}

// Suites lists the crypto suites by their names in SDP, cheapest first.
func Suites() []string {
	names := make([]string, len(suites))
	for i, s := range suites {
		names[i] = s.name
	}
	return names
}

// MasterLen is how many bytes key and salt of a suite have together; 0 when the
// suite is not known.
func MasterLen(name string) int {
	s, ok := findSuite(name)
	if !ok {
		return 0
	}
	return s.key + s.salt
}

func findSuite(name string) (suite, bool) {
	for _, s := range suites {
		if s.name == name {
			return s, true
		}
	}
	return suite{}, false
}

const (
	replayWindow = 128
	// maxSources bounds for how many SSRCs of the far side state is kept; a leg has
	// one, and a few more over transfers.
	maxSources = 64
)

var errSources = errors.New("too many sources in one encrypted session")

// cipher encrypts or decrypts one direction of a leg. It is not safe for
// concurrent use.
type cipher struct {
	suite   string
	master  []byte
	context *srtp.Context
	header  prtp.Header // reused
	rtp     int         // sources seen
	rtcp    int
}

// newCipher makes the context for master, or returns old if that is what it is
// already: it knows how often the sequence number has rolled over.
func newCipher(old *cipher, name string, master []byte, replay uint) (*cipher, error) {
	if old != nil && old.suite == name && bytes.Equal(old.master, master) {
		return old, nil
	}
	s, ok := findSuite(name)
	if !ok {
		return nil, fmt.Errorf("crypto suite %q is not known, use one of %v", name, Suites())
	}
	if len(master) != s.key+s.salt {
		return nil, fmt.Errorf("crypto suite %s needs %d bytes of key and salt, not %d", name, s.key+s.salt, len(master))
	}
	ctx, err := srtp.CreateContext(master[:s.key], master[s.key:], s.profile,
		srtp.SRTPReplayProtection(replay), srtp.SRTCPReplayProtection(replayWindow))
	if err != nil {
		return nil, fmt.Errorf("crypto suite %s: %w", name, err)
	}
	return &cipher{suite: name, master: bytes.Clone(master), context: ctx}, nil
}

// seal encrypts an RTP packet in its own buffer.
func (c *cipher) seal(b []byte) ([]byte, error) { return c.context.EncryptRTP(b, b, &c.header) }

// open checks and decrypts an RTP packet in its own buffer.
func (c *cipher) open(b []byte, ssrc uint32) ([]byte, error) {
	_, known := c.context.ROC(ssrc)
	if !known && c.rtp >= maxSources {
		return nil, errSources
	}
	out, err := c.context.DecryptRTP(b, b, &c.header)
	if err == nil && !known {
		c.rtp++
	}
	return out, err
}

// sealControl encrypts an RTCP packet in its own buffer.
func (c *cipher) sealControl(b []byte) ([]byte, error) { return c.context.EncryptRTCP(b, b, nil) }

// openControl checks and decrypts an RTCP packet in its own buffer.
func (c *cipher) openControl(b []byte, ssrc uint32) ([]byte, error) {
	_, known := c.context.Index(ssrc)
	if !known && c.rtcp >= maxSources {
		return nil, errSources
	}
	out, err := c.context.DecryptRTCP(b, b, nil)
	if err == nil && !known {
		c.rtcp++
	}
	return out, err
}
