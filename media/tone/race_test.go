//go:build race

package tone

// oneIn is how much of what is no key is listened to: one of so many. The race detector makes
// it ten times as slow; make test listens to all without.
const oneIn = 5
