// Package reconcile is the heart of seatsync: it compares the seats and names
// that a team declares in git with those that a Cloudflare Zero Trust account
// has, decides what may be done about the difference, and describes it as a
// [Plan] that people review and [Apply] carries out.
//
// The flow, in the words of the code:
//
//	desired.Load(path)         → Desired    every value knows its file and line
//	Source.Snapshot(ctx)       → Live       complete, or an error
//	MakePlan(Desired, Live, …) → Plan       what differs and why, what may be done, what is held
//	Calls(Plan)                → []Call     the fewest requests that do it
//	Apply(ctx, Sink, Plan, …)  → Run        what was done, item by item
//
// The package must never ask the clock, open a file or a connection, or know how
// files and the API spell what they say: the time is an argument, the files are
// read by package desired, the account is behind [Source] and [Sink], and what
// cannot be known stays unknown through every step.
//
// Read on in desired.go for the file and planner.go for how a plan is made:
// subject.go and match.go join what is known of each person, activity.go judges
// it, propose.go says what the file asks for, and hold.go has the rules that hold
// a change back. plan.go is the result, outcome.go says what became of a change,
// vocabulary.go has the words of both, and apply.go does the writing.
package reconcile
