package sdp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// key is inline: for n bytes that all are b.
func key(b byte, n int) string {
	return "inline:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, n))
}

func cryptoAttr(tag int, suite string, b byte) string {
	for _, s := range suites {
		if s.name == suite {
			return fmt.Sprintf("a=crypto:%d %s %s", tag, suite, key(b, s.key+s.salt))
		}
	}
	panic(suite)
}

const (
	cm80   = "AES_CM_128_HMAC_SHA1_80"
	cm32   = "AES_CM_128_HMAC_SHA1_32"
	gcm128 = "AEAD_AES_128_GCM"
	gcm256 = "AEAD_AES_256_GCM"

	savp = "m=audio 4000 RTP/SAVP 0"
	avp  = "m=audio 4000 RTP/AVP 0"
)

func TestSuites(t *testing.T) {
	for suite, size := range map[string][2]int{cm80: {16, 14}, cm32: {16, 14}, gcm128: {16, 12}, gcm256: {32, 12}} {
		t.Run(suite, func(t *testing.T) {
			_, s, a := answeredOffer(t, body(savp, cryptoAttr(3, suite, 7)), near())
			if a.Crypto == nil {
				t.Fatal("no encryption agreed")
			}
			equal(t, "suite", a.Crypto.Suite, suite)
			equal(t, "local key", len(a.Crypto.LocalKey), size[0])
			equal(t, "local salt", len(a.Crypto.LocalSalt), size[1])
			if !bytes.Equal(slices.Concat(a.Crypto.RemoteKey, a.Crypto.RemoteSalt), bytes.Repeat([]byte{7}, size[0]+size[1])) {
				t.Errorf("remote key %x %x", a.Crypto.RemoteKey, a.Crypto.RemoteSalt)
			}
			v, _ := attr(s.Media[0].Attrs, "crypto")
			want := "3 " + suite + " inline:" + base64.StdEncoding.EncodeToString(slices.Concat(a.Crypto.LocalKey, a.Crypto.LocalSalt))
			equal(t, "answered", v, want)
		})
	}
}

func TestCryptoLines(t *testing.T) {
	good := key(1, 30)
	tests := []struct{ line, refused string }{
		{"1 " + cm80 + " " + good, ""},
		{"999999999 " + strings.ToLower(cm80) + " " + good, ""},
		{"1 " + cm80 + " " + good + "|2^31", ""},
		{"1 " + cm80 + " " + good + "|2^48", ""},
		{"1 " + cm80 + " " + good + "|1048576", ""},
		{"1 " + cm80 + " " + good + " WSH=64 -ext=1", ""},
		{"1 " + gcm128 + " " + strings.TrimRight(key(1, 28), "="), ""},

		{"1 " + cm80, "2 fields instead of 3"},
		{"x " + cm80 + " " + good, `tag "x" is not a number`},
		{"1000000000 " + cm80 + " " + good, `tag "1000000000" is not a number`},
		{"1 F8_128_HMAC_SHA1_80 " + good, `suite "F8_128_HMAC_SHA1_80" is unknown`},
		{"1 " + cm80 + " uri:x", `key method "uri" is unknown`},
		{"1 " + cm80 + " " + good + "|2^20|1:4", "MKI is not supported"},
		{"1 " + cm80 + " " + good + "|1:4", "MKI is not supported"},
		{"1 " + cm80 + " " + good + ";" + good, "several keys on a line need an MKI, which is not supported"},
		{"1 " + cm80 + " " + good + "|2^19", "lifetime of 524288 packets is shorter than a call"},
		{"1 " + cm80 + " " + good + "|0", "lifetime of 0 packets is shorter than a call"},
		{"1 " + cm80 + " " + good + "|2^49", "lifetime of 562949953421312 packets is longer than allowed"},
		{"1 " + cm80 + " " + good + "|2^99", `lifetime "2^99" is not a number`},
		{"1 " + cm80 + " " + good + "|x", `lifetime "x" is not a number`},
		{"1 " + cm80 + " " + key(1, 29), "key and salt have 29 bytes, " + cm80 + " needs 30"},
		{"1 " + gcm256 + " " + key(1, 46), "key and salt have 46 bytes, " + gcm256 + " needs 44"},
		{"1 " + cm80 + " inline:!!!", "key is not base64"},
		{"1 " + cm80 + " " + good + " KDR=1", `session parameter "KDR=1" is not supported`},
		{"1 " + cm80 + " " + good + " UNENCRYPTED_SRTP", `session parameter "UNENCRYPTED_SRTP" is not supported`},
		{"1 " + cm80 + " " + good + " UNAUTHENTICATED_SRTP", `session parameter "UNAUTHENTICATED_SRTP" is not supported`},
		{"1 " + cm80 + " " + good + " FEC_ORDER=FEC_SRTP", `session parameter "FEC_ORDER=FEC_SRTP" is not supported`},
		{"1 " + cm80 + " " + good + " whatever", `session parameter "whatever" is not supported`},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			n := NewNegotiator(1)
			r, err := n.ReceiveOffer(body(savp, "a=crypto:"+tt.line))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "can be used", r.Crypto, tt.refused == "")
			_, _, err = n.CreateAnswer(near())
			if tt.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrNoCrypto) || !strings.HasSuffix(err.Error(), ": "+tt.refused) {
				t.Errorf("got %v, want ErrNoCrypto because %s", err, tt.refused)
			}
			if strings.Contains(err.Error(), good[len("inline:"):]) {
				t.Errorf("error tells the key: %v", err)
			}
		})
	}
}

