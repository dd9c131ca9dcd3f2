package zerotrust

import (
	"context"
	"io"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// userPage is one page of users.
type userPage struct {
	number int
	users  []reconcile.User
	info   resultInfo
}

// readUserPage reads a response with a page of users, of whom so many are expected.
func readUserPage(body io.Reader, expected int, allowed *allowance) (users []reconcile.User, info resultInfo, err error) {
	info, err = readEnvelope(body, func(reader *jsonReader) error {
		decoder := userDecoder{textDecoder{reader: reader}}
		users = make([]reconcile.User, 0, min(expected, maxPageItems))
		return readArray(reader, func() error {
			user, err := decoder.decode()
			if err != nil {
				return err
			}
			users = append(users, user)
			return allowed.take(len(decoder.texts))
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
	expected      int    // users, where that is known
	email         string // "" asks for everybody
	allowed       *allowance
}

// askUsers asks for one page of users.
func (c *caller) askUsers(ctx context.Context, query userQuery) (userPage, error) {
	params := &generated.ListUsersParams{Page: &query.page, PerPage: &query.perPage}
	if query.email != "" {
		params.Email = &query.email
	}
	request, err := generated.NewListUsersRequest(c.connection.server, c.connection.config.AccountID, params)
	return fetch(ctx, c, request, err, PermissionList, func(body io.Reader) (userPage, error) {
		users, info, err := readUserPage(body, query.expected, query.allowed)
		return userPage{number: query.page, users: users, info: info}, err
	})
}
