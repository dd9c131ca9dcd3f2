package zerotrust

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seatsync/seatsync/reconcile"
)

// Devices returns when the given users were last seen on devices, with the
// fewest requests: one for each user, or one for each page of everything.
//
// It reads registrations, each of which is of one person. Where the API refuses
// them it reads physical devices, which name only the person last seen on them;
// [reconcile.Devices] says which of the two it was, and what follows from that.
// Registrations that are torn or contradict what was asked for are neither
// believed nor replaced.
//
// A registration or device counts for a user whose id or whose email it has.
// Either is enough: no source says that the ids of the calls are the same, and a
// sign too many keeps a seat that could be released, while one too few releases
// a seat that is in use.
//
// Of several signs the newest counts. One that has no date, or none that can be
// read, is kept beside it: it matters only where that moment is not recent
// enough to answer the question.
func (s *Source) Devices(ctx context.Context, users []reconcile.User) (reconcile.Devices, error) {
	registrations, err := s.readRegistrations(ctx, users)
	if err == nil {
		return registrations.devices(false), nil
	}
	if endsRun(ctx, err) {
		return reconcile.Devices{}, fmt.Errorf("list registrations: %w", err)
	}
	failed := fmt.Errorf("list registrations: %w", s.masked(err))
	if !isA[*reconcile.APIError](err) { // a refusal alone is a reason to look elsewhere
		return reconcile.Devices{Err: failed}, nil
	}
	devices, err := s.readDevices(ctx, users)
	switch {
	case err == nil:
		result := devices.devices(true)
		result.RegistrationsErr = failed
		return result, nil
	case endsRun(ctx, err):
		return reconcile.Devices{}, fmt.Errorf("list devices: %w", err)
	}
	return reconcile.Devices{Err: fmt.Errorf("list devices: %w; %w", s.masked(err), failed)}, nil
}

// endsRun reports whether an error ends the run: the caller has given up, or the
// API limits the rate of requests.
func endsRun(ctx context.Context, err error) bool {
	return ctx.Err() != nil || isA[*reconcile.ThrottledError](err)
}

// masked makes an error fit to be shown.
func (s *Source) masked(err error) error {
	return &maskedError{s.connection.mask(err.Error()), err}
}

// pagesOfDevices returns about how many pages a listing of devices or
// registrations takes. A device without a registration is in no user's count,
// nor is a registration that has ended, so this is low.
func (s *Source) pagesOfDevices(users int) int {
	items := int(s.connection.devices.Load())
	if items == 0 {
		items = users
	}
	size := int(s.connection.devicePageSize.Load())
	return (items + size - 1) / size
}

// forEach does something about each user, side by side, until one fails.
func (s *Source) forEach(ctx context.Context, users []reconcile.User, do func(context.Context, *reconcile.User) error) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(s.connection.config.Concurrency)
	var mu sync.Mutex
	done := 0
	for i := range users {
		if groupCtx.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := do(groupCtx, &users[i]); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			s.connection.reportProgress(done, len(users))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err() // some may not have been asked for because of it
}

// sign is one registration or device: whose it is, and what it says of them.
type sign struct {
	id            string // of the registration or device itself
	owner         wireOwner
	seen          reconcile.Moment
	counted       bool   // it is one of the owner's registered devices
	device        string // the device that it is on; empty when not given
	withoutOwner  bool   // the response has no user for it
	seenIfUnknown reconcile.Moment
}

// evidence collects what signs say of some users. It is safe for use by many
// goroutines.
type evidence struct {
	byID    map[string]*reconcile.DeviceSigns
	byEmail map[string][]*reconcile.DeviceSigns // by what the email looks like: a sign too many takes nothing away

	mu       sync.Mutex // guards what follows, and what signs say
	unowned  reconcile.Moment
	counted  map[string]bool // ids of signs
	onDevice map[userOnDevice]bool
}

// userOnDevice is a device on which a user is registered.
type userOnDevice struct {
	user   *reconcile.DeviceSigns
	device string
}

func newEvidence(users []reconcile.User) *evidence {
	e := &evidence{
		byID:     make(map[string]*reconcile.DeviceSigns, len(users)),
		byEmail:  make(map[string][]*reconcile.DeviceSigns, len(users)),
		counted:  make(map[string]bool),
		onDevice: make(map[userOnDevice]bool),
	}
	signs := make([]reconcile.DeviceSigns, len(users))
	pointers := make([]*reconcile.DeviceSigns, len(users))
	for i := range users {
		if pointers[i] = e.byID[users[i].ID]; pointers[i] == nil {
			pointers[i] = &signs[i]
			e.byID[users[i].ID] = pointers[i]
		}
		switch key := reconcile.LookalikeKey(users[i].Email); {
		case key == "":
		case e.byEmail[key] == nil:
			e.byEmail[key] = pointers[i : i+1 : i+1]
		default:
			e.byEmail[key] = append(e.byEmail[key], pointers[i])
		}
	}
	return e
}

// devices is what has been collected in the words of package reconcile.
func (e *evidence) devices(lastUserOnly bool) reconcile.Devices {
	return reconcile.Devices{Read: true, LastUserOnly: lastUserOnly, Of: e.byID, Unowned: e.unowned}
}

// note takes in a sign, and reports whether it is of one of the users.
func (e *evidence) note(s *sign) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.withoutOwner {
		e.unowned = e.unowned.Newest(s.moment())
		return false
	}
	byID := e.byID[s.owner.ID]
	if byID != nil {
		s.tell(byID)
	}
	byEmail := e.byEmail[reconcile.LookalikeKey(s.owner.Email)]
	for _, user := range byEmail {
		s.tell(user)
	}
	switch {
	case !s.counted || e.counted[s.id]:
	case byID != nil:
		e.count(byID, s)
	case len(byEmail) == 1: // of several it is not known which has it
		e.count(byEmail[0], s)
	}
	return byID != nil || len(byEmail) > 0
}

// moment is when the sign was seen. A date that is missing counts as one that
// cannot be read, since it may be any.
func (s *sign) moment() reconcile.Moment {
	switch {
	case s.seen.IsKnown():
		return s.seen
	case s.seen.IsNone() && s.seenIfUnknown.IsKnown():
		return s.seenIfUnknown
	}
	return reconcile.UnreadableMoment()
}

// tell adds the sign to what devices show of a user.
func (s *sign) tell(user *reconcile.DeviceSigns) {
	seen := s.moment()
	if !seen.IsKnown() {
		user.IsUnreadable = true
		return
	}
	user.LastSeen = user.LastSeen.Newest(seen)
}

// count adds a sign to the user's registered devices, once.
func (e *evidence) count(user *reconcile.DeviceSigns, s *sign) {
	e.counted[s.id] = true
	user.Listed++
	device := s.device
	if device == "" || len(device) > maxText {
		device = s.id
	}
	if key := (userOnDevice{user, device}); !e.onDevice[key] {
		e.onDevice[key] = true
		user.Registered++
	}
}
