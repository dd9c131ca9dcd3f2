package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// maxDevicePages bounds a walk whose cursors never end.
const maxDevicePages = 10_000

// wireDevice is the part of [generated.PhysicalDevice] that seatsync looks at.
type wireDevice struct {
	ID           string           `json:"id"`
	LastSeenAt   reconcile.Moment `json:"last_seen_at"`
	LastSeenUser wireOwner        `json:"last_seen_user"`
}

// wireOwner is the part of [generated.LastSeenUser] that seatsync looks at.
type wireOwner struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// Devices returns when devices of the given users were last seen, with the
// fewest requests: one for each user, or one for each page of all devices.
//
// A device counts for a user whose id or whose email its last user has. Either
// is enough: no source says that the ids of the two calls are the same, and a
// device too many keeps a seat that could be released, while one too few
// releases a seat that is in use.
//
// Of several devices the newest moment counts. One that was never seen, or whose
// date cannot be read, is kept beside it: it matters only where that moment is
// not recent enough to settle the question.
func (s *Source) Devices(ctx context.Context, users []reconcile.User) (reconcile.Devices, error) {
	seen := newSightings(users)
	err := s.readDevices(ctx, users, seen)
	var throttled *reconcile.ThrottledError
	switch {
	case err == nil:
		return reconcile.Devices{Read: true, LastSeen: seen.last, Unreadable: seen.unreadable}, nil
	case ctx.Err() != nil, errors.As(err, &throttled):
		return reconcile.Devices{}, fmt.Errorf("list devices: %w", err)
	}
	return reconcile.Devices{Err: fmt.Errorf("list devices: %w", &maskedError{s.connection.mask(err.Error()), err})}, nil
}

// readDevices notes the devices of users in the way that takes fewer requests.
func (s *Source) readDevices(ctx context.Context, users []reconcile.User, seen *sightings) error {
	if len(users) == 0 {
		return nil
	}
	// A device without a registration is in no user's count, so this is low.
	devices := int(s.connection.devices.Load())
	if devices == 0 {
		devices = len(users)
	}
	pageSize := int(s.connection.devicePageSize.Load())
	if pages := (devices + pageSize - 1) / pageSize; len(users) <= pages {
		return s.askForEach(ctx, users, seen)
	}
	// Not worth it once there turn out to be more pages than users.
	err := s.walkAgain(ctx, deviceQuery{}, seen, len(users))
	if errors.Is(err, errTooManyPages) {
		return s.askForEach(ctx, users, seen)
	}
	return err
}

// errTooManyPages ends a walk that takes more requests than its alternative.
var errTooManyPages = errors.New("asking for each user takes fewer requests")

