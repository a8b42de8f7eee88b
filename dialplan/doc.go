// Package dialplan decides what happens to a call: it matches what is known of
// the call against routes and runs the steps of the one that fits, through the
// verbs of a Session. It also names the causes for which calls end.
//
// # From text to plan
//
// Package config decodes the YAML into a Spec: plain structs, whose doc comments
// are the manual and whose texts know where they stand. Compile checks a Spec,
// says everything that is wrong with it as Findings, and makes the immutable
// Plan. A reload makes a new one.
//
//	Spec ── Compile ──▶ Plan, Findings
//	                     │
//	Facts ── NewRun ─────┴──▶ Run ── Run.Do(ctx) ──▶ *Ended, and a Trace
//
// # From call to end
//
// A Run is one call on its way through plans. It has the call's variables, asks
// the plan in force at each decision (so a goto after a reload asks the new
// one), and writes a Trace of every route that it considered and every step that
// it took. Do runs the steps through a Session; Decide only decides, for a dry
// run: it gives the route that fits and touches no Session.
//
// # Who implements what
//
// Session is the call: the verbs from which steps are made. Package pbx/call
// implements it, a simulation may. Phones says which extensions are busy or
// registered; deciding asks nothing else of the world, and takes the time from
// Run.Now, so it is pure. Step is one verb of the language: a struct in a file of
// its own (step_NAME.go), one row in the table of steps.go.
package dialplan
