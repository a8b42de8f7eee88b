// Package callscript runs call scripts: text that a telephone person can read,
// in which phones call each other through the real server. The language is
// described in testdata/calls/README.md.
package callscript
