// Package webrtc is how audio reaches browsers: ICE and DTLS-SRTP on one UDP port for
// all of them. Where the far side can reach us, we are a lite agent of ICE (RFC 8445 §2.5)
// and only answer its checks; behind NAT we are a full one, which looks for ways and asks for
// consent as well, with what all calls together send to strangers bounded. The keys of
// SRTP come of a DTLS handshake (RFC 5764) with a certificate that signalling has vouched
// for. The audio itself is that of media/rtp.
//
// A datagram is taken in this order: a check with the credentials of a leg makes its
// source one of that leg; DTLS and SRTP are taken from such sources only; audio is
// believed only when it has been encrypted with the keys of that handshake. So strangers
// cost a look into a map, whatever they send, and leave nothing behind.
package webrtc
