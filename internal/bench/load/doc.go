// Command load measures a whole Dialtone from outside: it starts the binary,
// plays phones over loopback sockets, and prints what the server's process took
// per registration, per call and per relayed call. docs/benchmarks.md says how the
// figures are made and how far they can be trusted.
package main
