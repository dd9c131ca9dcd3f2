package reconcile

import "time"

// History is what the recorded runs of an account know, for the rules that look
// back: limits over time, returns, announcements. Its zero value is an account
// without records. A store fills it with [History.Add], run by run.
type History struct {
	// Runs counts the recorded runs that had a plan.
	Runs int
	// Taken are the seats that runs released or narrowed.
	Taken []PastRelease
	// Announced has, by [EmailKey], when recorded runs named a person as due.
	Announced map[string][]time.Time
	// Unreadable are the runs of which it is not known what they did, since their
	// records are damaged or cannot be read. Rules that look back to one of them
	// take nothing away.
	Unreadable []UnreadableRun
	// Restored has, by user id, when a revert last gave a seat back.
	Restored map[string]time.Time
	// KeepsNarrows is true once a narrow has been seen to keep the other half of
	// the seat on this account.
	KeepsNarrows bool
}

// UnreadableRun is a run whose record does not say all that it did.
type UnreadableRun struct {
	// At is when the run started; zero where that is not known.
	At time.Time
	// Why says what is wrong with the record.
	Why string
}

// unreadableSince says why it is not known what runs did since a time, or "".
func (h *History) unreadableSince(since time.Time) string {
	for _, run := range h.Unreadable {
		if run.At.IsZero() || run.At.After(since) {
			return run.Why
		}
	}
	return ""
}

// PastRelease is a seat that an earlier run took, or half of one.
type PastRelease struct {
	UserID string
	Email  string
	At     time.Time
	// Kind is Release or Narrow; empty means Release.
	Kind   Kind
	Reason Reason
}

// HistoryReach is how far back a [History] has to look for every rule: further
// than the longest window, the longest notice and the usual thresholds.
const HistoryReach = 800 * Day

// Add takes in one recorded run by its plan. What it took counts from its end, and
// whom it named from its start.
func (h *History) Add(plan *Plan, started, finished time.Time) {
	h.Runs++
	for i := range plan.Applied() {
		change := &plan.Changes[i]
		if change.Kind == Grant && change.Reason == Reverted {
			h.restore(change.UserID, finished)
		}
		if change.Kind != Release && change.Kind != Narrow {
			continue
		}
		h.KeepsNarrows = h.KeepsNarrows || change.Kind == Narrow
		h.Taken = append(h.Taken, PastRelease{
			UserID: change.UserID, Email: change.Email, At: finished, Kind: change.Kind, Reason: change.Reason,
		})
	}
	for _, key := range plan.announced() {
		if h.Announced == nil {
			h.Announced = make(map[string][]time.Time)
		}
		h.Announced[key] = append(h.Announced[key], started)
	}
}

// restore notes that a revert gave a seat back.
func (h *History) restore(userID string, at time.Time) {
	if h.Restored == nil {
		h.Restored = make(map[string]time.Time)
	}
	if at.After(h.Restored[userID]) {
		h.Restored[userID] = at
	}
}

// announced returns the people whom the plan names as due for inactivity, by
// [EmailKey]: in a notice, as a release, or held as not announced yet.
func (p *Plan) announced() (keys []string) {
	for i := range p.Findings {
		if p.Findings[i].Code == CodeNotice && p.Findings[i].Email != "" {
			keys = append(keys, EmailKey(p.Findings[i].Email))
		}
	}
	for i := range p.Changes {
		change := &p.Changes[i]
		isNamed := change.WillBeDone() || change.Held == HeldNotAnnounced
		if change.Reason == Inactive && isNamed && change.Email != "" {
			keys = append(keys, EmailKey(change.Email))
		}
	}
	return keys
}

// announcedBefore returns the latest run that named a person, of those no later
// than a time.
func (h *History) announcedBefore(key string, latest time.Time) (at time.Time, ok bool) {
	for _, named := range h.Announced[key] {
		if !named.After(latest) && named.After(at) {
			at, ok = named, true
		}
	}
	return at, ok
}

// idleReleases returns when each user's seat was last released for inactivity, by id.
func (h *History) idleReleases() map[string]time.Time {
	last := make(map[string]time.Time)
	for i := range h.Taken {
		past := &h.Taken[i]
		if past.Kind != Narrow && past.Reason == Inactive && past.At.After(last[past.UserID]) {
			last[past.UserID] = past.At
		}
	}
	return last
}

// takenSince counts the seats that runs took since a time. Halves count as long
// as they may have been whole seats. One that is dated later than now counts too.
func (h *History) takenSince(since time.Time) (count int) {
	for i := range h.Taken {
		if h.Taken[i].At.After(since) && (h.Taken[i].Kind != Narrow || !h.KeepsNarrows) {
			count++
		}
	}
	return count
}
