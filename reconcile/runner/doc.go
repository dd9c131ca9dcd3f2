// Package runner tells the story of a run, once: every apply, by hand or
// unattended, of a fresh or a saved plan, on an account or on a stand-in for one,
// goes through [Runner.Apply], and every dry run through [Runner.Plan].
//
// It must never read a file of the desired state, parse a flag, print, or know
// which API it speaks to: it is given values and returns a [Result]. Whether to go
// on is asked through [Runner.Confirm]. A dry run has no writer: nothing but Apply
// asks for a sink, and it does so when the plan has been confirmed and recorded.
//
// Read on in apply.go for the story from top to bottom, plan.go for what a dry run
// is, saved.go for what a saved plan must be to be applied, and recover.go for
// runs that were killed.
package runner
