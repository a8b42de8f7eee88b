// Package script runs small programs in Starlark, a dialect of Python, that
// decide where the table of a dialplan is not enough.
//
// A program sees the call's variables and can set some, go on elsewhere or hang
// up; nothing else. It has no files, no network, no clock and no chance, so that
// the same variables always have the same Result.
//
// # Bounds
//
// The interpreter counts steps, and its caller's context and a clock can stop it
// between two of them. One step, however, can take any time and memory:
// "x" * 1000000000. So Compile rewrites the program (rewrite.go): everything
// that can make a value bigger than those it is made of, or walk through one,
// becomes a call of a function that weighs first (weigh.go). A program that
// exceeds a bound ends with an Error that says which.
package script
