//go:build race

package corpus

// oneIn is how many of the calls are played: one of so many. The race detector
// makes everything ten times as slow, and finds in a part of them what it can find.
const oneIn = 3
