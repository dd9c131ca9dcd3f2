package reconcile

import (
	"fmt"
	"time"
)

// MaxClockDifference is how far the clock that rules go by may be from the API's.
const MaxClockDifference = 5 * time.Minute

// Clock is the API's time beside ours at one instant, when a reading began. The
// zero value means that the API returned no date.
type Clock struct {
	// API is by the Date header of the API's responses.
	API time.Time
	// Here is the clock of this machine.
	Here time.Time
	// Within is how far off API may be: half of a round trip, and half of the
	// second that the header is exact to.
	Within time.Duration
}

// IsKnown reports whether the API returned its time.
func (c Clock) IsKnown() bool { return !c.API.IsZero() }

// Ahead returns how far the clock of this machine is ahead of the API's;
// negative when it is behind, 0 when that is not known.
func (c Clock) Ahead() time.Duration {
	if !c.IsKnown() {
		return 0
	}
	return c.Here.Sub(c.API)
}

// Check returns a *[ClockError] unless now, the clock that rules go by, is within
// [MaxClockDifference] of the API's. Without it nobody may be released by a rule that
// depends on time, and no freeze be taken as over.
func (c Clock) Check(now time.Time) error {
	if !c.IsKnown() {
		return &ClockError{}
	}
	if ahead := now.Sub(c.API); ahead.Abs()-c.Within > MaxClockDifference {
		return &ClockError{Known: true, Ahead: ahead, Now: now, API: c.API}
	}
	return nil
}

// ClockError says that the clock that rules go by cannot be trusted.
type ClockError struct {
	// Known is false when the API returned no date to compare with.
	Known bool
	// Ahead is how far Now is ahead of API; negative when it is behind.
	Ahead    time.Duration
	Now, API time.Time
}

// Error says what is wrong, and what to do about it.
func (e *ClockError) Error() string {
	if !e.Known {
		return "the API returned no Date header, so the clock cannot be checked, and rules count days by it: " +
			"look for a proxy that removes the header"
	}
	direction := "ahead of"
	if e.Ahead < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("the clock is %s %s the API's (%s, and the API's is %s; at most %s is accepted), and rules count days by it: "+
		"set the clock by NTP, or correct --now",
		e.Ahead.Abs().Round(time.Second), direction,
		e.Now.UTC().Format(time.RFC3339), e.API.UTC().Format(time.RFC3339), MaxClockDifference)
}