// askForEach asks for the devices of each user by itself, side by side. The
// answers are compared with all users, since a filter may be inexact.
func (s *Source) askForEach(ctx context.Context, users []reconcile.User, seen *sightings) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(s.connection.config.Concurrency)
	var mu sync.Mutex
	done := 0
	for i := range users {
		if groupCtx.Err() != nil {
			break
		}
		query := deviceQuery{email: users[i].Email}
		if query.email == "" {
			query.id = users[i].ID
		}
		group.Go(func() error {
			if err := s.walkAgain(groupCtx, query, seen, maxDevicePages); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			s.connection.tellProgress(done, len(users))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err() // some may not have been asked for because of it
}

// deviceQuery says which devices to ask for; its zero value means all.
type deviceQuery struct{ email, id string }

// walkAgain follows a listing of devices to its end, and does so again up to
// three times in all while it is not consistent. What an earlier reading has
// noted stays: it was seen.
func (s *Source) walkAgain(ctx context.Context, query deviceQuery, seen *sightings, worth int) error {
	for reading := 1; ; reading++ {
		err := s.walk(ctx, query, seen, worth)
		if err == nil || !worthReadingAgain(err) {
			return err
		}
		if reading == maxReadings {
			return fmt.Errorf("could not be read completely in %d attempts: %w", reading, err)
		}
	}
}

// walk follows a listing of devices by its cursor. It gives up after the first
// page when there are more pages than are worth it.
func (s *Source) walk(ctx context.Context, query deviceQuery, seen *sightings, worth int) error {
	everything := query == deviceQuery{}
	listing := deviceListing{cursors: make(map[string]bool), ids: make(map[string]bool)}
	for cursor, pages := "", 1; listing.pages < maxDevicePages; {
		page, err := s.askDevices(ctx, query, cursor)
		if err != nil {
			return err
		}
		if err := listing.take(&page); err != nil {
			return err
		}
		seen.note(page.devices)
		total := page.info.TotalCount
		if everything {
			if total.known {
				pages = (total.value + max(1, len(page.devices)) - 1) / max(1, len(page.devices))
			}
			s.connection.tellProgress(listing.pages, max(listing.pages, pages))
		}
		if cursor = page.info.Cursor; cursor == "" {
			// Under a filter the total may be that of all devices, as it is of users.
			if everything && total.known && len(listing.ids) < total.value {
				return inconsistent("the pages have %d devices, and there are %d in total", len(listing.ids), total.value)
			}
			return nil
		}
		if listing.pages == 1 && pages-1 > worth {
			return errTooManyPages
		}
	}
	return inconsistent("there are more than %d pages of devices", maxDevicePages)
}

// deviceListing is what has been read of a listing of devices.
type deviceListing struct {
	pages   int
	cursors map[string]bool
	ids     map[string]bool
}

// take adds a page, or returns what is wrong with it.
func (l *deviceListing) take(page *devicePage) error {
	l.pages++
	if !page.info.told && len(page.devices) > 0 {
		return inconsistent("page %d of devices does not say whether there are more", l.pages)
	}
	if told := page.info.Count; told.known && told.value != len(page.devices) {
		return inconsistent("page %d of devices says that it has %s and has %d", l.pages, told, len(page.devices))
	}
	for i := range page.devices {
		id := page.devices[i].ID
		if l.ids[id] {
			return inconsistent("page %d of devices has %s, which has been listed already", l.pages, inert(id))
		}
		l.ids[id] = true
	}
	cursor := page.info.Cursor
	switch {
	case cursor != "" && len(page.devices) == 0:
		return inconsistent("page %d of devices is empty and not the last", l.pages)
	case cursor != "" && l.cursors[cursor]:
		return inconsistent("page %d of devices leads back to an earlier one", l.pages)
	}
	l.cursors[cursor] = true
	return nil
}

// devicePage is one page of devices.
type devicePage struct {
	devices []wireDevice
	info    resultInfo
}

// readDevicePage reads an answer with a page of devices.
func readDevicePage(body io.Reader) (page devicePage, err error) {
	page.info, err = readEnvelope(body, func(reader *jsonReader) error {
		return readArray(reader, func() error {
			var element wireDevice
			if err := reader.Decode(&element); err != nil {
				return err
			}
			if element.ID == "" {
				return errors.New("it has a device without an id")
			}
			page.devices = append(page.devices, element)
			return nil
		})
	})
	if err != nil {
		return devicePage{}, err
	}
	return page, nil
}

// askDevices asks for one page of devices, and again with a modest page size
// when the API refuses the request. Devices whose registration was revoked are
// asked for too: they were in use until then.
func (s *Source) askDevices(ctx context.Context, query deviceQuery, cursor string) (devicePage, error) {
	size := &s.connection.devicePageSize
	page, err := s.caller.askDevicePage(ctx, query, cursor, int(size.Load()))
	if cursor == "" && size.Load() > modestPageSize && refusesPageSize(err) {
		size.Store(modestPageSize)
		page, err = s.caller.askDevicePage(ctx, query, cursor, modestPageSize)
	}
	return page, err
}

func (c *caller) askDevicePage(ctx context.Context, query deviceQuery, cursor string, perPage int) (devicePage, error) {
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
	if err != nil {
		return devicePage{}, err
	}
	var page devicePage
	err = c.call(ctx, request, func(body io.Reader) (err error) {
		page, err = readDevicePage(body)
		return err
	})
	if err != nil {
		return devicePage{}, withPermission(err, PermissionDevices)
	}
	return page, nil
}

// sightings collect when devices of some users were last seen.
type sightings struct {
	byID    map[string]string   // user ids, for a quick look
	byEmail map[string][]string // user ids by the key of their email

	mu         sync.Mutex
	last       map[string]reconcile.Moment
	unreadable map[string]bool
}

func newSightings(users []reconcile.User) *sightings {
	s := &sightings{
		byID:    make(map[string]string, len(users)),
		byEmail: make(map[string][]string, len(users)),
		last:    make(map[string]reconcile.Moment),

		unreadable: make(map[string]bool),
	}
	for i := range users {
		user := &users[i]
		s.byID[user.ID] = user.ID
		if key := reconcile.EmailKey(user.Email); key != "" {
			s.byEmail[key] = append(s.byEmail[key], user.ID)
		}
	}
	return s
}

// note keeps the newest moment for each user that one of the devices belongs to.
func (s *sightings) note(devices []wireDevice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range devices {
		device := &devices[i]
		seen := device.LastSeenAt
		if id, ok := s.byID[device.LastSeenUser.ID]; ok {
			s.noteUser(id, seen)
		}
		for _, id := range s.byEmail[reconcile.EmailKey(device.LastSeenUser.Email)] {
			s.noteUser(id, seen)
		}
	}
}

func (s *sightings) noteUser(id string, seen reconcile.Moment) {
	if !seen.IsKnown() {
		s.unreadable[id] = true
		return
	}
	s.last[id] = s.last[id].Newest(seen)
}
