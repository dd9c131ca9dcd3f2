package reconcile

import "errors"

// What the tests of the package, which read files with package desired and so stand outside, need to know of it.
const (
	MaxBuckets       = maxBuckets
	RefusalsToGiveUp = refusalsToGiveUp
)

// ProtectedBy returns the first pattern that covers an email.
func (p *Policy) ProtectedBy(key string) *Glob { return p.protectedBy(key) }

// IsInFlight reports whether a cause was made by [InFlight].
func IsInFlight(cause error) bool { return errors.As(cause, new(inFlightError)) }

// Proposed returns what a file asks for, before anything is held.
func Proposed(desired *Desired, live *Live, options PlanOptions) []Change {
	return newPlanner(desired, live, options).propose()
}

// Covers reports whether a pattern matches a text, both in the form that is compared.
func Covers(pattern, text string) bool { return covers(pattern, text) }
