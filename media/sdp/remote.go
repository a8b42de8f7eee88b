package sdp

import (
	"net/netip"
	"strconv"
	"strings"

	"dialtone/media"
	"dialtone/media/codec"
)

// Remote is what the far side offers for audio.
type Remote struct {
	// Formats are what it accepts, in its order, with its payload types.
	Formats []codec.Format
	// Direction is from its point of view. An address of 0.0.0.0, the hold of
	// RFC 2543, means that it does not receive.
	Direction media.Direction
	// Host is what c= says: an address or a name.
	Host string
	// RTP and RTCP are where it wants to receive; not valid when Host is a name,
	// 0.0.0.0 or a multicast address: then only the packets themselves tell.
	RTP, RTCP netip.AddrPort
	Mux       bool // RTCP may share the port of RTP (RFC 5761)
	Ptime     int  // milliseconds it wants a packet to hold; 0 when it does not say
	MaxPtime  int  // milliseconds a packet may hold; 0 when it does not say
	Levels    media.Levels
	WebRTC    *Peer        // what it says of ICE and DTLS; nil when it wants audio without
	Crypto    bool         // it offers SRTP with a key that can be used
	Secure    bool         // it insists on SRTP (RTP/SAVP, RTP/SAVPF)
	Disabled  bool         // its port is 0: no audio for now
	Video     *RemoteVideo // nil when it has none that can be used
	// Unchanged means that the description is the one in force, to the letter, as
	// in re-INVITEs that only refresh the session (RFC 4028).
	Unchanged bool
}

// readProfile reports whether proto is an RTP profile that we can do, and whether
// it is one of SRTP.
func readProfile(proto string) (secure, ok bool) {
	switch strings.ToUpper(proto) {
	case "RTP/AVP", "RTP/AVPF":
		return false, true
	case "RTP/SAVP", "RTP/SAVPF":
		return true, true
	}
	return overDTLS(proto), overDTLS(proto)
}

// audioLine is an audio m-line of the far side, read.
type audioLine struct {
	Remote

	index   int
	rtcp    netip.AddrPort // unless it shares the port of RTP
	crypto  []cryptoLine
	refused error // why an a=crypto line was left out
}

func isAudio(m *Media) bool { return strings.EqualFold(m.Kind, "audio") }

// readAudio reads m-line i of s, whose profile is known to be one of ours. known
// names payload types that have no a=rtpmap.
func readAudio(s *Session, i int, known []codec.Format) (audioLine, error) {
	m := &s.Media[i]
	secure, _ := readProfile(m.Proto)
	a := audioLine{index: i, Remote: Remote{Secure: secure, Disabled: m.off()}}
	if a.Host = m.Host; a.Host == "" {
		a.Host = s.Host
	}
	if a.Host == "" && !a.Disabled {
		return a, &ParseError{Line: m.line, Reason: "no c= line says where the audio is to go"}
	}
	a.Formats = m.formats(known)
	a.Direction = readDirection(s, m)
	_, a.Mux = attr(m.Attrs, "rtcp-mux")
	a.Ptime, a.MaxPtime = s.millis(m, "ptime"), s.millis(m, "maxptime")
	a.Levels = readLevels(s, m)
	a.crypto, a.refused = m.cryptoLines()
	a.Crypto = len(a.crypto) > 0
	if overDTLS(m.Proto) || secure && !a.Crypto {
		a.WebRTC = s.readPeer(m)
	}
	a.readAddresses(m)
	return a, nil
}

// readAddresses sets where RTP and RTCP go, and takes note of a hold of RFC 2543.
func (a *audioLine) readAddresses(m *Media) {
	if a.Disabled {
		a.Direction = media.Inactive
	}
	if a.Disabled || a.WebRTC != nil { // ICE finds where it is
		return
	}
	addr, err := netip.ParseAddr(a.Host)
	if err == nil && addr.IsUnspecified() {
		a.Direction.Recv = false
	}
	port, host := m.rtcp()
	if addr, ok := unicast(a.Host); ok {
		a.RTP = netip.AddrPortFrom(addr, m.Port)
	}
	if host == "" {
		host = a.Host
	}
	if addr, ok := unicast(host); ok && port != 0 {
		a.rtcp = netip.AddrPortFrom(addr, port)
	}
	if a.RTCP = a.rtcp; a.Mux {
		a.RTCP = a.RTP
	}
}

// rtcp gives the port of a=rtcp:port [IN IP4 host] (RFC 3605), or the one after
// that of RTP; 0 when there is none.
func (m *Media) rtcp() (port uint16, host string) {
	if v, ok := attr(m.Attrs, "rtcp"); ok {
		f := strings.Fields(v)
		if len(f) > 3 {
			host = strings.Trim(f[3], "[]")
		}
		if len(f) > 0 {
			if n, err := strconv.ParseUint(f[0], 10, 16); err == nil && n > 0 {
				return uint16(n), host
			}
		}
	}
	return m.Port + 1, "" // 65535 wraps round to 0
}

// unicast reads an address that packets may be sent to.
func unicast(host string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(host)
	addr = addr.Unmap().WithZone("")
	return addr, err == nil && !addr.IsUnspecified() && !addr.IsMulticast()
}

// readDirection gives the direction of m: its own attribute, the session's, or
// sendrecv (RFC 8866 §6.7).
func readDirection(s *Session, m *Media) media.Direction {
	for _, as := range [...][]Attr{m.Attrs, s.Attrs} {
		for i := range as {
			for _, d := range [...]media.Direction{media.SendRecv, media.SendOnly, media.RecvOnly, media.Inactive} {
				if strings.EqualFold(as[i].Key, d.String()) {
					return d
				}
			}
		}
	}
	return media.SendRecv
}

// millis reads a=ptime and a=maxptime; what makes no sense counts as not said.
func (s *Session) millis(m *Media, key string) int {
	v, _ := s.attr(m, key)
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1000 {
		return 0
	}
	return n
}
