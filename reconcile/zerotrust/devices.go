package zerotrust

import (
	"context"
	"errors"
	"io"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// wireDevice is the part of [generated.PhysicalDevice] that seatsync looks at.
type wireDevice struct {
	ID            string           `json:"id"`
	Registrations count            `json:"active_registrations"`
	LastSeenAt    reconcile.Moment `json:"last_seen_at"`
	LastSeenUser  wireOwner        `json:"last_seen_user"`
}

// wireOwner is the part of [generated.LastSeenUser] and
// [generated.RegisteredUser] that seatsync looks at.
type wireOwner struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

func (d wireDevice) listedID() string { return d.ID }

// sign is what the device says of the person last seen on it. A device that is
// known to have no registration in force is none of their registered ones.
func (d *wireDevice) sign() sign {
	return sign{
		id: d.ID, owner: d.LastSeenUser, seen: d.LastSeenAt, device: d.ID,
		counted: !d.Registrations.known || d.Registrations.value > 0,
	}
}

// deviceQuery says which devices to ask for; its zero value means all.
type deviceQuery struct{ email, id string }

// readDevices collects the devices of users in the way that takes fewer requests.
func (s *Source) readDevices(ctx context.Context, users []reconcile.User) (*evidence, error) {
	collected := newEvidence(users)
	if len(users) == 0 {
		return collected, nil
	}
	if len(users) <= s.pagesOfDevices(len(users)) {
		return collected, s.devicesOfEach(ctx, users, collected)
	}
	// Not worth it once there turn out to be more pages than users.
	err := s.walkDevices(ctx, deviceQuery{}, collected, len(users))
	if errors.Is(err, errTooManyPages) {
		err = s.devicesOfEach(ctx, users, collected)
	}
	return collected, err
}

// devicesOfEach asks for the devices of each user by itself. The responses are
// compared with all users, since a filter may be inexact.
func (s *Source) devicesOfEach(ctx context.Context, users []reconcile.User, collected *evidence) error {
	return s.forEach(ctx, users, func(ctx context.Context, user *reconcile.User) error {
		query := deviceQuery{email: user.Email}
		if query.email == "" {
			query.id = user.ID
		}
		return s.walkDevices(ctx, query, collected, maxCursorPages)
	})
}

// walkDevices follows a listing of devices to its end.
func (s *Source) walkDevices(ctx context.Context, query deviceQuery, collected *evidence, worth int) error {
	devices := walk[wireDevice]{
		what: "device", everything: query == deviceQuery{}, worth: worth,
		ask: func(ctx context.Context, cursor string) (cursorPage[wireDevice], error) {
			return s.askDevices(ctx, query, cursor)
		},
		note: func(page []wireDevice) error {
			for i := range page {
				sign := page[i].sign()
				collected.note(&sign)
			}
			return nil
		},
	}
	if devices.everything {
		devices.progress = s.connection.reportProgress
	}
	return devices.again(ctx)
}

// askDevices asks for one page of devices. Devices whose registration was
// revoked are asked for too: they were in use until then.
func (s *Source) askDevices(ctx context.Context, query deviceQuery, cursor string) (cursorPage[wireDevice], error) {
	return withModestPages(&s.connection.devicePageSize, cursor, func(perPage int) (cursorPage[wireDevice], error) {
		return s.caller.askDevicePage(ctx, query, cursor, perPage)
	})
}

func (c *caller) askDevicePage(ctx context.Context, query deviceQuery, cursor string, perPage int) (cursorPage[wireDevice], error) {
	params := &generated.ListPhysicalDevicesParams{
		PerPage: &perPage, ActiveRegistrations: new(generated.ActiveRegistrationsInclude),
	}
	for _, text := range []struct {
		value     string
		parameter **string
	}{{cursor, &params.Cursor}, {query.email, &params.LastSeenUserEmail}, {query.id, &params.LastSeenUserID}} {
		if text.value != "" {
			*text.parameter = &text.value
		}
	}
	request, err := generated.NewListPhysicalDevicesRequest(c.connection.server, c.connection.config.AccountID, params)
	return fetch(ctx, c, request, err, PermissionDevices, func(body io.Reader) (cursorPage[wireDevice], error) {
		return readCursorPage[wireDevice](body, "device")
	})
}
