// Package testphone is a SIP phone for tests: it registers, dials, answers,
// speaks and listens over real sockets, and misbehaves when told to. It shares
// no code with the server that it tests: the dialogs, the SDP, the RTP and the
// codecs in here are its own, on the message parser and the transactions of
// sipgo.
//
// Messages are handled in the order of their arrival. Every wait ends with its
// context or, when that has no deadline, after Options.Patience; a failure is
// reported through T.Fatalf with all that the phone sent and received.
package testphone
