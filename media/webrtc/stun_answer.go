package webrtc

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // is what RFC 8489 §14.5 and all browsers use
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// verdict is the answer to a check of ours, or to a question of ours to a STUN server.
type verdict struct {
	raw       []byte
	id        [12]byte
	success   bool
	code      int            // of an error
	mapped    netip.AddrPort // where the far side has seen us; not valid when it does not say
	integrity []byte         // nil when nobody vouches for it
	covered   int
}

// isVerdict tells answers from checks.
func isVerdict(b []byte) bool {
	if !isSTUN(b) {
		return false
	}
	kind := binary.BigEndian.Uint16(b)
	return kind == bindingSuccess || kind == bindingError
}

// parseVerdict reads an answer.
func parseVerdict(b []byte) (v verdict, ok bool) {
	be := binary.BigEndian
	if !isVerdict(b) || int(be.Uint16(b[2:])) != len(b)-stunHeader || len(b)%4 != 0 {
		return v, false
	}
	v.raw, v.success = b, be.Uint16(b) == bindingSuccess
	copy(v.id[:], b[8:])
	for at := stunHeader; at+4 <= len(b); {
		kind, size := be.Uint16(b[at:]), int(be.Uint16(b[at+2:]))
		next := at + 4 + (size+3)&^3
		if next > len(b) || !v.attribute(kind, b[at+4:at+4+size], at) {
			return v, false
		}
		at = next
	}
	return v, v.success || v.code != 0
}

// attribute takes one that begins at.
func (v *verdict) attribute(kind uint16, value []byte, at int) bool {
	switch {
	case kind == attrFingerprint:
		return len(value) == 4 && at+8 == len(v.raw) && binary.BigEndian.Uint32(value) == crc32.ChecksumIEEE(v.raw[:at])^fingerprintMask
	case v.integrity != nil: // nobody vouches for it
	case kind == attrIntegrity:
		v.integrity, v.covered = value, at
		return len(value) == sha1.Size
	case kind == attrErrorCode:
		if len(value) < 4 {
			return false
		}
		v.code = int(value[2]&7)*100 + int(value[3])
	case kind == attrMappedAddress:
		v.mapped = v.unmask(value)
	}
	return true
}

// unmask reads an XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
func (v *verdict) unmask(value []byte) netip.AddrPort {
	if len(value) != 8 && len(value) != 20 {
		return netip.AddrPort{}
	}
	raw, mask := make([]byte, len(value)-4), v.raw[4:stunHeader] // the cookie and the number of the transaction
	for i := range raw {
		raw[i] = value[4+i] ^ mask[i]
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), binary.BigEndian.Uint16(value[2:])^stunCookie>>16)
}

// authentic reports whether who knows pwd has sent it.
func (v *verdict) authentic(pwd string) bool {
	return v.integrity != nil && hmac.Equal(v.integrity, integrity(v.raw[:v.covered], pwd))
}
