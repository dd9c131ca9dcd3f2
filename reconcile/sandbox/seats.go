package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/seatsync/seatsync/generated"
)

// seatItem is one element of a PATCH as it came. Pointers show which fields were sent.
type seatItem struct {
	SeatUID     *string `json:"seat_uid"`
	AccessSeat  *bool   `json:"access_seat"`
	GatewaySeat *bool   `json:"gateway_seat"`
}

func (s server) UpdateSeats(ctx context.Context, request generated.UpdateSeatsRequestObject) (generated.UpdateSeatsResponseObject, error) {
	items, refused := s.seatItems(bodyOf(ctx))
	if refused != nil {
		return refused, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accounts[request.AccountID]
	bad := func(item seatItem) bool {
		return account.seat(*item.SeatUID) == nil || slices.Contains(s.options.Seats.Bad, *item.SeatUID)
	}
	if i := slices.IndexFunc(items, bad); i >= 0 && s.options.Seats.BadItem == BadItemReject {
		return badRequest(fmt.Sprintf("item %d: no seat %s can be changed", i, *items[i].SeatUID)), nil
	}
	now := At(s.options.Now().Truncate(time.Second))
	var seats []Record
	for _, item := range items {
		user := account.seat(*item.SeatUID)
		switch {
		case !bad(item):
			s.options.Seats.apply(user, *item.AccessSeat, *item.GatewaySeat, now)
			seats = append(seats, user.seat())
		case s.options.Seats.BadItem == BadItemSkip:
		case user != nil:
			seats = append(seats, user.seat())
		default:
			seats = append(seats, Record{SeatUID: Value(*item.SeatUID), AccessSeat: Null[bool](), GatewaySeat: Null[bool]()})
		}
	}
	return succeed(seats, nil), nil
}

// seatItems reads a PATCH strictly: a bare array, not empty, not too long, every element complete.
func (s *Sandbox) seatItems(body []byte) ([]seatItem, *response) {
	var items []seatItem
	if err := json.Unmarshal(body, &items); err != nil {
		return nil, badRequest("the body must be an array of seats")
	}
	if len(items) == 0 {
		return nil, badRequest("the array must not be empty")
	}
	if limit := s.options.PatchLimit; limit > 0 && len(items) > limit {
		message := fmt.Sprintf("the array has %d items, more than %d", len(items), limit)
		return nil, fail(s.options.PatchLimitStatus, 12130, "access.api.error.invalid_request: "+message)
	}
	for i, item := range items {
		if item.SeatUID == nil || item.AccessSeat == nil || item.GatewaySeat == nil {
			return nil, badRequest(fmt.Sprintf("item %d: seat_uid, access_seat and gateway_seat are required", i))
		}
		if len(*item.SeatUID) > 36 {
			return nil, badRequest(fmt.Sprintf("item %d: seat_uid is longer than 36 characters", i))
		}
	}
	return items, nil
}

// apply sets the flags of a seat as far as the behaviour lets it. An item that needs a grant which is not taken changes
// nothing at all: to take its other half alone could release somebody whom the request meant to keep.
//
// A released user keeps the seat_uid, so that the seat stays known and the same PATCH may be sent again.
func (b SeatBehaviour) apply(user *user, access, gateway bool, now Field[string]) {
	hadAccess, hadGateway := user.AccessSeat.is(true), user.GatewaySeat.is(true)
	grant := access && !hadAccess || gateway && !hadGateway
	narrow := (access || gateway) && (hadAccess && !access || hadGateway && !gateway)
	if grant && b.Grant == ChangeNotTaken || narrow && b.Narrow == ChangeNotTaken {
		return
	}
	if narrow && b.Narrow == ChangeFreesSeat {
		access, gateway = false, false
	}
	release := !access && !gateway
	if user.AccessSeat.is(access) && user.GatewaySeat.is(gateway) {
		return
	}
	user.AccessSeat, user.GatewaySeat, user.UpdatedAt = Value(access), Value(gateway), now
	user.loggedOut = release
	if release && !user.ActiveDeviceCount.IsMissing() {
		user.ActiveDeviceCount = Value(0.0)
	}
}
