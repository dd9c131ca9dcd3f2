package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// pageOf writes a page of users with the given ids and the given result info.
func pageOf(info string, ids ...string) string {
	users := make([]string, len(ids))
	for i, id := range ids {
		users[i] = fmt.Sprintf(`{"id":%q,"email":%q}`, id, id+"@example.com")
	}
	return `{"success":true,"errors":[],"messages":[],"result":[` + strings.Join(users, ",") + `],"result_info":{` + info + `}}`
}

// byPage answers each page number with its text; requests for other pages fail the test.
func byPage(t *testing.T, pages ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil || number < 1 || number > len(pages) {
			t.Errorf("page %q was asked for, and there are %d", r.URL.Query().Get("page"), len(pages))
			number = 1
		}
		answering(200, pages[number-1]).ServeHTTP(w, r)
	})
}

func TestAListingIsCompleteOrAnError(t *testing.T) {
	const two = `"per_page":2,"total_count":`
	tests := []struct {
		name  string
		pages []string
		want  []string
		// words are in the error; none means success.
		words []string
		// size is the page size that another reading asks for; 0 means the same.
		size int
	}{
		{name: "no users at all", pages: []string{pageOf(`"per_page":1000,"total_count":0`)}, want: nil},
		{name: "no users and no total", pages: []string{pageOf(``)}, want: nil},
		{name: "no users, written as null", pages: []string{`{"success":true,"result":null,"result_info":{"total_count":0}}`}, want: nil},
		{name: "one page", pages: []string{pageOf(`"per_page":1000,"total_count":2`, "a", "b")}, want: []string{"a", "b"}},
		{name: "pages that are all full", pages: []string{pageOf(two+`4`, "a", "b"), pageOf(two+`4`, "c", "d")}, want: []string{"a", "b", "c", "d"}},
		{name: "a last page that is not full", pages: []string{pageOf(two+`3`, "a", "b"), pageOf(two+`3`, "c")}, want: []string{"a", "b", "c"}},
		{name: "counts written as fractions", pages: []string{pageOf(`"per_page":2.0,"total_count":3.0`, "a", "b"), pageOf(two+`3e0`, "c")}, want: []string{"a", "b", "c"}},
		{name: "no page size, one page", pages: []string{pageOf(`"total_count":2`, "a", "b")}, want: []string{"a", "b"}},
		{name: "no page size, several pages", pages: []string{pageOf(`"total_count":3`, "a", "b"), pageOf(`"total_count":3`, "c")}, want: []string{"a", "b", "c"}},
		{name: "a page size of zero counts as none", pages: []string{pageOf(`"per_page":0,"total_count":1`, "a")}, want: []string{"a"}},
		{name: "users and no total", pages: []string{pageOf(`"per_page":2`, "a", "b")}, words: []string{"does not say how many"}},
		{name: "no result info", pages: []string{`{"success":true,"result":[{"id":"a"}]}`}, words: []string{"does not say how many"}},
		{name: "an empty page although there are users", pages: []string{pageOf(two + `3`)}, words: []string{"page 1 of 2 has 0 users where 2 of 3 belong"}},
		{name: "an empty page without a size although there are users", pages: []string{pageOf(`"total_count":1`)}, words: []string{"page 1 is empty, and 1 in total are there"}},
		{name: "an empty page without a size, and one with all of them", pages: []string{pageOf(`"total_count":2`), pageOf(`"total_count":2`, "a", "b")}, words: []string{"page 1 is empty, and 2 in total are there"}},
		{name: "a first page that is short", pages: []string{pageOf(two+`3`, "a"), pageOf(two+`3`, "c")}, words: []string{"page 1 of 2 has 1 users"}},
		{name: "a first page that is long", pages: []string{pageOf(two+`3`, "a", "b", "c"), pageOf(two+`3`, "d")}, words: []string{"page 1 of 2 has 3 users"}},
		{name: "a page in between that is short", pages: []string{pageOf(two+`6`, "a", "b"), pageOf(two+`6`, "c"), pageOf(two+`6`, "d", "e")}, words: []string{"page 2 of 3 has 1 users"}},
		{name: "a last page that is empty", pages: []string{pageOf(two+`3`, "a", "b"), pageOf(two + `3`)}, words: []string{"page 2 of 2 has 0 users"}},
		{name: "a last page that has too many", pages: []string{pageOf(two+`3`, "a", "b"), pageOf(two+`3`, "c", "d")}, words: []string{"page 2 of 2 has 2 users"}},
		{name: "more users than the total", pages: []string{pageOf(`"total_count":1`, "a", "b")}, words: []string{"has 2 users where 1"}},
		{name: "a page that comes twice", pages: []string{pageOf(two+`4`, "a", "b"), pageOf(two+`4`, "a", "b")}, words: []string{"the user a is on page 1 and on page 2"}},
		{name: "a user who comes twice on a page", pages: []string{pageOf(two+`2`, "a", "a")}, words: []string{"the user a is on page 1 and on page 1"}},
		{name: "a user without an id", pages: []string{pageOf(two+`2`, "a", "")}, words: []string{"a user without an id"}},
		{name: "a total that changes", pages: []string{pageOf(two+`3`, "a", "b"), pageOf(two+`4`, "c", "d")}, words: []string{"page 2 says 4"}},
		{name: "a total that goes missing", pages: []string{pageOf(two+`3`, "a", "b"), pageOf(`"per_page":2`, "c")}, words: []string{"page 2 says nothing"}},
		{name: "a total that cannot be", pages: []string{pageOf(two+`100000000`, "a", "b")}, words: []string{"which cannot be"}},
		{name: "a total that is no number", pages: []string{pageOf(two+`"3"`, "a", "b")}, words: []string{"cannot be read", "where a count should be"}},
		{name: "a total that is negative", pages: []string{pageOf(two+`-3`, "a", "b")}, words: []string{"where a count should be"}},
		{name: "a total that is a fraction", pages: []string{pageOf(two+`2.5`, "a", "b")}, words: []string{"where a count should be"}},
		{name: "no result", pages: []string{`{"success":true,"result_info":{"total_count":0}}`}, words: []string{"no result"}},
		{name: "no success", pages: []string{`{"result":[],"result_info":{"total_count":0}}`}, words: []string{"whether it is a success"}},
		{name: "a result twice", pages: []string{`{"success":true,"result":[],"result":[],"result_info":{"total_count":0}}`}, words: []string{`duplicate object member name "result"`}},
		{name: "a result that is no list", pages: []string{`{"success":true,"result":{},"result_info":{"total_count":0}}`}, words: []string{"where a list should be"}},
		{name: "something after the end", pages: []string{pageOf(`"total_count":0`) + "x"}, words: []string{"invalid character 'x'"}},
		{name: "an answer that ends too early", pages: []string{pageOf(two+`2`, "a", "b")[:60]}, words: []string{"ends too early"}},
		{name: "an empty answer", pages: []string{""}, words: []string{"ends too early"}},
		{name: "an answer that is no object", pages: []string{"[]"}, words: []string{"where an object should be"}},
		{name: "a user with a duplicate key", pages: []string{`{"success":true,"result":[{"id":"a","access_seat":false,"access_seat":true}],"result_info":{"total_count":1}}`}, words: []string{"cannot be read", `duplicate object member name "access_seat"`}},
		{name: "a flag of another type", pages: []string{`{"success":true,"result":[{"id":"a","access_seat":"yes"}],"result_info":{"total_count":1}}`}, words: []string{"cannot be read", "yes"}},
		{name: "a name of another type", pages: []string{`{"success":true,"result":[{"id":"a","name":7}],"result_info":{"total_count":1}}`}, words: []string{"cannot be read"}},
		{name: "a date of another type", pages: []string{`{"success":true,"result":[{"id":"a","created_at":7}],"result_info":{"total_count":1}}`}, words: []string{"cannot be read"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connection := connect(t, serve(t, byPage(t, test.pages...)))
				live, err := connection.Source().Snapshot(t.Context())
				if test.words != nil {
					checkError(t, err, append(test.words, "list users", "in 3 attempts")...)
					if !isA[*IncompleteError](err) || live.Users != nil {
						t.Errorf("got %T with %d users", err, len(live.Users))
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, ids(live.Users)); diff != "" {
					t.Errorf("users (-want +got):\n%s", diff)
				}
				if want := (reconcile.RunCalls{Get: len(test.pages)}); connection.Counts() != want {
					t.Errorf("counted %+v, want %+v", connection.Counts(), want)
				}
				if live.AccountID != account || !live.ReadAt.Equal(time.Now()) || live.Devices.Read {
					t.Errorf("got %+v", live)
				}
			})
		})
	}
}

