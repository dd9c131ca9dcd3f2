package zerotrust

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestTheAnswerAboutSeatsIsReturnedItemByItem(t *testing.T) {
	tests := []struct {
		name   string
		result string
		want   []reconcile.User
		words  []string
	}{
		{
			name:   "as asked",
			result: `[{"seat_uid":"a","access_seat":false,"gateway_seat":true,"created_at":"x","updated_at":7}]`,
			want:   []reconcile.User{{SeatUID: "a", AccessSeat: reconcile.False, GatewaySeat: reconcile.True}},
		},
		{
			name: "flags that are null or missing are unknown", result: `[{"seat_uid":"a","access_seat":null}]`,
			want: []reconcile.User{{SeatUID: "a"}},
		},
		{name: "an item that names no seat answers nothing", result: `[{"access_seat":false,"gateway_seat":false},null]`, want: nil},
		{name: "null", result: `null`, want: nil},
		{name: "an object", result: `{}`, words: []string{"cannot be read", "where a list should be"}},
		{name: "flags of another type", result: `[{"seat_uid":"a","access_seat":"false","gateway_seat":0}]`, words: []string{"cannot be read"}},
		{
			name: "far more seats than were asked about", result: `[` + strings.Repeat(`{"seat_uid":"b"},`, 2000) + `{}]`,
			words: []string{"cannot be read", "more than"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := connect(t, serve(t, answering(200, `{"success":true,"result":`+test.result+`}`))).Sink()
				got, err := sink.UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
				if test.words != nil {
					checkError(t, err, test.words...)
					if !isA[*UnreadableError](err) || isA[*reconcile.APIError](err) || got != nil {
						t.Errorf("got %T and %v", err, got)
					}
					return
				}
				if diff := cmp.Diff(test.want, got, comparingMoments); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}

func TestWritingReachesTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{})
		sink := connect(t, config).Sink()
		jane, _ := box.UserByEmail(account, "jdoe@example.com")
		id, _ := jane.ID.Get()
		seat, _ := jane.SeatUID.Get()
		answers, err := sink.UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: seat}})
		want := []reconcile.User{{SeatUID: seat, AccessSeat: reconcile.False, GatewaySeat: reconcile.False}}
		if diff := cmp.Diff(want, answers, comparingMoments); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		name := "Zoë \"Z\" <b>O'Hara</b>\u202e"
		user, err := sink.RenameUser(t.Context(), 0, reconcile.User{ID: id, Email: "jdoe@example.com", Name: name})
		if err != nil || user.ID != id || user.Name != name || user.AccessSeat != reconcile.False {
			t.Errorf("got %+v, %v", user, err)
		}
		if after, _ := box.User(account, id); after.Name != sandbox.Value(name) {
			t.Errorf("the account has %v", after.Name)
		}
	})
}

func TestWhatCannotBeARequestIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{})
		sink := connect(t, config).Sink()
		if answers, err := sink.UpdateSeats(t.Context(), 0, nil); err != nil || answers != nil {
			t.Errorf("no seats gave %v, %v", answers, err)
		}
		_, err := sink.UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}, {}})
		checkError(t, err, "item 1 has no seat_uid")
		for _, id := range []string{"", ".", "..", "../../access/seats", "a?b=c", "a#b", `a\b`, "a%2Fb"} {
			_, err := sink.RenameUser(t.Context(), 0, reconcile.User{ID: id, Email: "a@example.com"})
			checkError(t, err, "not a user id")
		}
		if got := box.Requests(); len(got) != 0 {
			t.Errorf("requests were sent: %v", got)
		}
	})
}

func TestARefusedWriteNamesThePermission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, config := startSandbox(t, sandbox.Options{Deny: []sandbox.Operation{sandbox.OperationSeats, sandbox.OperationRename}})
		sink := connect(t, config).Sink()
		_, err := sink.UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
		checkError(t, err, "403", PermissionWrite)
		_, err = sink.RenameUser(t.Context(), 0, reconcile.User{ID: "a", Email: "b@example.com"})
		checkError(t, err, "403", PermissionWrite)
		wantStatus(t, err, 403)
	})
}

