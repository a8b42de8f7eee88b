// Command conference measures what one conference costs the processor, over real RTP
// ports on the loopback, and compares it with what relaying the same packets costs:
//
//	go run ./internal/bench/conference -members 100 -speakers 3 -for 20s
//
// All members send 50 packets of PCMU a second, those that do not speak silence, as
// phones do. What is measured runs in a process of its own.
package main
