// Package sipedge is the door of the PBX: every SIP message comes in and goes
// out here, and what is behind it meets only valid requests, in the order in
// which they arrived.
//
// Of sipgo it uses the message types. Sockets, framing, parsing and transactions
// (RFC 3261 §17, RFC 6026) are its own, because sipgo's read loops hand every
// message to a goroutine of its own (a CANCEL overtakes its INVITE), remember every
// UDP source for ever, close a TCP connection for one bad message and dial the port
// of a phone that has gone, and because its transactions keep both messages, parsed,
// for 32 s after the answer. Of its package variables only T1, T2 and T4 are read;
// their defaults are those of RFC 3261.
//
// A message on its way in:
//
//	udp.go, stream.go   read; admit.go: deny list, rate of the source
//	websocket.go        messages that come whole, from where WebSockets are accepted
//	frame.go            where a message begins and ends on a stream
//	parse*.go           text to sip.Request or sip.Response, or a fault
//	validate.go         what RFC 3261 §8.2 asks of every request
//	dispatch.go         retransmission, ACK, CANCEL, merged and looped requests
//	server_tx.go        the transaction that the handler sees
//	finished.go         what stays of it after its final answer
//	lane.go             order among the requests of one Call-ID
//	handler.go          the handler, recovered
//
// A message on its way out is completed (send.go, answer.go), made safe and written
// once, as text (encode.go). That text is what a transaction keeps to repeat;
// client_tx.go follows a request of ours. Timers are queues, one per duration
// (expiry.go).
//
// # How a handler sees that its INVITE was cancelled
//
// The context given to the handler is cancelled, once, with the cause
// ErrCancelled. By then the edge has answered the CANCEL with 200 and the INVITE
// with 487, so there is nothing left to send: Respond returns ErrAnswered. A
// CANCEL that overtook its INVITE on the network waits half a second for it; the
// handler then starts with a context that is already cancelled. tx.OnCancel is
// for those who want to read the CANCEL itself.
//
// The same context ends with ErrFlowGone when the caller's connection closes
// before the request was answered, with the error of the transaction when it
// fails otherwise, and when the edge stops. A final answer does not end it: it
// stays until the handler has returned.
//
// # Order
//
// Handlers of the same Call-ID start in order of arrival. The next one starts
// when the one before has sent its first answer, has called Next, has returned,
// or has taken half a second. Who called Next gets another turn by Again.
package sipedge
