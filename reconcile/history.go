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
	// Announced has, by [EmailKey], the recorded runs that named a person as due.
	Announced map[string][]Announcement
	// Unreadable are the runs of which it is not known what they did, since their
	// records are damaged or cannot be read. Rules that look back to one of them
	// take nothing away.
	Unreadable []UnreadableRun
	// Restored has, by user id, when a revert last gave a seat back.
	Restored map[string]time.Time
	// Returned has, by user id, when runs saw that someone whose seat had been released
	// holds one again.
	Returned map[string][]time.Time
	// Readings are the seats in use after each run.
	Readings []SeatReading
	// KeepsNarrows is true once a narrow has been seen to keep the other half of
	// the seat on this account, unless one has freed the whole seat since.
	KeepsNarrows bool
	// FreedBy is the id of the latest run that took half of a seat whose owner then held
	// none, and "" where a narrow has been seen to keep the other half since.
	FreedBy string
	// HalvedAt is when a run last showed what the API makes of half a seat; zero for never.
	HalvedAt time.Time
}

// Announcement is that a recorded run named a person as due.
type Announcement struct {
	// At is when the run started, and ReadAt when the account was read behind its plan,
	// which may be earlier.
	At, ReadAt time.Time
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
		if run.isSince(since) {
			return run.Why
		}
	}
	return ""
}

// isSince reports whether the run may have been after a time.
func (r *UnreadableRun) isSince(since time.Time) bool { return r.At.IsZero() || r.At.After(since) }

