//go:build !race

package quality

// oneIn is how many of the pairs are tried: one of so many.
const oneIn = 1
