// Package plantest runs the tests of a dialplan: calls by simulated phones,
// through the switchboard and the plan that serve real ones, in time that is
// simulated too.
//
// # From text to result
//
//	*_test.yaml ── Read ──▶ Suite ── Run ──▶ Results ── Report, TAP, JUnit
//	plan ───────────┘                          └─────── Coverage
//
// A Suite is one file of tests with its plan. Each Case is run alone: a world of
// phones (world.go) is made, a caller (leg.go) is let in to a call.Switchboard,
// and what happens is Observed. A Result compares that with what was expected.
//
// # Time
//
// Every case runs in a bubble of testing/synctest (bubble.go): the clock in it
// stands still while anything has something to do, and jumps to the next timer
// when nothing has. So the switchboard's own timers are the ones that are tested,
// a conversation of an hour takes no time, and the same test always has the same
// result. Of things that happen at the same moment the dialplan's own come first,
// then phones in the order of the file, then the caller.
package plantest
