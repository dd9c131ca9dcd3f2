package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatsync/seatsync/generated"
)

// server implements the generated interface. It is a type of its own so that the operations are no methods of Sandbox.
type server struct{ *Sandbox }

var _ generated.StrictServerInterface = server{}

// defaultPerPage is the size of a page nobody chose.
const defaultPerPage = 20

// recordSize is about how many bytes a user takes in a listing.
const recordSize = 400

func (s server) ListUsers(_ context.Context, request generated.ListUsersRequestObject) (generated.ListUsersResponseObject, error) {
	params := request.Params
	page, perPage, refused := s.paging(params.Page, params.PerPage)
	if refused != nil {
		return refused, nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	account := s.accounts[request.AccountID]
	from := len(account.users) // of those that match; past the end for a page that is, however large its number
	if page-1 <= from/perPage {
		from = (page - 1) * perPage
	}
	first, skip, matches := 0, from, filterOf(params)
	if matches == nil {
		first, skip, matches = from, 0, func(*Record) bool { return true }
	}
	count, records := 0, append(make(jsontext.Value, 0, recordSize*min(perPage, len(account.users))), '[')
	for i := first; i < len(account.users) && count < perPage; i++ {
		switch record := &account.users[i].Record; {
		case !matches(record):
		case skip > 0:
			skip--
		default:
			if count++; count > 1 {
				records = append(records, ',')
			}
			records = record.appendTo(records)
		}
	}
	// The total counts everybody, even under a filter, as the documentation says.
	total := len(account.users)
	info := fmt.Appendf(nil, `{"count":%d,"page":%d,"per_page":%d,"total_count":%d,"total_pages":%d}`,
		count, page, perPage, total, (total+perPage-1)/perPage)
	return succeed(append(records, ']'), info), nil
}

// paging returns the page asked for, counted from 1, and its size after the server's own limit. Page 0 is page 1: the
// example in the documentation of Cloudflare's SDKs sends it.
func (s *Sandbox) paging(page, perPage *int) (number, size int, refused *response) {
	number, size = 1, defaultPerPage
	if page != nil {
		number = *page
	}
	if perPage != nil {
		size = *perPage
	}
	if number < 0 || size < 1 {
		return 0, 0, badRequest("page and per_page start at 1")
	}
	return max(number, 1), min(size, s.options.MaxPerPage), nil
}

// filterOf returns whether a user is wanted, or nil when everybody is.
func filterOf(params generated.ListUsersParams) func(*Record) bool {
	if params.Email == nil && params.Name == nil && params.Search == nil {
		return nil
	}
	equal := func(want *string, field Field[string]) bool {
		have, _ := field.Get()
		return want == nil || strings.EqualFold(*want, have)
	}
	return func(record *Record) bool {
		return equal(params.Email, record.Email) && equal(params.Name, record.Name) &&
			(params.Search == nil || found(*params.Search, record))
	}
}

// found reports whether any word of the search occurs anywhere in the name or the address. That finds more people than
// were looked for, which is what "inexact" warns of.
func found(search string, record *Record) bool {
	name, _ := record.Name.Get()
	email, _ := record.Email.Get()
	text := strings.ToLower(name + " " + email)
	for word := range strings.FieldsSeq(strings.ToLower(search)) {
		if strings.Contains(text, word) {
			return true
		}
	}
	return search == ""
}

func (s server) UpdateUser(ctx context.Context, request generated.UpdateUserRequestObject) (generated.UpdateUserResponseObject, error) {
	var body struct{ Email, Name *string }
	if err := json.Unmarshal(bodyOf(ctx), &body); err != nil || body.Email == nil || body.Name == nil {
		return badRequest("email and name are required"), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.accounts[request.AccountID].user(request.UserID)
	if user == nil {
		return noRoute("/accounts/" + request.AccountID + "/access/users/" + request.UserID), nil
	}
	if !user.Email.is(*body.Email) {
		return badRequest("email must be the user's current one, it cannot be changed"), nil
	}
	user.Name = Value(*body.Name)
	user.UpdatedAt = At(s.options.Now().Truncate(time.Second))
	return succeed(user.Record, nil), nil
}

func (s server) VerifyUserToken(context.Context, generated.VerifyUserTokenRequestObject) (generated.VerifyUserTokenResponseObject, error) {
	return s.verified(), nil
}

func (s server) VerifyAccountToken(context.Context, generated.VerifyAccountTokenRequestObject) (generated.VerifyAccountTokenResponseObject, error) {
	return s.verified(), nil
}

// verified is the result for a token that was good enough to get here.
func (s *Sandbox) verified() *response {
	return succeed(map[string]string{"id": "ed17574386854bf78a67040be0a770b0", "status": s.options.TokenStatus}, nil)
}
