//go:build !race

package main

// oneIn is how many of the mutants are tried: one of so many.
const oneIn = 1