func TestEveryUserIsReadWithTheFewestRequests(t *testing.T) {
	tests := []struct{ users, maxPerPage, pageSize, requests int }{
		{1, 1000, 1000, 1},
		{999, 1000, 1000, 1},
		{1000, 1000, 1000, 1},
		{1001, 1000, 1000, 2},
		{2000, 1000, 1000, 2},
		{2000, 100, 1000, 20}, // the API answers with fewer than asked for
		{2001, 50, 50, 41},
		{40, 1, 1000, 40},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%d users in pages of %d", test.users, min(test.maxPerPage, test.pageSize)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{Users: test.users, MaxPerPage: test.maxPerPage})
				config.PageSize = test.pageSize
				var progress []int
				config.Progress = func(done, total int) { progress = append(progress, done, total) }
				live, err := connect(t, config).Source().Snapshot(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(asTheSandboxHasThem(box), live.Users, comparingMoments); diff != "" {
					t.Errorf("users (-sandbox +snapshot):\n%s", diff)
				}
				if got := box.Count(sandbox.OperationUsers); got != test.requests {
					t.Errorf("%d requests, want %d", got, test.requests)
				}
				var want []int
				for page := range test.requests {
					want = append(want, page+1, test.requests)
				}
				if !slices.Equal(progress, want) {
					t.Errorf("progress %v, want %v", progress, want)
				}
			})
		})
	}
}

