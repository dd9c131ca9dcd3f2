package reconcile

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"
)

// ReleaseLimit is policy.limits.releases: the most seats one run may release, as
// a count, a share of the seats in use, or both, of which the lower counts. The
// zero value is the default, 25% of the seats in use, at least one.
type ReleaseLimit struct {
	// Count is nil when the limit names no count.
	Count *int
	// Percent is nil when the limit names no percentage.
	Percent *big.Rat
	At      Position
}

// defaultPercent is the limit of a file that sets none.
const defaultPercent = 25

// WindowLimit is an entry of policy.limits.releases_per: the most seats that all
// recorded runs of the last days may release, this one included.
type WindowLimit struct {
	Days  int
	Limit ReleaseLimit
}

// resolve returns the most releases for an account with so many seats in use,
// and where the number comes from, for people. A percentage is rounded down,
// but to no less than one seat unless it is 0%.
func (l ReleaseLimit) resolve(seatsUsed int) (releases int, from string) {
	percent := l.Percent
	if percent == nil && l.Count == nil {
		percent = big.NewRat(defaultPercent, 1)
	}
	if percent == nil {
		return *l.Count, "limits.releases: " + strconv.Itoa(*l.Count)
	}
	share := shareOf(percent, seatsUsed)
	from = fmt.Sprintf("%s of %s in use", formatPercent(percent), Count(seatsUsed, "seat"))
	if l.Count != nil && *l.Count <= share {
		return *l.Count, fmt.Sprintf("limits.releases: %d, below %s", *l.Count, from)
	}
	return share, from
}

// limit counts what the limits of the run are about, and holds what is beyond them.
func (p *planner) limit(changes []Change, subjects []*subject) Limit {
	limit := Limit{Windows: make([]Window, 0, len(p.desired.Policy.Windows))}
	limit.Releases, limit.From = p.desired.Policy.Releases.resolve(p.seats.Used)
	if allowed := p.options.AllowReleases; allowed != nil {
		limit.Releases, limit.From = *allowed, fmt.Sprintf("--allow-releases %d", *allowed)
		limit.Replaced = true
	}
	limit.carry(&p.desired.Policy)
	isWanted := func(change *Change) bool { return change.WillBeDone() || change.Held == HeldLimit }
	for i := range changes {
		if change := &changes[i]; change.Kind == Narrow && isWanted(change) && !p.options.History.KeepsNarrows {
			limit.UnprovenNarrows++
		}
	}
	var wanted []candidate
	for i := range changes {
		if change := &changes[i]; limit.Counts(change) && isWanted(change) {
			wanted = append(wanted, candidate{change: change, subject: subjects[i]})
		}
	}
	limit.Wanted = len(wanted)
	counted := make(map[string]bool, len(wanted))
	for _, candidate := range wanted {
		counted[candidate.change.UserID] = true
	}
	room := limit.Releases
	because := ""
	for _, window := range p.desired.Policy.Windows {
		row := Window{Days: window.Days, Wanted: limit.Wanted}
		row.Allowed, _ = window.Limit.resolve(p.seats.Used)
		since := p.now.Add(-time.Duration(window.Days) * Day)
		row.Used = p.options.History.takenSince(since, counted)
		if p.options.AllowReleases == nil {
			row.Tripped = row.Wanted > row.Allowed-row.Used
			room = min(room, row.room())
			if why := p.options.History.unreadableSince(since); why != "" {
				row.Tripped, row.Unknown = limit.Wanted > 0, true
				room, because = 0, unreadableBecause(row.Days, why)
			}
		}
		limit.Windows = append(limit.Windows, row)
	}
	p.holdBeyond(wanted, room, &limit, because)
	return limit
}

// Counts reports whether a change counts toward the limits: it frees a seat, or may.
func (l *Limit) Counts(change *Change) bool { return change.Kind == Release || l.isUnproven(change) }

// isUnproven reports whether a change takes half of a seat and may free the whole one: a
// narrow, until one has been seen to keep the other half, and a swap of the halves, since
// the API may take the one and not give the other.
func (l *Limit) isUnproven(change *Change) bool {
	return change.Kind == Narrow && l.UnprovenNarrows > 0 || change.isSwap()
}

// unreadableBecause says why a rule that looks back holds.
func unreadableBecause(days int, why string) string {
	return fmt.Sprintf("what runs of the last %s released is not known (%s): repair or remove that record, or pass --allow-releases",
		Count(days, "day"), why)
}

