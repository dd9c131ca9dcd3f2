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
	UserID string `json:"user_id"`
	Email  string `json:"email"`
	// ReleasedAt is when the run ended that released the seat.
	ReleasedAt time.Time `json:"released_at"`
}

// SeatReading is how many seats were in use after a run.
type SeatReading struct {
	At   time.Time
	Used int
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
	released := make(map[string]FreedSeat)
	for _, seat := range p.options.History.Freed() { // the latest of each person counts
		released[seat.UserID] = seat
	}
	for i := range p.subjects {
		s := &p.subjects[i]
		if seat, ok := released[s.ID]; ok && seat.Back.IsZero() && s.HoldsSeat() && seat.At.Before(p.now) {
			back = append(back, CameBack{UserID: s.ID, Email: s.Email, ReleasedAt: seat.At.UTC().Truncate(time.Second)})
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
