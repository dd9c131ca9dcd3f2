package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/generated"
)

// A registration ties one person to one device. Each device that was last seen with somebody has theirs, which is made
// up from the device when it is asked for: a large account would need twice the memory otherwise. Those of other people
// on the same machine, and those that a test puts, are kept by themselves.

func (s server) ListRegistrations(_ context.Context, request generated.ListRegistrationsRequestObject) (generated.ListRegistrationsResponseObject, error) {
	params := request.Params
	wanted, err := s.options.Registrations.filterOf(params)
	if err != nil {
		return badRequest(err.Error()), nil
	}
	order, err := orderOf(params.SortBy, params.SortOrder, "id, user.name, user.email, last_seen_at or created_at", registrationOrders())
	if err != nil {
		return badRequest(err.Error()), nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	account := s.accounts[request.AccountID]
	all := cursorListing[Registration]{account.eachRegistration, wanted, order, account.countRegistrations(), s.options.Registrations.written}
	return all.answer(s, params.Cursor, params.PerPage), nil
}

// countRegistrations returns how many registrations there are.
func (a *account) countRegistrations() int {
	count := len(a.registrations)
	for i := range a.devices {
		if a.ownRegistration(&a.devices[i].Device) {
			count++
		}
	}
	return count
}

// eachRegistration visits the registrations as a listing shows them, from a number on.
func (a *account) eachRegistration(from uint64) iter.Seq2[uint64, Registration] {
	return func(visit func(uint64, Registration) bool) {
		i := a.deviceFrom(from)
		j, _ := slices.BinarySearchFunc(a.registrations, from, func(r registration, number uint64) int {
			return cmp.Compare(r.number, number)
		})
		for i < len(a.devices) || j < len(a.registrations) {
			var next registration
			if j == len(a.registrations) || i < len(a.devices) && a.devices[i].number < a.registrations[j].number {
				d := &a.devices[i]
				i++
				if !a.ownRegistration(&d.Device) {
					continue
				}
				next = registration{registrationOf(&d.Device), d.number}
			} else {
				next = a.registrations[j]
				j++
			}
			if !visit(next.number, a.shownRegistration(next.Registration)) {
				return
			}
		}
	}
}

// ownRegistration reports whether the device stands for a registration of the person last seen on it.
func (a *account) ownRegistration(d *Device) bool {
	owner, ok := d.LastSeenUser.Get()
	return ok && !a.registered[pairing(d.ID, owner)]
}

// pairing is the key of a person on a device.
func pairing(deviceID Field[string], owner DeviceUser) string {
	device, _ := deviceID.Get()
	user, _ := owner.ID.Get()
	email, _ := owner.Email.Get()
	return device + "\x00" + user + "\x00" + strings.ToLower(email)
}

// pairing is the key of the registration's person on its device.
func (r *Registration) pairing() string {
	device, _ := r.Device.Get()
	owner, _ := r.User.Get()
	return pairing(device.ID, owner)
}

// registrationOf makes up the registration of the person last seen on a device.
func registrationOf(d *Device) Registration {
	owner, _ := d.LastSeenUser.Get()
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(pairing(d.ID, owner))) // a hash never fails
	source := random(sum.Sum64())
	r := Registration{
		ID:        Value(string(appendUUID(nil, &source))),
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, LastSeenAt: d.LastSeenAt,
		Device: Value(RegisteredDevice{ID: d.ID, Name: d.Name}), User: d.LastSeenUser,
	}
	if d.ActiveRegistrations.is(0) {
		r.RevokedAt = d.LastSeenAt
		if _, ok := r.RevokedAt.Get(); !ok {
			r.RevokedAt = Value("2026-01-01T00:00:00Z")
		}
	}
	return r
}

// shownRegistration returns the registration as a listing shows it: deleted once its user has lost the seat.
func (a *account) shownRegistration(r Registration) Registration {
	owner, _ := r.User.Get()
	if id, ok := owner.ID.Get(); ok && r.isInForce() {
		if user := a.user(id); user != nil && user.loggedOut {
			r.DeletedAt = user.UpdatedAt
		}
	}
	return r
}

// isInForce reports whether the registration is neither revoked nor deleted.
func (r *Registration) isInForce() bool {
	_, revoked := r.RevokedAt.Get()
	_, deleted := r.DeletedAt.Get()
	return !revoked && !deleted
}

