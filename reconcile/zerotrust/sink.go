package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// Sink writes to an account. It is safe for use by many goroutines.
type Sink struct {
	connection *Connection
	caller     *caller
}

var _ reconcile.Sink = (*Sink)(nil)

// wireSeat is the part of [generated.Seat] that seatsync looks at.
type wireSeat struct {
	SeatUID     string         `json:"seat_uid"`
	AccessSeat  reconcile.Flag `json:"access_seat"`
	GatewaySeat reconcile.Flag `json:"gateway_seat"`
}

// Acquire waits until a write may be sent. See [reconcile.Sink].
func (s *Sink) Acquire(ctx context.Context, attempt int) (release func(), err error) {
	return s.caller.acquire(ctx, attempt)
}

// Devices reads the evidence of devices about users. See [Source.Devices].
func (s *Sink) Devices(ctx context.Context, users []reconcile.User) (reconcile.Devices, error) {
	return s.connection.Source().Devices(ctx, users)
}

// UpdateSeats sets the flags of seats in one request and returns what the API
// shows of them afterwards. The response may lack items; a flag that it does not
// show is unknown.
func (s *Sink) UpdateSeats(ctx context.Context, attempt int, updates []reconcile.SeatUpdate) ([]reconcile.User, error) {
	if len(updates) == 0 {
		return nil, nil
	}
	body := make(generated.UpdateSeatsJSONRequestBody, len(updates))
	for i, update := range updates {
		if update.SeatUID == "" {
			return nil, fmt.Errorf("update seats: item %d has no seat_uid: nothing was sent", i)
		}
		body[i] = generated.SeatUpdate{
			SeatUID: update.SeatUID, AccessSeat: update.AccessSeat, GatewaySeat: update.GatewaySeat,
		}
	}
	request, err := generated.NewUpdateSeatsRequest(s.connection.server, s.connection.config.AccountID, body)
	if err != nil {
		return nil, fmt.Errorf("update seats: %w", err)
	}
	var states []reconcile.User
	err = s.caller.send(ctx, request, attempt, func(body io.Reader) (err error) {
		states, err = readSeats(body, len(updates))
		return err
	})
	if err != nil {
		return nil, withPermission(err, PermissionWrite)
	}
	return states, nil
}

// readSeats reads a response with seats. It may have more than were asked about,
// within reason. One without a seat_uid says nothing.
func readSeats(body io.Reader, asked int) ([]reconcile.User, error) {
	var states []reconcile.User
	items, most := 0, 10*asked+1000
	_, err := readEnvelope(body, func(reader *jsonReader) error {
		return readArray(reader, func() error {
			var element wireSeat
			if err := reader.Decode(&element); err != nil {
				return err
			}
			if items++; items > most {
				return fmt.Errorf("it has more than %d seats where %d were asked about", most, asked)
			}
			if element.SeatUID != "" {
				states = append(states, reconcile.User{SeatUID: element.SeatUID, AccessSeat: element.AccessSeat, GatewaySeat: element.GatewaySeat})
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return states, nil
}

// RenameUser gives a user a name and returns the user as the API shows it afterwards.
func (s *Sink) RenameUser(ctx context.Context, attempt int, rename reconcile.User) (reconcile.User, error) {
	// An id becomes part of the path, and must not make it that of something else.
	if strings.Trim(rename.ID, ".") == "" || strings.ContainsAny(rename.ID, `/\?#%`) {
		return reconcile.User{}, fmt.Errorf("rename user: %q is not a user id: nothing was sent", rename.ID)
	}
	request, err := generated.NewUpdateUserRequest(s.connection.server, s.connection.config.AccountID, rename.ID,
		generated.UpdateUserJSONRequestBody{Email: rename.Email, Name: rename.Name})
	if err != nil {
		return reconcile.User{}, fmt.Errorf("rename user: %w", err)
	}
	var user reconcile.User
	err = s.caller.send(ctx, request, attempt, func(body io.Reader) (err error) {
		user, err = readUser(body)
		return err
	})
	if err != nil {
		return reconcile.User{}, withPermission(err, PermissionWrite)
	}
	return user, nil
}

// readUser reads a response with one user.
func readUser(body io.Reader) (user reconcile.User, err error) {
	_, err = readEnvelope(body, func(reader *jsonReader) error {
		if reader.decoder.PeekKind() == 'n' {
			return reader.skip() // as in a failure, which says so itself
		}
		decoder := userDecoder{textDecoder{reader: reader}}
		user, err = decoder.decode()
		return err
	})
	switch {
	case err != nil:
		return reconcile.User{}, err
	case user.ID == "":
		return reconcile.User{}, errors.New("it has no user")
	}
	return user, nil
}

// ReadUsers reads the present state of users, of whom id and email are given. A few are looked up by
// their email; for many, or for those who are not found that way, the whole
// list is read, since the API's filter is inexact and only a complete listing
// can say that somebody is not there. With each, nobody is looked for in the list.
func (s *Sink) ReadUsers(ctx context.Context, asked []reconcile.User, each bool) (map[string]reconcile.User, error) {
	wanted := make(map[string]bool, len(asked))
	for _, user := range asked {
		wanted[user.ID] = true
	}
	found := make(map[string]reconcile.User, len(asked))
	if each || s.isFewerOneByOne(asked) {
		if err := s.lookUp(ctx, asked, wanted, found); err != nil {
			return nil, fmt.Errorf("read users back: %w", err)
		}
	}
	if each || len(found) == len(wanted) {
		return found, nil
	}
	users, err := s.caller.listUsers(ctx)
	if err != nil {
		return nil, fmt.Errorf("read users back: %w", err)
	}
	clear(found)
	for i := range users {
		if wanted[users[i].ID] {
			found[users[i].ID] = users[i]
		}
	}
	return found, nil
}

// fewUsers is how many users are looked up rather than listed in an account whose
// size is not known.
const fewUsers = 8

// isFewerOneByOne reports whether looking users up takes no more requests than
// reading the list.
func (s *Sink) isFewerOneByOne(asked []reconcile.User) bool {
	for _, user := range asked {
		if user.Email == "" {
			return false // cannot be looked up, so that the list is needed anyhow
		}
	}
	users, size := s.connection.users.Load(), s.connection.userPageSize.Load()
	if users == 0 { // not known
		return len(asked) <= fewUsers
	}
	return int64(len(asked)) <= (users+size-1)/size
}

// lookUp asks for users by their email, side by side, and keeps those who are wanted.
func (s *Sink) lookUp(ctx context.Context, asked []reconcile.User, wanted map[string]bool, found map[string]reconcile.User) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.connection.config.Concurrency)
	perPage := int(s.connection.userPageSize.Load())
	for _, one := range asked {
		group.Go(func() error {
			page, err := s.caller.askUsers(ctx, userQuery{page: 1, perPage: perPage, email: one.Email, allowed: new(allowance)})
			if worthReadingAgain(err) || refusesPageSize(err) {
				return nil // the listing will tell
			}
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, user := range page.users {
				if wanted[user.ID] {
					found[user.ID] = user
				}
			}
			return nil
		})
	}
	return group.Wait()
}
