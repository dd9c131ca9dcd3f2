package reconcile

import (
	"fmt"
	"time"
)

// Freeze is a window in which nothing is applied: an apply that falls into it is
// a dry run. Of several windows one is enough, whatever the schedule says. It is
// either some days or a time that comes again.
type Freeze struct {
	// From and Until are the first and the last day; zero for one that comes again.
	From, Until Date
	// Cron is when it begins, again and again, and For how long it lasts.
	Cron string
	For  time.Duration
	// Reason is for people.
	Reason string
	At     Position
}

// String says what the window is, for people.
func (f *Freeze) String() string {
	when := fmt.Sprintf("%s to %s", f.From, f.Until)
	if f.Cron != "" {
		when = fmt.Sprintf("%s for %s", f.Cron, FormatDuration(f.For))
	}
	text := fmt.Sprintf("policy.freeze %s (%s:%d)", when, f.At.File, f.At.Line)
	if f.Reason != "" {
		text += ": " + f.Reason
	}
	return text
}
