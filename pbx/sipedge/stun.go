package sipedge

import (
	"encoding/binary"
	"net/netip"
)

const stunCookie = 0x2112A442

// isSTUN tells a STUN packet from SIP: its first two bits are 0 and the cookie
// follows (RFC 5389 §6).
func isSTUN(b []byte) bool {
	return len(b) >= 20 && b[0]&0xc0 == 0 && binary.BigEndian.Uint32(b[4:]) == stunCookie
}

// stunReply answers a Binding request with the address it came from, as phones
// use it for keep-alive (RFC 5626 §4.4.2, RFC 5389 §10). Anything else gets nil.
func stunReply(b []byte, from netip.AddrPort) []byte {
	if binary.BigEndian.Uint16(b) != 0x0001 {
		return nil
	}
	addr := from.Addr().AsSlice()
	family := byte(1)
	if len(addr) == 16 {
		family = 2
	}
	out := make([]byte, 20, 44)
	binary.BigEndian.PutUint16(out, 0x0101)
	binary.BigEndian.PutUint16(out[2:], uint16(8+len(addr)))
	copy(out[4:20], b[4:20])
	out = binary.BigEndian.AppendUint16(out, 0x0020) // XOR-MAPPED-ADDRESS
	out = binary.BigEndian.AppendUint16(out, uint16(4+len(addr)))
	out = append(out, 0, family)
	out = binary.BigEndian.AppendUint16(out, from.Port()^uint16(stunCookie>>16))
	for i, c := range addr {
		out = append(out, c^b[4+i]) // cookie and transaction follow each other
	}
	return out
}
