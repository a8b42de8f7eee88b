//go:build race

package quality

// oneIn is how many of the pairs are tried: one of so many. The race detector makes each
// ten times as slow and finds in a part of them what it can find; make test tries all without.
const oneIn = 4