func TestTheOfferersFirstUsableSuiteIsTaken(t *testing.T) {
	_, s, a := answeredOffer(t, body(savp, "a=crypto:1 F8_128_HMAC_SHA1_80 "+key(1, 30), "a=crypto:2 "+cm80+" "+key(2, 30)+"|1:4",
		cryptoAttr(3, cm32, 3), cryptoAttr(4, gcm256, 4)), near())
	equal(t, "suite", a.Crypto.Suite, cm32)
	v, _ := attr(s.Media[0].Attrs, "crypto")
	equal(t, "tag", v[:2], "3 ")
}

func TestTagsThatStandTwiceAreRefused(t *testing.T) {
	usable, refused := (&Media{Attrs: parsedAttrs(cryptoAttr(1, cm32, 3), cryptoAttr(1, cm80, 4))}).cryptoLines()
	equal(t, "usable", fmt.Sprint(usable), "[1 "+cm32+"]")
	equal(t, "refused", fmt.Sprint(refused), "tag 1 stands twice")
}

func parsedAttrs(lines ...string) []Attr {
	s, _ := Parse(body(lines...))
	return s.Attrs
}

func TestCryptoPolicy(t *testing.T) {
	crypto := cryptoAttr(1, cm80, 1)
	tests := []struct {
		name   string
		offer  []byte
		policy CryptoPolicy
		err    error
		used   bool
	}{
		{"plain, off", body(avp), CryptoOff, nil, false},
		{"plain, optional", body(avp), CryptoOptional, nil, false},
		{"plain, required", body(avp), CryptoRequired, ErrCryptoRequired, false},
		{"encrypted, off", body(savp, crypto), CryptoOff, ErrCryptoRefused, false},
		{"encrypted, optional", body(savp, crypto), CryptoOptional, nil, true},
		{"encrypted, required", body(savp, crypto), CryptoRequired, nil, true},
		{"best effort, off", body(avp, crypto), CryptoOff, nil, false},
		{"best effort, optional", body(avp, crypto), CryptoOptional, nil, true},
		{"best effort, required", body(avp, crypto), CryptoRequired, nil, true},
		{"best effort with a suite we cannot do", body(avp, "a=crypto:1 NULL "+key(1, 30)), CryptoOptional, nil, false},
		{"best effort with such a suite, required", body(avp, "a=crypto:1 NULL "+key(1, 30)), CryptoRequired, ErrCryptoRequired, false},
		{"encrypted without key", body(savp), CryptoOptional, ErrNoCrypto, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := NewNegotiator(1)
			if _, err := n.ReceiveOffer(tt.offer); err != nil {
				t.Fatal(err)
			}
			b, a, err := n.CreateAnswer(near(policy(tt.policy)))
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			equal(t, "encrypted", a.Crypto != nil, tt.used)
			equal(t, "key in the answer", bytes.Contains(b, []byte("a=crypto:")), tt.used)
		})
	}
}