// putRegistration replaces the registration with that id, or adds one at the end of the listing.
func (a *account) putRegistration(r Registration) {
	defer a.reindexRegistrations()
	if id, ok := r.ID.Get(); ok {
		for i := range a.registrations {
			if a.registrations[i].ID.is(id) {
				a.registrations[i].Registration = r
				return
			}
		}
	}
	a.registrations = append(a.registrations, registration{r, a.nextDevice})
	a.nextDevice++
}

// reindexRegistrations notes whose registrations are kept by themselves.
func (a *account) reindexRegistrations() {
	a.registered = make(map[string]bool, len(a.registrations))
	for i := range a.registrations {
		a.registered[a.registrations[i].pairing()] = true
	}
}

// share registers one more person on a device, at which they were seen before the person last seen on it.
func (a *account) share(d Device, owner DeviceUser, created, seen Field[string]) {
	source := random(a.nextDevice) ^ 0x5a7ed
	r := Registration{
		ID:        Value(string(appendUUID(nil, &source))),
		CreatedAt: created, UpdatedAt: seen, LastSeenAt: seen,
		Device: Value(RegisteredDevice{ID: d.ID, Name: d.Name}), User: Value(owner),
	}
	a.registrations = append(a.registrations, registration{r, a.nextDevice})
	a.registered[r.pairing()] = true
	a.nextDevice++
}

// filterOf returns whether a registration is wanted.
func (b RegistrationBehaviour) filterOf(params generated.ListRegistrationsParams) (func(Registration) bool, error) {
	isSeen, err := seenBetween(params.SeenAfter, params.SeenBefore)
	if err != nil {
		return nil, err
	}
	status := generated.RegistrationStatusActive
	if params.Status != nil {
		status = *params.Status
	}
	if !status.Valid() {
		return nil, fmt.Errorf("status must be active, all or revoked")
	}
	oneOf := func(ids []string, field Field[string]) bool {
		value, ok := field.Get()
		return len(ids) == 0 || ok && slices.Contains(ids, value)
	}
	return func(r Registration) bool {
		device, _ := r.Device.Get()
		owner, _ := b.written(r).User.Get()
		switch {
		case status == generated.RegistrationStatusActive && !r.isInForce(),
			status == generated.RegistrationStatusRevoked && r.isInForce(),
			!oneOf(params.ID, r.ID),
			params.DeviceID != nil && !device.ID.is(*params.DeviceID),
			!b.FilterIgnored && !oneOf(params.UserID, owner.ID),
			params.Search != nil && !r.mentions(*params.Search):
			return false
		}
		return isSeen(r.LastSeenAt)
	}, nil
}

// mentions reports whether the text occurs in the name of the device or the person, or in the address.
func (r *Registration) mentions(text string) bool {
	device, _ := r.Device.Get()
	owner, _ := r.User.Get()
	for _, field := range []Field[string]{device.Name, owner.Name, owner.Email} {
		if value, _ := field.Get(); strings.Contains(strings.ToLower(value), strings.ToLower(text)) {
			return true
		}
	}
	return false
}

// registrationOrders are the orders of registrations, by what to sort by.
func registrationOrders() map[string]func(x, y Registration) int {
	owner := func(r Registration) DeviceUser { user, _ := r.User.Get(); return user }
	return map[string]func(x, y Registration) int{
		"id":           by(func(r Registration) Field[string] { return r.ID }),
		"user.name":    by(func(r Registration) Field[string] { return owner(r).Name }),
		"user.email":   by(func(r Registration) Field[string] { return owner(r).Email }),
		"last_seen_at": by(func(r Registration) Field[string] { return r.LastSeenAt }),
		"created_at":   by(func(r Registration) Field[string] { return r.CreatedAt }),
	}
}

// written returns the registration as it goes over the wire.
func (b RegistrationBehaviour) written(r Registration) Registration {
	owner, ok := r.User.Get()
	id, known := owner.ID.Get()
	switch {
	case b.WithoutUser:
		r.User = Missing[DeviceUser]()
	case b.ForeignIDs && ok && known:
		owner.ID = Value(foreignID(id))
		r.User = Value(owner)
	}
	return r
}

// foreignID is the identifier of a user in a listing that has identifiers of its own.
func foreignID(id string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(id)) // a hash never fails
	return fmt.Sprintf("%016x", sum.Sum64())
}
