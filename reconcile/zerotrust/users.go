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

// readUserPage reads a response with a page of users, and appends them to an empty slice,
// in which there is room for those that are expected.
func readUserPage(body io.Reader, into []reconcile.User, allowed *allowance) (users []reconcile.User, info resultInfo, err error) {
	info, err = readEnvelope(body, func(reader *jsonReader) error {
		decoder := userDecoder{textDecoder{reader: reader}}
		users = into[:0] // also after an attempt that came to nothing
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
	email         string           // "" asks for everybody
	into          []reconcile.User // empty, with room for those who are expected
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
		users, info, err := readUserPage(body, query.into, query.allowed)
		return userPage{number: query.page, users: users, info: info}, err
	})
}