func TestOfferedCrypto(t *testing.T) {
	tests := []struct {
		name  string
		near  Local
		proto string
		keys  int
	}{
		{"not asked for", near(), "RTP/AVP", 0},
		{"asked for", near(offerCrypto), "RTP/SAVP", 4},
		{"asked for, but off", near(offerCrypto, policy(CryptoOff)), "RTP/AVP", 0},
		{"required", near(policy(CryptoRequired)), "RTP/SAVP", 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := offerOn(t, NewNegotiator(1), tt.near).Media[0]
			equal(t, "protocol", m.Proto, tt.proto)
			usable, refused := m.cryptoLines()
			equal(t, "keys", len(usable), tt.keys)
			equal(t, "refused", refused, nil)
			for i := range usable {
				for j := range i {
					if bytes.Equal(usable[i].key[:16], usable[j].key[:16]) {
						t.Errorf("suites %d and %d share a key", i, j)
					}
				}
			}
		})
	}
}

func TestAnsweredCrypto(t *testing.T) {
	tests := []struct {
		name   string
		near   Local
		answer []byte
		err    error
		suite  string
	}{
		{"a suite of ours", near(offerCrypto), body(savp, cryptoAttr(3, cm80, 1)), nil, cm80},
		{"in lower case", near(offerCrypto), body(savp, strings.Replace(cryptoAttr(3, cm80, 1), cm80, strings.ToLower(cm80), 1)), nil, cm80},
		{"another tag", near(offerCrypto), body(savp, cryptoAttr(1, cm80, 1)), ErrNoCrypto, ""},
		{"without key", near(offerCrypto), body(savp), ErrCryptoRequired, ""},
		{"in clear", near(offerCrypto), body(avp), ErrCryptoRequired, ""},
		{"encrypted without being asked", near(), body(savp, cryptoAttr(1, cm80, 1)), ErrNoCrypto, ""},
		{"a key without being asked", near(), body(avp, cryptoAttr(1, cm80, 1)), nil, ""},
		{"refused", near(offerCrypto), body("m=audio 0 RTP/SAVP 0"), nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := NewNegotiator(1)
			offerOn(t, n, tt.near)
			a, err := n.ReceiveAnswer(tt.answer)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			got := ""
			if a.Crypto != nil {
				got = a.Crypto.Suite
			}
			equal(t, "suite", got, tt.suite)
		})
	}
}

