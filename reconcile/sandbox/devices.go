package sandbox

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/seatsync/seatsync/generated"
)

func (s server) ListPhysicalDevices(_ context.Context, request generated.ListPhysicalDevicesRequestObject) (generated.ListPhysicalDevicesResponseObject, error) {
	params := request.Params
	wanted, err := deviceFilterOf(params)
	if err != nil {
		return badRequest(err.Error()), nil
	}
	order, err := orderOf(params.SortBy, params.SortOrder, "a field of a device", deviceOrders())
	if err != nil {
		return badRequest(err.Error()), nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	account := s.accounts[request.AccountID]
	asIs := func(d Device) Device { return d }
	all := cursorListing[Device]{account.eachDevice, wanted, order, len(account.devices), asIs}
	return all.answer(s, params.Cursor, params.PerPage), nil
}

// eachDevice visits the devices as a listing shows them, from a number on.
func (a *account) eachDevice(from uint64) iter.Seq2[uint64, Device] {
	return func(visit func(uint64, Device) bool) {
		for i := a.deviceFrom(from); i < len(a.devices); i++ {
			if !visit(a.devices[i].number, a.shown(a.devices[i].Device)) {
				return
			}
		}
	}
}

// deviceFilterOf returns whether a device is wanted. Without active_registrations in the request only those with active
// registrations are, which is what the SDKs document.
func deviceFilterOf(params generated.ListPhysicalDevicesParams) (func(Device) bool, error) {
	isSeen, err := seenBetween(params.SeenAfter, params.SeenBefore)
	if err != nil {
		return nil, err
	}
	registrations := generated.ActiveRegistrationsOnly
	if params.ActiveRegistrations != nil {
		registrations = *params.ActiveRegistrations
	}
	if !registrations.Valid() {
		return nil, fmt.Errorf("active_registrations must be include, only or exclude")
	}
	return func(d Device) bool {
		active, _ := d.ActiveRegistrations.Get()
		owner, _ := d.LastSeenUser.Get()
		email, _ := owner.Email.Get()
		switch {
		case registrations == generated.ActiveRegistrationsOnly && active == 0,
			registrations == generated.ActiveRegistrationsExclude && active > 0,
			params.LastSeenUserEmail != nil && !strings.EqualFold(*params.LastSeenUserEmail, email),
			params.LastSeenUserID != nil && !owner.ID.is(*params.LastSeenUserID):
			return false
		}
		return isSeen(d.LastSeenAt)
	}, nil
}

// deviceOrders are the orders of devices, by what to sort by.
func deviceOrders() map[string]func(x, y Device) int {
	byName := by(func(d Device) Field[string] { return d.Name })
	return map[string]func(x, y Device) int{
		"name": byName, "client_version": byName, // the sandbox's devices have no version
		"id":                   by(func(d Device) Field[string] { return d.ID }),
		"created_at":           by(func(d Device) Field[string] { return d.CreatedAt }),
		"last_seen_at":         by(func(d Device) Field[string] { return d.LastSeenAt }),
		"last_seen_user.email": by(func(d Device) Field[string] { owner, _ := d.LastSeenUser.Get(); return owner.Email }),
		"active_registrations": by(func(d Device) Field[float64] { return d.ActiveRegistrations }),
	}
}
