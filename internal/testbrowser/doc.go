// Package testbrowser is the audio of a browser for tests: a full ICE agent, DTLS and
// SRTP of pion, with the session descriptions of a browser. It shares no code with the
// server that it tests.
package testbrowser
