package reconcile

import (
	"cmp"
	"slices"
	"time"
)

// FreedSeat is a seat that a recorded run released, and how long it stayed free.
type FreedSeat struct {
	PastRelease
	// Back is when a recorded run first saw that the person holds a seat again; zero
	// where none has.
	Back time.Time
	// Restored is true where a revert gave the seat back, and not a login.
	Restored bool
}

// CameBack is someone whose seat was released and who holds one again.
type CameBack struct {
	// UserID is the one that was released; the account may have another one now.
	UserID string `json:"user_id"`
	Email  string `json:"email"`
	// ReleasedAt is when the run ended that released the seat.
	ReleasedAt time.Time `json:"released_at"`
}

// SeatReading is how many seats were in use after a run.
type SeatReading struct {
	At   time.Time
	Used int
	// Account is set where readings are of several accounts.
	Account string
}

// Freed returns every seat that the recorded runs released, the earliest first. Half
// a seat is none, and neither is one of which it is not known whether it was taken.
func (h *History) Freed() []FreedSeat {
	freed := make([]FreedSeat, 0, len(h.Taken))
	for i := range h.Taken {
		if h.Taken[i].Kind != Narrow && h.Taken[i].isCertain() {
			freed = append(freed, h.freed(&h.Taken[i]))
		}
	}
	slices.SortStableFunc(freed, func(a, b FreedSeat) int {
		if at := a.At.Compare(b.At); at != 0 {
			return at // most of the time
		}
		return cmp.Or(cmp.Compare(EmailKey(a.Email), EmailKey(b.Email)), cmp.Compare(a.UserID, b.UserID))
	})
	// A seat that was released again was in use before, whether or not a run saw it.
	again := make(map[string]time.Time)
	for i := range slices.Backward(freed) {
		seat := &freed[i]
		if next, ok := again[seat.UserID]; ok && (seat.Back.IsZero() || seat.Back.After(next)) {
			seat.Back = next
		}
		again[seat.UserID] = seat.At
	}
	return freed
}

// freed follows one release to the first run that saw the person in a seat again.
func (h *History) freed(release *PastRelease) FreedSeat {
	seat := FreedSeat{PastRelease: *release}
	for _, seen := range h.Returned[release.UserID] {
		if seen.After(release.At) && (seat.Back.IsZero() || seen.Before(seat.Back)) {
			seat.Back = seen
		}
	}
	seat.Restored = !seat.Back.IsZero() && seat.Back.Equal(h.Restored[release.UserID])
	return seat
}

// cameBack finds who holds a seat again since a recorded run released it, and of
// whom no earlier run has seen that.
func (p *planner) cameBack() []CameBack {
	back := []CameBack{}
	free := make(map[string]PastRelease)
	for _, seat := range p.options.History.Freed() { // the latest of each person counts
		delete(free, seat.UserID)
		if seat.Back.IsZero() && seat.At.Before(p.now) {
			free[seat.UserID] = seat.PastRelease
		}
	}
	for _, r := range p.returners(free) {
		back = append(back, CameBack{UserID: r.release.UserID, Email: r.Email, ReleasedAt: r.release.At.UTC().Truncate(time.Second)})
	}
	return back
}

// returner is someone whose seat was released and who holds one.
type returner struct {
	*subject
	release PastRelease
}

// returners finds who holds a seat of those whom the releases, by user id, are about. An
// account may make someone anew: where it does not have the id any more, whoever has the
// email and was made since is meant.
func (p *planner) returners(releases map[string]PastRelease) (back []returner) {
	if len(releases) == 0 {
		return nil
	}
	isHere := make(map[string]bool)
	for i := range p.subjects {
		if _, ok := releases[p.subjects[i].ID]; ok {
			isHere[p.subjects[i].ID] = true
		}
	}
	former := make(map[string][]string) // ids, by EmailKey
	for id, release := range releases {
		if key := EmailKey(release.Email); key != "" && !isHere[id] {
			former[key] = append(former[key], id)
		}
	}
	for i := range p.subjects {
		s := &p.subjects[i]
		if !s.HoldsSeat() {
			continue
		}
		if release, ok := releases[s.ID]; ok {
			back = append(back, returner{s, release})
		}
		for _, id := range slices.Sorted(slices.Values(former[s.key])) {
			if release := releases[id]; !s.CreatedAt.IsKnown() || s.CreatedAt.After(release.At) {
				back = append(back, returner{s, release})
				former[s.key] = slices.DeleteFunc(former[s.key], func(other string) bool { return other == id }) // each came back once
			}
		}
	}
	return back
}

// lastSign returns the newest known sign of activity; none where there is none.
func (e *Evidence) lastSign() Moment {
	sign := Moment{}
	for _, moment := range [...]Moment{e.LastSuccessfulLogin, e.DeviceLastSeen} {
		if moment.IsKnown() {
			sign = sign.Newest(moment)
		}
	}
	return sign
}
