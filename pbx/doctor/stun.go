package doctor

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // is what RFC 8489 §14.5 uses
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"net/netip"
	"time"
)

// What is said in STUN (RFC 8489), ICE (RFC 8445) and TURN (RFC 8656).
const (
	stunCookie = 0x2112a442
	stunHeader = 20

	binding  = 0x0001
	allocate = 0x0003
	refresh  = 0x0004
	success  = 0x0100
	failure  = 0x0110

	attrUsername    = 0x0006
	attrIntegrity   = 0x0008
	attrError       = 0x0009
	attrLifetime    = 0x000d
	attrRealm       = 0x0014
	attrNonce       = 0x0015
	attrRelayed     = 0x0016
	attrTransport   = 0x0019
	attrMapped      = 0x0020
	attrPriority    = 0x0024
	attrFingerprint = 0x8028
	attrControlling = 0x802a
)

// packet is a message of STUN that is being made.
type packet []byte

func newPacket(kind uint16) packet {
	b := make([]byte, stunHeader)
	binary.BigEndian.PutUint16(b, kind)
	binary.BigEndian.PutUint32(b[4:], stunCookie)
	_, _ = rand.Read(b[8:]) // never fails, see its documentation
	return b
}

// add puts an attribute at the end.
func (b packet) add(kind uint16, value []byte) packet {
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader))
	return b
}

// seal adds the proof that who sends it knows a key.
func (b packet) seal(key []byte) packet {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader+4+sha1.Size))
	h := hmac.New(sha1.New, key)
	h.Write(b)
	return b.add(attrIntegrity, h.Sum(nil))
}

func (b packet) fingerprint() packet {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader+8))
	sum := crc32.ChecksumIEEE(b) ^ 0x5354554e
	return b.add(attrFingerprint, binary.BigEndian.AppendUint32(nil, sum))
}

// reply is an answer.
type reply struct {
	kind  uint16
	attrs map[uint16][]byte
}

func parseReply(b []byte, to packet) (r reply, ok bool) {
	if len(b) < stunHeader || int(binary.BigEndian.Uint16(b[2:]))+stunHeader != len(b) || string(b[4:stunHeader]) != string(to[4:stunHeader]) {
		return r, false
	}
	r = reply{binary.BigEndian.Uint16(b), map[uint16][]byte{}}
	for at := stunHeader; at+4 <= len(b); {
		kind, size := binary.BigEndian.Uint16(b[at:]), int(binary.BigEndian.Uint16(b[at+2:]))
		if at+4+size > len(b) {
			return r, false
		}
		r.attrs[kind] = b[at+4 : at+4+size]
		at += 4 + (size+3)&^3
	}
	return r, true
}

// refusal is the code and the words of an error; 0 when it is none.
func (r reply) refusal() (code int, words string) {
	e := r.attrs[attrError]
	if len(e) < 4 {
		return 0, ""
	}
	return int(e[2]&7)*100 + int(e[3]), string(e[4:])
}

// address reads an address that is hidden from gateways (RFC 8489 §14.2).
func address(value []byte) (at netip.AddrPort, ok bool) {
	if len(value) != 8 {
		return at, false // all that is asked for here is IPv4
	}
	port := binary.BigEndian.Uint16(value[2:]) ^ stunCookie>>16
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], binary.BigEndian.Uint32(value[4:])^stunCookie)
	return netip.AddrPortFrom(netip.AddrFrom4(ip), port), true
}

// way is one to who speaks STUN. On a stream, framed says that each message has its length
// before it (RFC 4571), as in ICE over TCP.
type way struct {
	net.Conn
	stream, framed bool
}

const tries = 5 // of a datagram

// ask sends a request and waits for its answer.
func (w way) ask(ctx context.Context, request packet) (r reply, took time.Duration, err error) {
	began := time.Now()
	defer until(ctx, w.Conn)()
	out := []byte(request)
	if w.framed {
		out = append(binary.BigEndian.AppendUint16(nil, uint16(len(request))), request...)
	}
	for range tries {
		if _, err = w.Write(out); err != nil {
			return r, 0, err
		}
		if !w.stream {
			_ = w.SetReadDeadline(time.Now().Add(resendAfter))
		}
		if r, err = w.answer(request); err == nil {
			return r, time.Since(began), nil
		}
		var timeout net.Error
		if w.stream || ctx.Err() != nil || !errors.As(err, &timeout) || !timeout.Timeout() {
			return r, 0, err
		}
	}
	return r, 0, errors.New("no answer")
}

// answer reads until that to a request comes.
func (w way) answer(request packet) (reply, error) {
	for {
		b, err := w.receive()
		if err != nil {
			return reply{}, err
		}
		if r, ok := parseReply(b, request); ok {
			return r, nil
		}
		if w.stream && !w.framed {
			return reply{}, errors.New("what answers does not speak STUN")
		}
	}
}

// receive reads one message.
func (w way) receive() ([]byte, error) {
	b := make([]byte, 2048)
	if !w.stream {
		n, err := w.Read(b)
		return b[:n], err
	}
	head := stunHeader
	if w.framed {
		head = 2
	}
	if _, err := io.ReadFull(w, b[:head]); err != nil {
		return nil, err
	}
	if w.framed {
		n := min(int(binary.BigEndian.Uint16(b)), len(b))
		_, err := io.ReadFull(w, b[:n])
		return b[:n], err
	}
	n := min(stunHeader+int(binary.BigEndian.Uint16(b[2:])), len(b))
	_, err := io.ReadFull(w, b[stunHeader:n])
	return b[:n], err
}
