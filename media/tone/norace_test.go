//go:build !race

package tone

// oneIn is how much of what is no key is listened to: one of so many.
const oneIn = 1
