// Package quality is tests only: what becomes of speech and tones on their way through
// real ports, for each two codecs, with and without loss. They print what they find:
//
//	go test -v -run Speech ./internal/bench/quality
package quality