// asTheSandboxHasThem returns the users of a sandbox, told by the sandbox itself.
func asTheSandboxHasThem(box *sandbox.Sandbox) []reconcile.User {
	records := box.Users(account)
	users := make([]reconcile.User, len(records))
	flag := func(field sandbox.Field[bool]) reconcile.Flag {
		value, ok := field.Get()
		if !ok {
			return reconcile.Unknown
		}
		return reconcile.FlagOf(value)
	}
	text := func(field sandbox.Field[string]) string {
		value, _ := field.Get()
		return value
	}
	for i, record := range records {
		devices, counted := record.ActiveDeviceCount.Get()
		users[i] = reconcile.User{
			ID: text(record.ID), Email: text(record.Email), Name: text(record.Name), SeatUID: text(record.SeatUID),
			AccessSeat: flag(record.AccessSeat), GatewaySeat: flag(record.GatewaySeat),
			LastLogin:     reconcile.ParseMoment(text(record.LastSuccessfulLogin)),
			CreatedAt:     reconcile.ParseMoment(text(record.CreatedAt)),
			ActiveDevices: int32(devices), DevicesCounted: counted,
		}
	}
	return users
}

func TestAPageSizeThatTheAPIRefusesIsLowered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{Users: 250})
		config.Transport = refusingPagesAbove(100, config.Transport)
		connection := connect(t, config)
		for range 2 { // the second time it is known
			live, err := connection.Source().Snapshot(t.Context())
			if err != nil || len(live.Users) != 250 {
				t.Fatalf("%d users, %v", len(live.Users), err)
			}
		}
		if got := box.Count(sandbox.OperationUsers); got != 6 {
			t.Errorf("%d requests reached the API, want 6", got)
		}
		if devices, err := connection.Source().Devices(t.Context(), asTheSandboxHasThem(box)); err != nil || !devices.Read {
			t.Errorf("devices: %v, %v", devices.Err, err)
		}
	})
}

