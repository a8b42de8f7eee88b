// Package dialplan decides what happens to a call: it matches what is known of
// the call against routes and runs the steps of the one that fits, through the
// verbs of a Session. It also names the causes for which calls end.
package dialplan
