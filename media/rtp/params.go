package rtp

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dialtone/media"
	"dialtone/media/codec"
)

// Params are what was agreed for one leg by offer and answer.
type Params struct {
	// Send are the formats that the far side accepts, with its payload types and
	// in its order; Recv those that we announced, with ours.
	Send, Recv []codec.Format
	// Direction is from our side.
	Direction media.Direction
	// RemoteRTP and RemoteRTCP are where the far side wants to be sent. With an
	// unspecified address nothing is sent, and what was learnt about its source
	// stays. RemoteRTCP that is not valid means the port after RemoteRTP.
	RemoteRTP, RemoteRTCP netip.AddrPort
	// Mux puts RTCP on the RTP port (RFC 5761).
	Mux bool
	// Ptime is the packet time that the far side asks for, in ms; 0 means 20.
	Ptime int
	// Levels are said and believed in the headers of packets (RFC 6464).
	Levels media.Levels
	// Feedback is what the far side takes about its video.
	Feedback Feedback
	// SendTime is the number of the header extension that says when a packet of video was
	// sent; 0 is none.
	SendTime uint8
	// Crypto encrypts; nil is plain RTP.
	Crypto *Crypto
	// TrustSignalled accepts audio from RemoteRTP only: never from another
	// address, even if nothing comes from there.
	TrustSignalled bool
}

// maxFormats bounds the lists of formats; nobody has so many.
const maxFormats = 64

// session is what was agreed, made ready for use per packet. It is not changed.
type session struct {
	send, recv []codec.Format
	byPT       [128]uint8 // 1 + index in recv; 0 when unknown
	direction  media.Direction
	mux        bool
	ptime      time.Duration
	levels     media.Levels
	feedback   Feedback
	sendTime   uint8
}

func newSession(p Params, old *session) (*session, error) {
	if len(p.Send) > maxFormats || len(p.Recv) > maxFormats {
		return nil, fmt.Errorf("more than %d formats", maxFormats)
	}
	s := &session{
		send:      slices.Clone(p.Send),
		recv:      slices.Clone(p.Recv),
		direction: p.Direction,
		mux:       p.Mux,
		levels:    p.Levels,
		feedback:  p.Feedback,
		sendTime:  p.SendTime,
		ptime:     time.Duration(p.Ptime) * time.Millisecond,
	}
	if p.Ptime == 0 {
		s.ptime = 20 * time.Millisecond
	}
	if id := max(p.Levels.ID, p.SendTime); id > maxLevelID {
		return nil, fmt.Errorf("a header extension has the number %d, the highest is %d", id, maxLevelID)
	}
	// Whoever has decided what to do with a format did so by its address: it stays
	// the same as long as nothing about the formats changes.
	if old != nil && slices.Equal(old.recv, s.recv) {
		s.recv = old.recv
	}
	for _, f := range s.send {
		if f.PT > 127 {
			return nil, fmt.Errorf("format %v has payload type %d, the highest is 127", f, f.PT)
		}
	}
	for i, f := range s.recv {
		if f.PT > 127 {
			return nil, fmt.Errorf("format %v has payload type %d, the highest is 127", f, f.PT)
		}
		if s.byPT[f.PT] == 0 {
			s.byPT[f.PT] = uint8(i + 1)
		}
	}
	return s, nil
}

// format gives what the far side sends with payload type pt, nil if that was
// not agreed.
func (s *session) format(pt uint8) *codec.Format {
	if i := s.byPT[pt&0x7f]; i > 0 {
		return &s.recv[i-1]
	}
	return nil
}

// payloadType gives what the far side calls f.
func (s *session) payloadType(f codec.Format) (pt uint8, ok bool) {
	for _, g := range s.send {
		if g.Same(f) {
			return g.PT, true
		}
	}
	return 0, false
}

// sends gives what the far side calls pt, nil when it does not know it.
func (s *session) sends(pt uint8) *codec.Format {
	for i := range s.send {
		if s.send[i].PT == pt {
			return &s.send[i]
		}
	}
	return nil
}

// clean gives a in one spelling: no IPv4 in IPv6, and no zone, which is that of
// the local address.
func clean(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// reachable reports whether a can be sent to.
func reachable(a netip.AddrPort) bool {
	return a.IsValid() && !a.Addr().IsUnspecified() && a.Port() != 0
}
