// Package guard keeps the house in order: its tests read the source of all other
// packages and fail where a rule of ARCHITECTURE.md is broken.
package guard
