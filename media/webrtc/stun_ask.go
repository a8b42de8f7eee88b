package webrtc

import (
	"crypto/rand"
	"encoding/binary"
)

// question is a check of ours (RFC 8445 §7.2.2).
type question struct {
	id          [12]byte
	username    string // theirs, a colon, ours
	pwd         string // theirs
	priority    uint32 // that this way would have if the far side learned of it by this check
	controlling bool
	tiebreak    uint64
	nominates   bool
}

func newID() (id [12]byte) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// bytes is the question as it is sent.
func (q *question) bytes() []byte {
	be := binary.BigEndian
	b := begin(bindingRequest, q.id)
	b = be.AppendUint16(b, attrUsername)
	b = be.AppendUint16(b, uint16(len(q.username)))
	b = append(b, q.username...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	role := uint16(attrControlled)
	if q.controlling {
		role = attrControlling
	}
	b = be.AppendUint16(b, role)
	b = be.AppendUint16(b, 8)
	b = be.AppendUint64(b, q.tiebreak)
	b = be.AppendUint16(b, attrPriority)
	b = be.AppendUint16(b, 4)
	b = be.AppendUint32(b, q.priority)
	if q.nominates {
		b = be.AppendUint16(b, attrUseCandidate)
		b = be.AppendUint16(b, 0)
	}
	return seal(b, q.pwd)
}

// plainQuestion asks a STUN server where it sees us; nobody has to vouch for that.
func plainQuestion(id [12]byte) []byte { return begin(bindingRequest, id) }

// begin makes a header, without a length as yet.
func begin(kind uint16, id [12]byte) []byte {
	b := make([]byte, 0, 160)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, stunCookie)
	return append(b, id[:]...)
}
