// Package turn is a relay for browsers whose network lets hardly anything through: TURN
// (RFC 8656) over TCP, TLS and UDP, and STUN. Others bring the connections.
//
// The relay ends in this process. A relayed address is a name only: no port is opened for
// it, and what a browser sends through it is handed to the part of the program that
// would have got it over UDP. So the relay reaches nothing but Dialtone itself, whatever is asked
// of it, and needs neither ports nor firewall rules of its own.
package turn