func TestARenameWithoutAUserInTheAnswerIsUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, result := range []string{"null", "[]", `"x"`, `{"id":7}`} {
			sink := connect(t, serve(t, answering(200, `{"success":true,"result":`+result+`}`))).Sink()
			_, err := sink.RenameUser(t.Context(), 0, reconcile.User{ID: "a", Email: "b@example.com"})
			if !isA[*UnreadableError](err) {
				t.Errorf("%s gave %v", result, err)
			}
		}
	})
}

func TestUsersAreReadBackWithTheFewestRequests(t *testing.T) {
	refOf := func(record sandbox.Record) reconcile.User {
		id, _ := record.ID.Get()
		email, _ := record.Email.Get()
		return reconcile.User{ID: id, Email: email}
	}
	tests := []struct {
		name     string
		snapshot bool
		refs     int
		absent   bool
		noEmail  bool
		requests int
	}{
		{name: "one user is looked up", snapshot: true, refs: 1, requests: 1},
		{name: "as many users as there are pages are looked up", snapshot: true, refs: 4, requests: 4},
		{name: "more users than pages: the list is read", snapshot: true, refs: 5, requests: 4},
		{name: "a few users of an account nobody has listed are looked up", refs: 5, requests: 5},
		{name: "many users of an account nobody has listed: the list is read", refs: 9, requests: 4},
		{name: "a user who is not found is looked for in the list", snapshot: true, refs: 1, absent: true, requests: 2 + 4},
		{name: "a user without an email is looked for in the list", snapshot: true, refs: 1, noEmail: true, requests: 4},
		{name: "nobody", snapshot: true, refs: 0, requests: 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{Users: 200, MaxPerPage: 50})
				config.PageSize = 50
				connection := connect(t, config)
				if test.snapshot {
					if _, err := connection.Source().Snapshot(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				var refs []reconcile.User
				want := make(map[string]reconcile.User)
				users := asTheSandboxHasThem(box)
				for i, record := range box.Users(account)[100:][:test.refs] {
					refs = append(refs, refOf(record))
					want[refs[i].ID] = users[100+i]
				}
				if test.noEmail {
					refs[0].Email = ""
				}
				if test.absent {
					refs = append(refs, reconcile.User{ID: "not there", Email: "nobody@example.com"})
				}
				box.ForgetRequests()
				got, err := connection.Sink().ReadUsers(t.Context(), refs, false)
				if diff := cmp.Diff(want, got, comparingMoments); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
				if n := box.Count(sandbox.OperationUsers); n != test.requests {
					t.Errorf("%d requests, want %d", n, test.requests)
				}
			})
		})
	}
}

func TestAFilterThatTheAPIIgnoresFindsTheUserAnyhow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			page := pageOf(`"per_page":2,"total_count":3`, "a", "b")
			if r.URL.Query().Get("page") == "2" {
				page = pageOf(`"per_page":2,"total_count":3`, "c")
			}
			answering(200, page).ServeHTTP(w, r)
		})
		got, err := connect(t, serve(t, handler)).Sink().ReadUsers(t.Context(), []reconcile.User{{ID: "c", Email: "c@example.com"}}, false)
		want := map[string]reconcile.User{"c": {ID: "c", Email: "c@example.com"}}
		if diff := cmp.Diff(want, got, comparingMoments); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestReadingUsersBackFailsRatherThanGuesses(t *testing.T) {
	refs := []reconcile.User{{ID: "a", Email: "a@example.com"}}
	for name, handler := range map[string]http.Handler{
		"refused":      answering(403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`),
		"no answer":    hang,
		"never whole":  answering(200, pageOf(`"per_page":2,"total_count":9`, "x")),
		"wrong types":  answering(200, `{"success":true,"result":[{"id":1}]}`),
		"not a list":   answering(200, `{"success":true,"result":"none"}`),
		"never enough": answering(429, "", "Retry-After", "301"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := connect(t, serve(t, handler)).Sink().ReadUsers(t.Context(), refs, false)
				checkError(t, err, "read users back")
				if got != nil {
					t.Errorf("got %v along with the error", got)
				}
			})
		})
	}
}
