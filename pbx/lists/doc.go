// Package lists keeps lists of numbers that are edited while Dialtone runs, from a
// phone or by dialtone ctl: the block list, whose callers no route sees, and those
// that the configuration names.
package lists
