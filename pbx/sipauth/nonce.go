package sipauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"net/netip"
	"sync"
	"time"
)

// nonceLife is how long a nonce is good for; then the phone gets a new one.
const nonceLife = 5 * time.Minute

// A nonce holds when it was made, something random and a tag of the address it
// was made for, all sealed: nothing has to be remembered of it until it is used.
const (
	timeBytes   = 8
	randomBytes = 6
	tagBytes    = 6
	sealBytes   = 12
	openBytes   = timeBytes + randomBytes + tagBytes
	nonceBytes  = openBytes + sealBytes
)

// nonceID is the part that makes a nonce unlike any other.
type nonceID [timeBytes + randomBytes]byte

// sourceTag stands for the address that a nonce was made for. Failures are
// counted by it: who forges the address of another cannot get a nonce made for
// it, and so cannot have the other blocked.
type sourceTag [tagBytes]byte

// nonce is one that was opened.
type nonce struct {
	id     nonceID
	issued time.Time
	tag    sourceTag
}

// nonces makes and opens nonces with a key of this process.
type nonces struct {
	macs sync.Pool // of hash.Hash, since making one costs more than using it
}

func newNonces() *nonces {
	key := make([]byte, 32)
	rand.Read(key)
	return &nonces{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// mac appends what seals the parts, which start with a letter that keeps uses
// apart.
func (n *nonces) mac(dst []byte, use byte, parts ...[]byte) []byte {
	h := n.macs.Get().(hash.Hash)
	defer n.macs.Put(h)
	h.Reset()
	h.Write([]byte{use})
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(dst)
}

// issue makes a nonce for that source.
func (n *nonces) issue(realm string, source netip.Addr, now time.Time) string {
	var raw [openBytes + sha256.Size]byte
	binary.BigEndian.PutUint64(raw[:], uint64(now.UnixNano()))
	rand.Read(raw[timeBytes : timeBytes+randomBytes])
	tag := n.tag(source)
	copy(raw[timeBytes+randomBytes:], tag[:])
	n.mac(raw[:openBytes], 'n', raw[:openBytes], []byte(realm))
	return base64.RawURLEncoding.EncodeToString(raw[:nonceBytes])
}

// tag stands for source; of IPv6 the network, since a phone's host part changes
// and an attacker's can be anything.
func (n *nonces) tag(source netip.Addr) (tag sourceTag) {
	source = source.Unmap()
	if source.Is6() {
		if network, err := source.WithZone("").Prefix(64); err == nil {
			source = network.Addr()
		}
	}
	text := source.As16()
	var sum [sha256.Size]byte
	copy(tag[:], n.mac(sum[:0], 's', text[:]))
	return tag
}

// open reads a nonce. ok is false for one that is too old or not ours, as after
// a restart.
func (n *nonces) open(text, realm string, now time.Time) (opened nonce, ok bool) {
	var raw [nonceBytes]byte
	if len(text) != base64.RawURLEncoding.EncodedLen(nonceBytes) {
		return nonce{}, false
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(raw[:], []byte(text)); err != nil {
		return nonce{}, false
	}
	var sum [sha256.Size]byte
	seal := n.mac(sum[:0], 'n', raw[:openBytes], []byte(realm))
	if !hmac.Equal(seal[:sealBytes], raw[openBytes:]) {
		return nonce{}, false
	}
	opened.issued = time.Unix(0, int64(binary.BigEndian.Uint64(raw[:])))
	copy(opened.id[:], raw[:])
	copy(opened.tag[:], raw[timeBytes+randomBytes:])
	age := now.Sub(opened.issued)
	return opened, age >= 0 && age < nonceLife
}
