package pbx

import (
	"net/netip"
	"slices"

	"dialtone/media/webrtc"
)

// webrtc says how audio reaches browsers.
func (s *Server) webrtc(port int) webrtc.Options {
	media := s.Config().Media
	return webrtc.Options{
		Port: uint16(port), Engine: s.engine, Log: s.Log, STUN: media.STUNServer(), //nolint:gosec // was checked
		Mode: map[string]webrtc.Mode{"lite": webrtc.Lite, "full": webrtc.Full}[media.ICE],
		Near: func(a netip.Addr) bool {
			return slices.ContainsFunc(s.Config().SIP.LocalPrefixes(), func(n netip.Prefix) bool { return n.Contains(a) })
		},
	}
}
