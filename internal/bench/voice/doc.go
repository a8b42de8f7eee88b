// Command voice measures what it costs the processor when Dialtone itself listens and
// speaks: calls between phones of different codecs, conferences and music on hold, over
// real RTP ports on the loopback, in turns with relaying:
//
//	go run ./internal/bench/voice                          # about a minute and a half
//	go run ./internal/bench/voice -rounds 5 -for 10s       # for figures to keep
//	go run ./internal/bench/voice -only conference -profile conference.prof
//
// What is measured runs in a process of its own.
package main
