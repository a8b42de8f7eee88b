package testphone

import (
	"fmt"

	"github.com/pion/srtp/v3"
)

type suite struct {
	profile         srtp.ProtectionProfile
	keyLen, saltLen int
}

// suiteOf knows the crypto suites of RFC 4568 and RFC 7714; an unknown name
// gives the zero suite.
func suiteOf(name string) suite {
	switch name {
	case "AES_CM_128_HMAC_SHA1_80":
		return suite{srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14}
	case "AES_CM_128_HMAC_SHA1_32":
		return suite{srtp.ProtectionProfileAes128CmHmacSha1_32, 16, 14}
	case "AEAD_AES_128_GCM":
		return suite{srtp.ProtectionProfileAeadAes128Gcm, 16, 12}
	case "AEAD_AES_256_GCM":
		return suite{srtp.ProtectionProfileAeadAes256Gcm, 32, 12}
	}
	return suite{}
}

// srtpContext encrypts or decrypts with the key of c.
func srtpContext(c Crypto) (*srtp.Context, error) {
	s := suiteOf(c.Suite)
	if s.keyLen == 0 || len(c.Key) != s.keyLen+s.saltLen {
		return nil, fmt.Errorf("crypto suite %s with a key of %d octets", c.Suite, len(c.Key))
	}
	return srtp.CreateContext(c.Key[:s.keyLen], c.Key[s.keyLen:], s.profile, srtp.SRTPReplayProtection(64))
}

// secure sets up SRTP when both sides gave a key: the suite is the one that the
// two descriptions share, the answer having only one. Contexts stay while their
// keys do.
func (a *audio) secure(mine, theirs []Crypto) error {
	for _, t := range theirs {
		for _, m := range mine {
			if m.Suite != t.Suite || m.Tag != t.Tag {
				continue
			}
			if keys := [2]string{m.Suite + string(m.Key), t.Suite + string(t.Key)}; keys != a.keys {
				enc, err := srtpContext(m)
				if err != nil {
					return err
				}
				dec, err := srtpContext(t)
				if err != nil {
					return err
				}
				a.encrypt, a.decrypt, a.keys = enc, dec, keys
			}
			return nil
		}
	}
	a.encrypt, a.decrypt, a.keys = nil, nil, [2]string{}
	return nil
}
