// Package sdp reads and writes session descriptions (RFC 8866) and negotiates
// the one audio stream of a dialog with them: offer and answer (RFC 3264), the
// profiles and payload types of RTP (RFC 3551), rtcp-mux (RFC 5761), a=rtcp
// (RFC 3605), SRTP keys in SDP (RFC 4568, RFC 7714), and for browsers ICE, DTLS and
// bundles (RFC 8839, RFC 8842, RFC 9143). It knows no SIP and no sockets.
package sdp
