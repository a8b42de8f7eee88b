//go:build !race

package corpus

// oneIn is how many of the calls are played: one of so many.
const oneIn = 1
