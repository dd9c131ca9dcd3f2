package zerotrust

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// wireUser is the part of [generated.User] that seatsync looks at, without a
// pointer and an allocation for each field: null, missing and "" mean the same
// of a text, and flags and dates have a value of their own for not told. A test
// holds the two types together.
type wireUser struct {
	ID            string           `json:"id"`
	Email         string           `json:"email"`
	Name          string           `json:"name"`
	SeatUID       string           `json:"seat_uid"`
	AccessSeat    reconcile.Flag   `json:"access_seat"`
	GatewaySeat   reconcile.Flag   `json:"gateway_seat"`
	LastLogin     reconcile.Moment `json:"last_successful_login"`
	CreatedAt     reconcile.Moment `json:"created_at"`
	ActiveDevices count            `json:"active_device_count"`
}

// user returns the user in the words of package reconcile.
func (w *wireUser) user() reconcile.User {
	return reconcile.User{
		ID: w.ID, Email: w.Email, Name: w.Name, SeatUID: w.SeatUID,
		AccessSeat: w.AccessSeat, GatewaySeat: w.GatewaySeat,
		LastLogin: w.LastLogin, CreatedAt: w.CreatedAt,
		ActiveDevices: int32(min(w.ActiveDevices.value, math.MaxInt32)),
	}
}

// userPage is one page of users.
type userPage struct {
	number int
	users  []reconcile.User
	info   resultInfo
}

// readUserPage reads an answer with a page of users.
func readUserPage(body io.Reader) (users []reconcile.User, info resultInfo, err error) {
	info, err = readEnvelope(body, func(reader *jsonReader) error {
		var element wireUser
		return readArray(reader, func() error {
			text, err := reader.value()
			if err != nil {
				return err
			}
			element = wireUser{}
			if !element.readPlain(text) {
				element = wireUser{}
				if err := json.Unmarshal(text, &element); err != nil {
					return err
				}
			}
			if element.ID == "" {
				return errors.New("it has a user without an id")
			}
			users = append(users, element.user())
			return nil
		})
	})
	if err != nil {
		return nil, resultInfo{}, err
	}
	return users, info, nil
}

// userQuery says which users to ask for.
type userQuery struct {
	page, perPage int
	email         string // "" asks for everybody
}

// askUsers asks for one page of users.
func (c *caller) askUsers(ctx context.Context, query userQuery) (userPage, error) {
	params := &generated.ListUsersParams{Page: &query.page, PerPage: &query.perPage}
	if query.email != "" {
		params.Email = &query.email
	}
	request, err := generated.NewListUsersRequest(c.connection.server, c.connection.config.AccountID, params)
	if err != nil {
		return userPage{}, err
	}
	page := userPage{number: query.page}
	err = c.call(ctx, request, func(body io.Reader) (err error) {
		page.users, page.info, err = readUserPage(body)
		return err
	})
	if err != nil {
		return userPage{}, withPermission(err, PermissionList)
	}
	return page, nil
}
