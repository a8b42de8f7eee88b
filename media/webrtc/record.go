package webrtc

import "encoding/binary"

// What records of DTLS hold (RFC 6347 §4.1).
const (
	recordHeader = 13

	kindChangeCipher = 20
	kindAlert        = 21
	kindHandshake    = 22
	kindData         = 23
)

// stage is how far an association has come.
type stage int

const (
	shaking stage = iota // there are no keys yet
	keyed                // there are, but the far side may repeat its part of the handshake
	settled              // there is nothing left to be said in clear
)

// believable reports whether DTLS may see a datagram: anybody can forge what is not
// encrypted, and DTLS would take an alert in clear, or what it cannot read, as the end.
func (s stage) believable(b []byte) bool {
	for len(b) > 0 {
		if len(b) <= recordHeader {
			return false
		}
		kind, epoch := b[0], binary.BigEndian.Uint16(b[3:])
		size := int(binary.BigEndian.Uint16(b[11:]))
		if size == 0 || recordHeader+size > len(b) || kind < kindChangeCipher || kind > kindData {
			return false
		}
		if epoch == 0 && (s == settled || !inClear(kind, b[recordHeader:recordHeader+size])) {
			return false
		}
		b = b[recordHeader+size:]
	}
	return true
}

// inClear reports whether a record may be in clear as long as anything is.
func inClear(kind byte, body []byte) bool {
	switch kind {
	case kindHandshake:
		return true
	case kindChangeCipher:
		return len(body) == 1 && body[0] == 1
	default:
		return false
	}
}
