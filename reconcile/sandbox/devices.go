package sandbox

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/generated"
)

func (s server) ListPhysicalDevices(_ context.Context, request generated.ListPhysicalDevicesRequestObject) (generated.ListPhysicalDevicesResponseObject, error) {
	params := request.Params
	_, perPage, refused := s.paging(nil, params.PerPage)
	if refused != nil {
		return refused, nil
	}
	start, err := parseCursor(params.Cursor)
	if err != nil {
		return badRequest(err.Error()), nil
	}
	wanted, err := deviceFilterOf(params)
	if err != nil {
		return badRequest(err.Error()), nil
	}
	order, err := deviceOrderOf(params)
	if err != nil {
		return badRequest(err.Error()), nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	account := s.accounts[request.AccountID]
	page, next := account.devicePage(start, perPage, wanted, order)
	result := []byte{'['}
	for _, d := range page {
		result = d.appendJSON(comma(result))
	}
	info := fmt.Appendf(nil, `{"count":%d,"cursor":%q,"per_page":%d,"total_count":%d}`,
		len(page), formatCursor(next), perPage, len(account.devices))
	return succeed(append(result, ']'), info), nil
}

// devicePage returns the devices from a place in the listing on, and the place where the next page starts, or 0. A
// place is one more than the number of a device or, in a sorted listing, than a position.
func (a *account) devicePage(start uint64, size int, wanted func(Device) bool, order func(x, y Device) int) (page []Device, next uint64) {
	if order != nil {
		var sorted []Device
		for i := range a.devices {
			if d := a.shown(a.devices[i].Device); wanted(d) {
				sorted = append(sorted, d)
			}
		}
		slices.SortStableFunc(sorted, order)
		from := min(int(max(start, 1)-1), len(sorted))
		to := min(from+size, len(sorted))
		if to < len(sorted) {
			next = uint64(to) + 1
		}
		return sorted[from:to], next
	}
	for i := a.deviceFrom(max(start, 1) - 1); i < len(a.devices); i++ {
		d := a.shown(a.devices[i].Device)
		if !wanted(d) {
			continue
		}
		if len(page) == size {
			return page, a.devices[i].number + 1
		}
		page = append(page, d)
	}
	return page, 0
}

// cursorPrefix keeps a cursor from being a number in disguise, which somebody would start to count with.
const cursorPrefix = "place:"

func formatCursor(place uint64) string {
	if place == 0 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + strconv.FormatUint(place, 10)))
}

func parseCursor(cursor *string) (uint64, error) {
	if cursor == nil || *cursor == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*cursor)
	if err == nil {
		if digits, ok := strings.CutPrefix(string(text), cursorPrefix); ok {
			if place, err := strconv.ParseUint(digits, 10, 32); err == nil {
				return place, nil
			}
		}
	}
	return 0, fmt.Errorf("cursor is not one of ours: take it from result_info")
}

// deviceFilterOf returns whether a device is wanted. Without active_registrations in the request only those with active
// registrations are, which is what the SDKs document.
func deviceFilterOf(params generated.ListPhysicalDevicesParams) (func(Device) bool, error) {
	after, err := parseMoment("seen_after", params.SeenAfter)
	if err != nil {
		return nil, err
	}
	before, err := parseMoment("seen_before", params.SeenBefore)
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
		if after.IsZero() && before.IsZero() {
			return true
		}
		text, _ := d.LastSeenAt.Get()
		seen, err := time.Parse(time.RFC3339, text)
		return err == nil && (after.IsZero() || seen.After(after)) && (before.IsZero() || seen.Before(before))
	}, nil
}

func parseMoment(name string, text *string) (time.Time, error) {
	if text == nil {
		return time.Time{}, nil
	}
	moment, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s must be a date and time as in 2026-11-22T06:00:00Z", name)
	}
	return moment, nil
}

// deviceOrderOf returns how to sort, or nil for the order of the listing.
func deviceOrderOf(params generated.ListPhysicalDevicesParams) (func(x, y Device) int, error) {
	if params.SortOrder != nil && !params.SortOrder.Valid() {
		return nil, fmt.Errorf("sort_order must be asc or desc")
	}
	if params.SortBy == nil {
		return nil, nil
	}
	by := func(key func(Device) Field[string]) func(x, y Device) int {
		return func(x, y Device) int {
			a, _ := key(x).Get()
			b, _ := key(y).Get()
			return cmp.Compare(a, b)
		}
	}
	var order func(x, y Device) int
	switch *params.SortBy {
	case "name", "client_version": // the sandbox's devices have no version
		order = by(func(d Device) Field[string] { return d.Name })
	case "id":
		order = by(func(d Device) Field[string] { return d.ID })
	case "created_at":
		order = by(func(d Device) Field[string] { return d.CreatedAt })
	case "last_seen_at":
		order = by(func(d Device) Field[string] { return d.LastSeenAt })
	case "last_seen_user.email":
		order = by(func(d Device) Field[string] { owner, _ := d.LastSeenUser.Get(); return owner.Email })
	case "active_registrations":
		order = func(x, y Device) int {
			a, _ := x.ActiveRegistrations.Get()
			b, _ := y.ActiveRegistrations.Get()
			return cmp.Compare(a, b)
		}
	default:
		return nil, fmt.Errorf("sort_by must be a field of a device")
	}
	if params.SortOrder != nil && *params.SortOrder == generated.SortOrderDesc {
		return func(x, y Device) int { return order(y, x) }, nil
	}
	return order, nil
}