// holdBeyond holds what there is no room for: everything, or all but the first.
// What a saved plan held is not done because there is more room now. The sentence
// is the limit's own where because is empty.
func (p *planner) holdBeyond(wanted []candidate, room int, limit *Limit, because string) {
	if limit.Wanted > room {
		if p.desired.Policy.Beyond == BeyondLongestIdle {
			slices.SortStableFunc(wanted, p.compareUrgency)
		} else {
			room = 0
		}
	} else {
		room = limit.Wanted
	}
	because = cmp.Or(because, limit.Sentence())
	for i, candidate := range wanted {
		if i >= room && candidate.change.WillBeDone() {
			candidate.change.holdBack(HeldLimit, because)
		}
		limit.Tripped = limit.Tripped || candidate.change.Held == HeldLimit
	}
}

// compareUrgency orders changes for the limit: what is held already last, what the
// file names first, then the longest idle. Whoever was never seen counts from the
// making of the record, and a date that cannot be read from now.
func (p *planner) compareUrgency(a, b candidate) int {
	order := func(c candidate) (isHeld, isNamed int, idleSince time.Time) {
		if !c.change.WillBeDone() {
			isHeld = 1
		}
		if c.change.Reason == Unlisted || c.change.Reason == Inactive || c.change.Reason == Departed {
			isNamed = 1
		}
		since := p.readable(c.change.Evidence.LastSuccessfulLogin).Newest(p.readable(c.change.Evidence.DeviceLastSeen))
		if since.IsNone() {
			since = p.readable(c.change.Evidence.CreatedAt)
		}
		if len(c.change.Evidence.Unreadable) > 0 || !since.IsKnown() {
			return isHeld, isNamed, p.now
		}
		return isHeld, isNamed, since.Time()
	}
	heldA, namedA, idleA := order(a)
	heldB, namedB, idleB := order(b)
	return cmp.Or(cmp.Compare(heldA, heldB), cmp.Compare(namedA, namedB), idleA.Compare(idleB))
}

// windowThatHolds returns the window that leaves fewer releases than the limit of
// the run, the tightest of them, or nil; first one of which it is not known what was
// used.
func (l *Limit) windowThatHolds() (tightest *Window) {
	room := l.Releases
	for i := range l.Windows {
		window := &l.Windows[i]
		switch {
		case !window.Tripped:
		case window.Unknown:
			return window
		case window.room() < room:
			tightest, room = window, window.room()
		}
	}
	return tightest
}

// room is how many releases earlier runs have left in the window.
func (w *Window) room() int { return max(0, w.Allowed-w.Used) }

// Phrase names the limit that counts: "limit of 15", "limit of 40 releases in 7 days".
func (l *Limit) Phrase() string {
	if window := l.windowThatHolds(); window != nil {
		return fmt.Sprintf("limit of %s in %s", Count(window.Allowed, "release"), Count(window.Days, "day"))
	}
	return "limit of " + Number(l.Releases)
}

// Sentence says how many releases are wanted, and what the limits allow.
func (l *Limit) Sentence() string {
	if window := l.windowThatHolds(); window != nil {
		return fmt.Sprintf("%s wanted, %s", Count(l.Wanted, "release"), window.sentence("allowed"))
	}
	return fmt.Sprintf("%s wanted, at most %s allowed (%s)", Count(l.Wanted, "release"), Number(l.Releases), l.From)
}

// sentence says what the window leaves: "at most 40 allowed in 7 days, and earlier
// runs took 12".
func (w *Window) sentence(allowed string) string {
	text := fmt.Sprintf("at most %s %s in %s, and ", Number(w.Allowed), allowed, Count(w.Days, "day"))
	if w.Unknown {
		return text + "what earlier runs took is not known"
	}
	return text + "earlier runs took " + Number(w.Used)
}

// shareOf returns percent of seats, rounded down to at least 1, or 0 for 0%.
func shareOf(percent *big.Rat, seats int) int {
	if percent.Sign() == 0 {
		return 0
	}
	share := new(big.Rat).Mul(percent, big.NewRat(int64(seats), 100))
	whole := new(big.Int).Quo(share.Num(), share.Denom())
	return max(1, int(whole.Int64()))
}

// formatPercent writes a percentage without decimals that say nothing.
func formatPercent(percent *big.Rat) string {
	decimals, _ := percent.FloatPrec()
	return percent.FloatString(decimals) + "%"
}