// PastRun is what one recorded run tells the rules that look back, and those who
// count seats and money over time. It is all that is left of a run whose record was
// removed, without emails and announcements then.
type PastRun struct {
	ID         string    `json:"id"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	// Digest is that of the plan that an apply began to carry out, and PlannedAt when
	// that was made; empty for a dry run.
	Digest    string    `json:"digest,omitempty"`
	PlannedAt time.Time `json:"planned_at,omitzero"`
	// Taken are the seats that the run took, or may have taken.
	Taken []PastRelease `json:"taken,omitempty"`
	// Restored are the users, by id, to whom a revert gave a seat back.
	Restored []string `json:"restored,omitempty"`
	// Returned are the users, by id, whom an earlier run had released and who held a
	// seat again when this one read the account.
	Returned []string `json:"returned,omitempty"`
	// Announced has, by [EmailKey], the people whom the run named as due.
	Announced []string `json:"announced,omitempty"`
	// SeatsUsed are the seats in use after the run.
	SeatsUsed int `json:"seats_used"`
}

// PastRelease is a seat that an earlier run took, or half of one.
type PastRelease struct {
	// RunID is that of the run, where a record says it.
	RunID  string    `json:"-"`
	UserID string    `json:"user_id"`
	Email  string    `json:"email,omitempty"`
	At     time.Time `json:"at"`
	// Kind is Release or Narrow; empty means Release.
	Kind   Kind   `json:"kind,omitempty"`
	Reason Reason `json:"reason"`
	// Price is what the seat cost a month, in Currency; empty where it is not known.
	Price    Amount `json:"price,omitempty"`
	Currency string `json:"currency,omitempty"`
	// Group is the person's group, and LastSign the newest sign of activity that the run
	// knew; zero for someone who was never seen.
	Group    string    `json:"group,omitempty"`
	LastSign time.Time `json:"last_sign,omitzero"`
	// Open is true while it is not known whether the seat was taken, and Uncertain where
	// nobody can know any more; see [Outcome]. Both count toward limits, and prove nothing.
	Open      bool `json:"open,omitempty"`
	Uncertain bool `json:"uncertain,omitempty"`
	// FreedSeat is true where half of the seat was asked for and the whole one was gone.
	FreedSeat bool `json:"freed_seat,omitempty"`
	// Unproven is true where half of the seat was taken and that the other was kept is not
	// shown; see [Outcome].
	Unproven bool `json:"unproven,omitempty"`
}

// isCertain reports whether the seat is known to have been taken.
func (p *PastRelease) isCertain() bool { return !p.Open && !p.Uncertain }

// HistoryReach is how far back a [History] has to look for every rule: further
// than the longest window, the longest notice and the usual thresholds.
const HistoryReach = 800 * Day

// PastRunOf returns what a run says to later ones, by its plan and what became of it.
// What it took counts from its end, and whom it named from its start.
func PastRunOf(plan *Plan, started, finished time.Time) PastRun {
	past := PastRun{StartedAt: started, FinishedAt: finished, Announced: plan.announced(), SeatsUsed: plan.SeatsInUse().Used}
	for _, person := range plan.CameBack {
		past.Returned = append(past.Returned, person.UserID)
	}
	if plan.Run == nil {
		return past
	}
	past.ID, past.Digest, past.PlannedAt = plan.Run.ID, plan.Digest, plan.CreatedAt
	for _, outcome := range plan.Run.Outcomes {
		isDone := outcome.Status == Applied
		if outcome.Change < 0 || outcome.Change >= len(plan.Changes) || !isDone && !outcome.Open && !outcome.Uncertain {
			continue
		}
		switch change := &plan.Changes[outcome.Change]; {
		case change.Kind == Release, change.Kind == Narrow:
			past.Taken = append(past.Taken, plan.taken(change, change.Kind, outcome, finished))
		case change.isSwap() && !isDone: // the whole seat may be gone
			past.Taken = append(past.Taken, plan.taken(change, Release, outcome, finished))
		case change.Kind == Grant && change.Reason == Reverted && isDone:
			past.Restored = append(past.Restored, change.UserID)
		case change.Kind == Grant && isDone:
			past.Returned = append(past.Returned, change.UserID)
		}
	}
	return past
}

// taken returns what a change took, or may have taken, by a run that finished at a time.
func (p *Plan) taken(change *Change, kind Kind, outcome Outcome, finished time.Time) PastRelease {
	return PastRelease{
		UserID: change.UserID, Email: change.Email, At: finished, Kind: kind, Reason: change.Reason,
		Group: change.Group, Price: p.Money.PriceOf(change.Group), Currency: p.Summary.Currency,
		LastSign: change.Evidence.lastSign().Time(), Open: outcome.Open, Uncertain: outcome.Uncertain,
		FreedSeat: outcome.FreedSeat, Unproven: outcome.Unproven,
	}
}

// Add takes in one recorded run.
func (h *History) Add(past PastRun) {
	h.Runs++
	for _, taken := range past.Taken {
		taken.RunID = past.ID
		h.learn(&taken)
		h.Taken = append(h.Taken, taken)
	}
	for _, userID := range past.Restored {
		h.restore(userID, past.FinishedAt)
		h.comeBack(userID, past.FinishedAt)
	}
	for _, userID := range past.Returned {
		h.comeBack(userID, past.StartedAt)
	}
	h.Readings = append(h.Readings, SeatReading{At: past.FinishedAt, Used: past.SeatsUsed})
	announced := Announcement{At: past.StartedAt, ReadAt: past.StartedAt}
	if !past.PlannedAt.IsZero() && past.PlannedAt.Before(past.StartedAt) {
		announced.ReadAt = past.PlannedAt
	}
	for _, key := range past.Announced {
		if h.Announced == nil {
			h.Announced = make(map[string][]Announcement)
		}
		h.Announced[key] = append(h.Announced[key], announced)
	}
}

// learn notes what the API made of half a seat; the latest that is known counts.
func (h *History) learn(taken *PastRelease) {
	isKept := taken.Kind == Narrow && taken.isCertain() && !taken.Unproven
	if !isKept && !taken.FreedSeat || taken.At.Before(h.HalvedAt) || isKept && taken.At.Equal(h.HalvedAt) {
		return
	}
	h.HalvedAt, h.KeepsNarrows, h.FreedBy = taken.At, isKept, ""
	if !isKept {
		h.FreedBy = taken.RunID
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

// comeBack notes that a run saw someone in a seat again.
func (h *History) comeBack(userID string, at time.Time) {
	if h.Returned == nil {
		h.Returned = make(map[string][]time.Time)
	}
	h.Returned[userID] = append(h.Returned[userID], at)
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

// announcedBefore returns when the account was read behind the runs that named a person,
// the latest of those that started no later than a time.
func (h *History) announcedBefore(key string, latest time.Time) (readAt time.Time, ok bool) {
	for _, named := range h.Announced[key] {
		if !named.At.After(latest) && named.ReadAt.After(readAt) {
			readAt, ok = named.ReadAt, true
		}
	}
	return readAt, ok
}

// idleReleases returns when each user's seat was last released for inactivity, by id.
func (h *History) idleReleases() map[string]time.Time {
	last := make(map[string]time.Time)
	for i := range h.Taken {
		past := &h.Taken[i]
		if past.Kind != Narrow && past.Reason == Inactive && !past.Uncertain && past.At.After(last[past.UserID]) {
			last[past.UserID] = past.At
		}
	}
	return last
}

// takenSince counts the seats that runs took since a time. Halves count as long
// as they may have been whole seats. One that is dated later than now counts too. So
// does one of which nobody can know whether it was taken; and one of which it is not known
// yet, unless it is counted elsewhere: as taken later, or among the users that this run
// wants to release.
func (h *History) takenSince(since time.Time, wanted map[string]bool) (count int) {
	open := make(map[string]time.Time)
	for i := range h.Taken {
		past := &h.Taken[i]
		switch {
		case !past.At.After(since) || past.Kind == Narrow && h.KeepsNarrows:
		case !past.Open:
			count++
		case !wanted[past.UserID] && past.At.After(open[past.UserID]):
			open[past.UserID] = past.At
		}
	}
	for i := range h.Taken {
		if past := &h.Taken[i]; !past.Open && past.At.After(since) && !past.At.Before(open[past.UserID]) {
			delete(open, past.UserID)
		}
	}
	return count + len(open)
}