// refusingPagesAbove answers 400 to pages that are too large.
func refusingPagesAbove(size int, next http.RoundTripper) http.RoundTripper {
	return transportFunc(func(r *http.Request) (*http.Response, error) {
		if n, err := strconv.Atoi(r.URL.Query().Get("per_page")); err == nil && n > size {
			return &http.Response{StatusCode: 400, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}
		return next.RoundTrip(r)
	})
}

func TestAPageSizeThatTheAPIRepeatsWithoutMeaningItIsLowered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pages atomic.Int32
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pages.Add(1)
			asked, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
			number, _ := strconv.Atoi(r.URL.Query().Get("page"))
			size := min(asked, 50)
			var list []string
			for i := (number - 1) * size; i < min(number*size, 120); i++ {
				list = append(list, fmt.Sprintf("user-%d", i))
			}
			answering(200, pageOf(fmt.Sprintf(`"per_page":%d,"total_count":120`, asked), list...)).ServeHTTP(w, r)
		})
		live, err := connect(t, serve(t, handler)).Source().Snapshot(t.Context())
		if err != nil || len(live.Users) != 120 || pages.Load() != 4 {
			t.Errorf("%d users in %d requests, %v", len(live.Users), pages.Load(), err)
		}
	})
}

func TestAListingThatSettlesIsReadAgain(t *testing.T) {
	good := pageOf(`"per_page":2,"total_count":2`, "a", "b")
	bad := pageOf(`"per_page":2,"total_count":2`, "a")
	for failures := range 4 {
		t.Run(fmt.Sprintf("after %d bad readings", failures), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := &inOrder{handlers: append(slices.Repeat([]http.Handler{answering(200, bad)}, failures), answering(200, good))}
				live, err := connect(t, serve(t, handler)).Source().Snapshot(t.Context())
				if want := min(failures+1, 3); handler.requests() != want {
					t.Errorf("%d readings, want %d", handler.requests(), want)
				}
				var incomplete *IncompleteError
				switch {
				case failures < 3 && (err != nil || len(live.Users) != 2):
					t.Errorf("%d users, %v", len(live.Users), err)
				case failures == 3 && (!errors.As(err, &incomplete) || incomplete.Attempts != 3):
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestARefusedListingNamesThePermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{Deny: []sandbox.Operation{sandbox.OperationUsers}})
		_, err := connect(t, config).Source().Snapshot(t.Context())
		checkError(t, err, "list users", "403 10000 Authentication error", PermissionList, tokenPage)
		var refused *reconcile.APIError
		if !errors.As(err, &refused) || !refused.IsDenied() || refused.Path != "/accounts/"+account+"/access/users" {
			t.Errorf("got %#v", refused)
		}
		if got := box.Count(sandbox.OperationUsers); got != 1 {
			t.Errorf("%d requests, want 1", got)
		}
	})
}

func TestAListingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, config := startSandbox(t, sandbox.Options{Users: 100, MaxPerPage: 1, Latency: time.Second})
		stopped := errors.New("stopped by hand")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3500*time.Millisecond, func() { cancel(stopped) })
		begin := time.Now()
		live, err := connect(t, config).Source().Snapshot(ctx)
		if !errors.Is(err, stopped) && !errors.Is(err, context.Canceled) || live.Users != nil {
			t.Errorf("%d users, %v", len(live.Users), err)
		}
		if took := time.Since(begin); took != 3500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAnAccountOfTenThousandTakesTwoRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, config := startSandbox(t, sandbox.Options{Users: 10_000, Latency: 100 * time.Millisecond})
		begin := time.Now()
		live, err := connect(t, config).Source().Snapshot(t.Context())
		if err != nil || len(live.Users) != 10_000 {
			t.Fatalf("%d users, %v", len(live.Users), err)
		}
		if took := time.Since(begin); took != 200*time.Millisecond {
			t.Errorf("it took %v, want two round trips of 100ms", took)
		}
	})
}

func TestNineHundredRequestsDoNotWaitAndAreNotThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quota := sandbox.Quota{Requests: 1200, Window: 5 * time.Minute}
		box, config := startSandbox(t, sandbox.Options{Users: 1, Latency: 10 * time.Millisecond, Quota: &quota})
		source := connect(t, config).Source()
		begin := time.Now()
		for range 900 {
			if _, err := source.Snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took != 9*time.Second {
			t.Errorf("900 requests took %v, want 9s", took)
		}
		if got := box.Count(sandbox.OperationUsers); got != 900 {
			t.Errorf("%d requests", got)
		}
	})
}