func TestNeverDowngraded(t *testing.T) {
	crypto := cryptoAttr(1, cm80, 1)
	encrypted := func(t *testing.T) *Negotiator {
		t.Helper()
		n, _, a := answeredOffer(t, body(savp, crypto), near())
		equal(t, "encrypted", a.Crypto != nil, true)
		return n
	}
	offers := map[string]struct {
		offer  []byte
		policy CryptoPolicy
	}{
		"plain offer":                 {body(avp), CryptoOptional},
		"plain offer, required":       {body(avp), CryptoRequired},
		"plain offer, off":            {body(avp), CryptoOff},
		"offer without key":           {body(savp), CryptoOptional},
		"encrypted offer, turned off": {body(savp, crypto), CryptoOff},
	}
	for name, tt := range offers {
		t.Run(name, func(t *testing.T) {
			n := encrypted(t)
			if _, err := n.ReceiveOffer(tt.offer); err != nil {
				t.Fatal(err)
			}
			if _, _, err := n.CreateAnswer(near(policy(tt.policy))); !errors.Is(err, ErrDowngrade) {
				t.Errorf("got %v, want ErrDowngrade", err)
			}
			n.Rollback()
			if a, _ := n.Current(); a.Crypto == nil {
				t.Error("encryption is gone")
			}
		})
	}
	t.Run("own offer", func(t *testing.T) {
		n := encrypted(t)
		if _, err := n.CreateOffer(near(policy(CryptoOff))); !errors.Is(err, ErrDowngrade) {
			t.Errorf("got %v, want ErrDowngrade", err)
		}
		s := offerOn(t, n, near())
		equalLines(t, s, "audio 30000 RTP/SAVP 0 8 101")
		usable, _ := s.Media[0].cryptoLines()
		equal(t, "keys", len(usable), 1)
		for _, answer := range [][]byte{body(avp), body(savp)} {
			if _, err := n.ReceiveAnswer(answer); !errors.Is(err, ErrDowngrade) {
				t.Errorf("got %v, want ErrDowngrade", err)
			}
		}
	})
	t.Run("after audio was switched off", func(t *testing.T) {
		n := encrypted(t)
		answerOn(t, n, body("m=audio 0 RTP/AVP 0"), near())
		if _, err := n.ReceiveOffer(body(avp)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := n.CreateAnswer(near()); !errors.Is(err, ErrDowngrade) {
			t.Errorf("got %v, want ErrDowngrade", err)
		}
	})
	t.Run("final answer after an encrypted provisional one", func(t *testing.T) {
		n := NewNegotiator(1)
		offerOn(t, n, near(offerCrypto))
		receiveAnswer(t, n, body(savp, cryptoAttr(3, cm80, 1)))
		if _, err := n.ReceiveAnswer(body(avp)); !errors.Is(err, ErrDowngrade) {
			t.Errorf("got %v, want ErrDowngrade", err)
		}
	})
	t.Run("best effort once used", func(t *testing.T) {
		n, _, _ := answeredOffer(t, body(avp, crypto), near())
		equalLines(t, offerOn(t, n, near()), "audio 30000 RTP/AVP 0 8 101")
		if _, err := n.ReceiveAnswer(body(avp)); !errors.Is(err, ErrDowngrade) {
			t.Errorf("got %v, want ErrDowngrade", err)
		}
	})
}

func TestPlainCallMayBecomeEncrypted(t *testing.T) {
	n, _, _ := answeredOffer(t, body(avp), near())
	_, a := answerOn(t, n, body(savp, cryptoAttr(1, cm80, 1)), near())
	equal(t, "encrypted", a.Crypto != nil, true)
}

func TestOfferAfterRefusedEncryptionIsPlainAgain(t *testing.T) {
	n := NewNegotiator(1)
	offerOn(t, n, near(offerCrypto))
	receiveAnswer(t, n, body("m=audio 0 RTP/SAVP 0"))
	equalLines(t, offerOn(t, n, near()), "audio 30000 RTP/AVP 0 8 101")
}

func TestKeysStayUntilTheFarSideChangesItsOwn(t *testing.T) {
	n, _, first := answeredOffer(t, body(savp, cryptoAttr(1, cm80, 1)), near())
	local := func(a Agreed) string { return fmt.Sprintf("%x%x", a.Crypto.LocalKey, a.Crypto.LocalSalt) }

	_, a := answerOn(t, n, body(savp, cryptoAttr(2, cm80, 1), "a=sendonly"), near())
	equal(t, "hold keeps ours", local(a), local(first))

	usable, _ := offerOn(t, n, near()).Media[0].cryptoLines()
	equal(t, "our offer keeps ours", hex.EncodeToString(usable[0].key), local(first))
	a = receiveAnswer(t, n, body(savp, cryptoAttr(1, cm80, 2)))
	equal(t, "their answer changes theirs only", local(a), local(first))
	equal(t, "theirs", a.Crypto.RemoteKey[0], 2)

	_, a = answerOn(t, n, body(savp, cryptoAttr(1, cm80, 3)), near())
	if local(a) == local(first) {
		t.Error("our key stayed though the far side changed its own")
	}
	second := local(a)
	_, a = answerOn(t, n, body(savp, cryptoAttr(1, gcm128, 3)), near())
	equal(t, "suite", a.Crypto.Suite, gcm128)
	_, a = answerOn(t, n, body(savp, cryptoAttr(1, cm80, 3)), near())
	if local(a) == second {
		t.Error("a key was used again after another suite")
	}
}

func TestOfferedKeysStayWhenTheOfferIsRepeated(t *testing.T) {
	n := NewNegotiator(1)
	first := string(offerOn(t, n, near(offerCrypto)).Bytes())
	n.Rollback()
	equal(t, "offer", string(offerOn(t, n, near(offerCrypto)).Bytes()), first)
}

func TestCryptoPrintsNoKeys(t *testing.T) {
	_, _, a := answeredOffer(t, body(savp, cryptoAttr(1, cm80, 'K')), near())
	for _, format := range []string{"%v", "%+v", "%s", "%#v"} {
		for _, v := range []any{*a.Crypto, a.Crypto, a} {
			text := fmt.Sprintf(format, v)
			if strings.Contains(text, "75 75") || strings.Contains(text, "KKK") || strings.Contains(text, "0x4b, 0x4b") {
				t.Errorf("%s of %T: %s", format, v, text)
			}
		}
	}
	equal(t, "log", a.Crypto.LogValue().String(), cm80)
}
