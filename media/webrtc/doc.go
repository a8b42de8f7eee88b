// Package webrtc is how audio reaches browsers: ICE and DTLS-SRTP on one UDP port for
// all of them. We are an ICE-lite agent (RFC 8445 §2.5), one that has an address which
// can be reached and only answers the checks of the far side; the keys of SRTP come of a
// DTLS handshake (RFC 5764) with a certificate that signalling has vouched for. The audio
// itself is that of media/rtp.
//
// A datagram is taken in this order: a check with the credentials of a leg makes its
// source one of that leg; DTLS and SRTP are taken from such sources only; audio is
// believed only when it has been encrypted with the keys of that handshake. So strangers
// cost a look into a map, whatever they send, and leave nothing behind.
package webrtc
