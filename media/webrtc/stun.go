package webrtc

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // is what RFC 8489 §14.5 and all browsers use
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// What a check is made of (RFC 8489, RFC 8445 §16.1).
const (
	stunHeader = 20
	stunCookie = 0x2112a442

	bindingRequest = 0x0001
	bindingSuccess = 0x0101
	bindingError   = 0x0111

	attrUsername      = 0x0006
	attrIntegrity     = 0x0008
	attrErrorCode     = 0x0009
	attrMappedAddress = 0x0020
	attrPriority      = 0x0024
	attrUseCandidate  = 0x0025
	attrFingerprint   = 0x8028
	attrControlled    = 0x8029
	attrControlling   = 0x802a

	fingerprintMask = 0x5354554e
	roleConflict    = 487
)

// check is a binding request.
type check struct {
	raw        []byte // up to its fingerprint
	id         [12]byte
	username   []byte // ours, a colon, theirs
	integrity  []byte
	covered    int // bytes that the integrity vouches for
	nominates  bool
	controlled bool // the far side believes that we are to choose the path
	roled      bool // it says what it believes
	tiebreak   uint64
	priority   uint32 // of the way that it came by
}

// isSTUN tells STUN from DTLS and SRTP (RFC 7983).
func isSTUN(b []byte) bool {
	return len(b) >= stunHeader && b[0] < 4 && binary.BigEndian.Uint32(b[4:]) == stunCookie
}

// parseCheck reads a binding request of ICE: one that has a user name, an integrity and,
// when it has one, the right fingerprint. What follows the integrity does not count.
func parseCheck(b []byte) (c check, ok bool) {
	be := binary.BigEndian
	if !isSTUN(b) || be.Uint16(b) != bindingRequest || int(be.Uint16(b[2:])) != len(b)-stunHeader || len(b)%4 != 0 {
		return c, false
	}
	c.raw = b
	copy(c.id[:], b[8:])
	for at := stunHeader; at+4 <= len(b); {
		kind, size := be.Uint16(b[at:]), int(be.Uint16(b[at+2:]))
		next := at + 4 + (size+3)&^3
		if next > len(b) {
			return c, false
		}
		if !c.attribute(kind, b[at+4:at+4+size], at) {
			return c, false
		}
		at = next
	}
	return c, c.username != nil && c.integrity != nil
}

// attribute takes one that begins at.
func (c *check) attribute(kind uint16, value []byte, at int) bool {
	switch {
	case kind == attrFingerprint:
		return len(value) == 4 && at+8 == len(c.raw) && binary.BigEndian.Uint32(value) == crc32.ChecksumIEEE(c.raw[:at])^fingerprintMask
	case c.integrity != nil: // nobody vouches for it
	case kind == attrUsername:
		c.username = value
	case kind == attrIntegrity:
		c.integrity, c.covered = value, at
		return len(value) == sha1.Size
	case kind == attrUseCandidate:
		c.nominates = true
	case kind == attrControlled, kind == attrControlling:
		c.controlled, c.roled = kind == attrControlled, true
		if len(value) == 8 {
			c.tiebreak = binary.BigEndian.Uint64(value)
		}
	case kind == attrPriority && len(value) == 4:
		c.priority = binary.BigEndian.Uint32(value)
	}
	return true
}

// local is which of ours the check is for.
func (c *check) local() []byte {
	ours, _, _ := bytes.Cut(c.username, []byte{':'})
	return ours
}

// authentic reports whether who knows pwd has sent it.
func (c *check) authentic(pwd string) bool {
	return hmac.Equal(c.integrity, integrity(c.raw[:c.covered], pwd))
}

// integrity is that of a message of which b comes before the attribute (RFC 8489 §14.5):
// its length counts up to the end of the attribute.
func integrity(b []byte, pwd string) []byte {
	h := hmac.New(sha1.New, []byte(pwd))
	var length [2]byte
	binary.BigEndian.PutUint16(length[:], uint16(len(b)-stunHeader+4+sha1.Size))
	h.Write(b[:2])
	h.Write(length[:])
	h.Write(b[4:])
	return h.Sum(nil)
}

// success answers c: it came from there.
func (c *check) success(from netip.AddrPort, pwd string) []byte {
	be := binary.BigEndian
	b := c.answer(bindingSuccess)
	family, size := byte(1), 4
	if !from.Addr().Is4() {
		family, size = 2, 16
	}
	b = be.AppendUint16(b, attrMappedAddress)
	b = be.AppendUint16(b, uint16(4+size))
	b = append(b, 0, family)
	b = be.AppendUint16(b, from.Port()^stunCookie>>16)
	mask := b[4:stunHeader] // the cookie and the number of the transaction
	for i, x := range from.Addr().AsSlice() {
		b = append(b, x^mask[i])
	}
	return seal(b, pwd)
}

// conflict answers c with 487: the far side has to play the other role.
func (c *check) conflict(pwd string) []byte {
	b := c.answer(bindingError)
	b = binary.BigEndian.AppendUint16(b, attrErrorCode)
	b = binary.BigEndian.AppendUint16(b, 4)
	return seal(append(b, 0, 0, roleConflict/100, roleConflict%100), pwd)
}

func (c *check) answer(kind uint16) []byte {
	b := make([]byte, 0, 96)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, stunCookie)
	return append(b, c.id[:]...)
}

// seal ends a message with its integrity and its fingerprint.
func seal(b []byte, pwd string) []byte {
	be := binary.BigEndian
	sum := integrity(b, pwd)
	b = be.AppendUint16(b, attrIntegrity)
	b = be.AppendUint16(b, uint16(len(sum)))
	b = append(b, sum...)
	be.PutUint16(b[2:], uint16(len(b)-stunHeader+8))
	crc := crc32.ChecksumIEEE(b) ^ fingerprintMask
	b = be.AppendUint16(b, attrFingerprint)
	b = be.AppendUint16(b, 4)
	return be.AppendUint32(b, crc)
}
