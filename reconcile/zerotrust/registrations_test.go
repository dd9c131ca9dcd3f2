package zerotrust

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// registrationOf writes a registration; more are further members.
func registrationOf(id, device, seenAt, userID, email string, more ...string) string {
	text := func(value string) string {
		if value == "" {
			return "null"
		}
		return fmt.Sprintf("%q", value)
	}
	members := append([]string{
		fmt.Sprintf(`"id":%q,"last_seen_at":%s,"device":{"id":%s}`, id, text(seenAt), text(device)),
	}, more...)
	if userID+email != "" {
		members = append(members, fmt.Sprintf(`"user":{"id":%s,"email":%s}`, text(userID), text(email)))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// all makes a map in which several users have the same value.
func all[T any](value T, ids ...string) map[string]T {
	result := make(map[string]T)
	for _, id := range ids {
		result[id] = value
	}
	return result
}

func TestTheNewestOfAPersonsOwnRegistrationsCounts(t *testing.T) {
	users := []reconcile.User{
		{ID: "ada", Email: "ada@example.com", ActiveDevices: 1, DevicesCounted: true},
		{ID: "twin-1", Email: "twin@example.com"},
		{ID: "twin-2", Email: "Twin@Example.com"},
	}
	then, later := reconcile.ParseMoment(march), reconcile.ParseMoment(april)
	const revoked, deleted = `"revoked_at":"` + april + `"`, `"deleted_at":"` + april + `"`
	tests := []struct {
		name          string
		registrations []string
		seen          map[string]reconcile.Moment
		unreadable    []string
		listed        int // Ada's
		registered    int // Ada's
		unowned       reconcile.Moment
	}{
		{name: "none"},
		{name: "by id", registrations: []string{registrationOf("1", "d", march, "ada", "")}, seen: all(then, "ada"), listed: 1, registered: 1},
		{name: "by email where the id is of another kind", registrations: []string{registrationOf("1", "d", march, "0815", "ADA@example.com")}, seen: all(then, "ada"), listed: 1, registered: 1},
		{name: "the newest of several", registrations: []string{registrationOf("1", "d", march, "ada", ""), registrationOf("2", "e", april, "ada", "")}, seen: all(later, "ada"), listed: 2, registered: 2},
		{name: "two on one device are one device", registrations: []string{registrationOf("1", "d", march, "ada", ""), registrationOf("2", "d", april, "ada", "")}, seen: all(later, "ada"), listed: 2, registered: 1},
		{name: "of somebody else on the same device", registrations: []string{registrationOf("1", "d", march, "ada", ""), registrationOf("2", "d", april, "eve", "eve@example.com")}, seen: all(then, "ada"), listed: 1, registered: 1},
		{name: "revoked ones are signs and no devices", registrations: []string{registrationOf("1", "d", march, "ada", "", revoked)}, seen: all(then, "ada")},
		{name: "deleted ones are signs and no devices", registrations: []string{registrationOf("1", "d", march, "ada", "", deleted)}, seen: all(then, "ada")},
		{name: "a revoked one that was never seen was not seen after its end", registrations: []string{registrationOf("1", "d", "", "ada", "", revoked)}, seen: all(later, "ada")},
		{name: "one in force that was never seen is unreadable", registrations: []string{registrationOf("1", "d", "", "ada", "")}, unreadable: []string{"ada"}, listed: 1, registered: 1},
		{name: "a date that cannot be read is unreadable, revoked or not", registrations: []string{registrationOf("1", "d", "soon", "ada", "", revoked)}, unreadable: []string{"ada"}},
		{name: "users who share an email share the sign", registrations: []string{registrationOf("1", "d", march, "", "twin@example.com")}, seen: all(then, "twin-1", "twin-2")},
		{name: "without a user it may be anybody's", registrations: []string{registrationOf("1", "d", march, "", ""), registrationOf("2", "d", april, "", ""), registrationOf("3", "e", march, "ada", "")}, seen: all(then, "ada"), listed: 1, registered: 1, unowned: later},
		{name: "an id alone is somebody else's where ids agree", registrations: []string{registrationOf("1", "d", march, "0815", ""), registrationOf("2", "d", march, "ada", "")}, seen: all(then, "ada"), listed: 1, registered: 1},
		{name: "an id alone may be anybody's where no id agrees", registrations: []string{registrationOf("1", "d", april, "0815", ""), registrationOf("2", "d", march, "0816", "ada@example.com")}, seen: all(then, "ada"), listed: 1, registered: 1, unowned: later},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := serve(t, answering(200, devicesAnswer(`"cursor":""`, test.registrations...)))
				got, err := connect(t, config).Source().Devices(t.Context(), users)
				if err != nil {
					t.Fatal(err)
				}
				want := reconcile.Devices{Read: true, Of: make(map[string]*reconcile.DeviceSigns), Unowned: test.unowned}
				for i := range users {
					id := users[i].ID
					want.Of[id] = &reconcile.DeviceSigns{LastSeen: test.seen[id], IsUnreadable: slices.Contains(test.unreadable, id)}
				}
				want.Of["ada"].Listed, want.Of["ada"].Registered = test.listed, test.registered
				if diff := cmp.Diff(want, got, comparingMoments); diff != "" {
					t.Errorf("evidence (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// signsOf works out from a sandbox's registrations what Devices should find.
func signsOf(box *sandbox.Sandbox, users []reconcile.User) map[string]reconcile.Moment {
	result := make(map[string]reconcile.Moment)
	for _, registration := range box.Registrations(account) {
		owner, _ := registration.User.Get()
		email, _ := owner.Email.Get()
		seen, _ := registration.LastSeenAt.Get()
		for _, user := range users {
			if strings.EqualFold(email, user.Email) {
				result[user.ID] = result[user.ID].Newest(reconcile.ParseMoment(seen))
			}
		}
	}
	return result
}

func TestRegistrationsAreReadWithTheFewestRequests(t *testing.T) {
	perTen := func(n int) int { return (n + 9) / 10 }
	tests := []struct {
		name      string
		ask       int
		maxPage   int // what the API gives at most
		behaviour sandbox.RegistrationBehaviour
		requests  func(registrations, asked int) int
	}{
		{name: "one user is asked about", ask: 1, maxPage: 1000, requests: func(int, int) int { return 1 }},
		{name: "many users of a small account: all are listed", ask: 100, maxPage: 1000, requests: func(int, int) int { return 1 }},
		{name: "a few users of a large account are asked about", ask: 3, maxPage: 10, requests: func(_, asked int) int { return asked }},
		{name: "many users of a large account: all are listed", ask: 190, maxPage: 10, requests: func(n, _ int) int { return perTen(n) }},
		{name: "nobody", ask: 0, maxPage: 10, requests: func(int, int) int { return 0 }},
		{
			name: "ids of another kind are found out with one request", ask: 3, maxPage: 10,
			behaviour: sandbox.RegistrationBehaviour{ForeignIDs: true}, requests: func(n, _ int) int { return 1 + perTen(n) },
		},
		{
			name: "a filter that is ignored is found out with one request", ask: 3, maxPage: 10,
			behaviour: sandbox.RegistrationBehaviour{FilterIgnored: true}, requests: func(n, _ int) int { return 1 + perTen(n) },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{Users: 200, MaxPerPage: test.maxPage, Registrations: test.behaviour})
				config.PageSize = test.maxPage
				source := connect(t, config).Source()
				live, err := source.Snapshot(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				asked := live.Users[:test.ask]
				if test.ask == 3 || test.ask == 1 { // who has devices
					asked = nil
					for _, user := range live.Users {
						if user.ActiveDevices > 0 && len(asked) < test.ask {
							asked = append(asked, user)
						}
					}
				}
				box.ForgetRequests()
				got, err := source.Devices(t.Context(), asked)
				if err != nil || !got.Read || got.LastUserOnly {
					t.Fatalf("got %+v, %v", got, err)
				}
				if diff := cmp.Diff(signsOf(box, asked), lastSeen(&got), comparingMoments); diff != "" {
					t.Errorf("last seen (-want +got):\n%s", diff)
				}
				want := test.requests(len(box.Registrations(account)), len(asked))
				if n := box.Count(sandbox.OperationRegistrations); n != want {
					t.Errorf("%d requests, want %d", n, want)
				}
				for _, request := range box.Requests() {
					if !strings.Contains(request.Query, "status=all") {
						t.Errorf("asked without status=all: %s", request.Query)
					}
				}
			})
		})
	}
}

// Somebody whose registrations are listed under another id than their own is not
// taken for somebody without any.
func TestAUserWithoutAnAnswerOfTheirOwnIsLookedForInTheWholeListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{Users: 200, MaxPerPage: 10})
		config.PageSize = 10
		box.PutRegistration(account, sandbox.Registration{
			ID: sandbox.Value("r"), LastSeenAt: sandbox.Value("2026-11-20T00:00:00Z"),
			User: sandbox.Value(sandbox.DeviceUser{ID: sandbox.Value("old-id"), Email: sandbox.Value("jdoe@example.com")}),
		})
		source := connect(t, config).Source()
		live, err := source.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var asked []reconcile.User
		for _, user := range live.Users {
			switch user.Email {
			case "jdoe@example.com":
				user.ActiveDevices, user.DevicesCounted = 1, true
				asked = append(asked, user)
			case "ada@example.com":
				asked = append([]reconcile.User{user}, asked...)
			}
		}
		got, err := source.Devices(t.Context(), asked)
		if err != nil || !got.Read {
			t.Fatalf("got %+v, %v", got, err)
		}
		jane := asked[1].ID
		if got.Of[jane].LastSeen != reconcile.ParseMoment("2026-11-20T00:00:00Z") || got.Of[jane].Listed != 1 {
			t.Errorf("Jane was seen %v, with %d registrations", got.Of[jane].LastSeen, got.Of[jane].Listed)
		}
	})
}

func TestRegistrationsThatAreRefusedLeaveDevices(t *testing.T) {
	for _, fault := range []string{"403", "500", "502", "520"} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{Users: 200})
				kind, err := sandbox.ParseFault("registrations:" + fault)
				if err != nil {
					t.Fatal(err)
				}
				if err := box.Inject(kind); err != nil {
					t.Fatal(err)
				}
				users := asTheSandboxHasThem(box)
				got, err := connect(t, config).Source().Devices(t.Context(), users)
				if err != nil || !got.Read || !got.LastUserOnly {
					t.Fatalf("got %+v, %v", got, err)
				}
				checkError(t, got.RegistrationsErr, "list registrations", fault)
				if diff := cmp.Diff(evidenceOf(box, users), lastSeen(&got), comparingMoments); diff != "" {
					t.Errorf("last seen (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestARefusalIsNotAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{Users: 200, Deny: []sandbox.Operation{sandbox.OperationRegistrations}})
		source := connect(t, config).Source()
		for range 3 {
			if got, err := source.Devices(t.Context(), asTheSandboxHasThem(box)); err != nil || !got.Read {
				t.Fatalf("got %+v, %v", got, err)
			}
		}
		if n := box.Count(sandbox.OperationRegistrations); n != 1 {
			t.Errorf("registrations were asked for %d times", n)
		}
	})
}

func TestAListingOfRegistrationsThatDoesNotAddUpIsNotBelieved(t *testing.T) {
	for text, words := range map[string][]string{
		"registrations:short-page(drop=2):always":    {"says that it has", "3 attempts"},
		"registrations:doubled-page:after=1":         {"3 attempts"},
		"registrations:same-cursor:always":           {"3 attempts"},
		"registrations:lost-page:always":             {"in total"},
		"registrations:wrong-total(by=5):always":     {"in total"},
		"registrations:truncated:always":             {"ends too early"},
		"registrations:wrong-types:always":           {"cannot be read"},
		"registrations:missing-info:always":          {"does not say whether there are more"},
		"registrations:429(retry-after=2):every=2":   nil,
		"registrations:reset-before:once":            nil,
		"registrations:short-page:once":              nil,
		"registrations:lost-page:once":               nil,
		"registrations:same-cursor:after=1+times=1":  nil,
		"registrations:doubled-page:after=1+times=1": nil,
		"registrations:missing-total:always":         nil, // the cursor says where the end is
	} {
		t.Run(text, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{Users: 200, MaxPerPage: 20})
				users := asTheSandboxHasThem(box)
				fault(t, box, text)
				config.PageSize = 20
				got, err := connect(t, config).Source().Devices(t.Context(), users)
				switch {
				case err != nil:
					t.Fatal(err)
				case words != nil:
					checkError(t, got.Err, append(words, "list registrations")...)
					if got.Read || got.Of != nil {
						t.Errorf("got %+v along with the error", got)
					}
					if n := box.Count(sandbox.OperationDevices); n != 0 {
						t.Errorf("%d requests for devices, which say less", n)
					}
				case !got.Read:
					t.Errorf("registrations were not read: %v", got.Err)
				default:
					if diff := cmp.Diff(signsOf(box, users), lastSeen(&got), comparingMoments); diff != "" {
						t.Errorf("last seen (-want +got):\n%s", diff)
					}
				}
			})
		})
	}
}

func TestNeitherRegistrationsNorDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusing := answering(http.StatusForbidden, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`)
		got, err := connect(t, serve(t, refusing)).Source().Devices(t.Context(), []reconcile.User{{ID: "a", Email: "a@example.com"}})
		if err != nil || got.Read {
			t.Fatalf("got %+v, %v", got, err)
		}
		checkError(t, got.Err, "list registrations", "list devices", "403 10000", PermissionDevices)
	})
}

func TestARegistrationIsDecodedFieldByField(t *testing.T) {
	moment := reconcile.ParseMoment("2026-01-02T03:04:05Z")
	for _, test := range []struct {
		name, text, err string
		want            wireRegistration
	}{
		{
			name: "all that seatsync looks at, among other things",
			text: `{"key":{"id":"x"},"id":"1","device":{"name":"Laptop","id":"2"},"user":{"email":"ada@example.com","name":"Ada","id":"3"},` +
				`"last_seen_at":"2026-01-02T03:04:05Z","revoked_at":"2026-01-02 03:04:05+00:00","deleted_at":"soon"}`,
			want: wireRegistration{
				ID: "1", Device: wireRegistered{"2"}, User: wireOwner{"3", "ada@example.com"},
				LastSeenAt: moment, RevokedAt: moment, DeletedAt: reconcile.UnreadableMoment(),
			},
		},
		{name: "null is not reported", text: `{"id":"1","device":null,"user":null,"last_seen_at":null}`, want: wireRegistration{ID: "1"}},
		{name: "an owner without an id", text: `{"id":"1","user":{"email":"a@b.c"}}`, want: wireRegistration{ID: "1", User: wireOwner{"", "a@b.c"}}},
		{name: "a duplicate key", text: `{"id":"1","user":{"id":"2","id":"3"}}`, err: `duplicate object member name "id"`},
		{name: "a device that is a text", text: `{"id":"1","device":"2"}`, err: "where an object should be"},
		{name: "an id that is a number", text: `{"id":1}`, err: "number where a text should be"},
		{name: "a date that is a number", text: `{"id":"1","last_seen_at":1}`, err: "number where a text should be"},
		{name: "null", text: `null`, err: "where an object should be"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got wireRegistration
			err := decodeItem(newJSONReader(strings.NewReader(test.text)), &got)
			if test.err != "" {
				checkError(t, err, test.err)
			} else if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestARegistrationTakesFewAllocations(t *testing.T) {
	const registrations = 1000
	page := []byte(`{"success":true,"result":[`)
	for i := range registrations {
		if i > 0 {
			page = append(page, ',')
		}
		page = fmt.Appendf(page, `{"id":"%d","last_seen_at":"2026-01-02T03:04:05Z","device":{"id":"d%d"},"user":{"id":"u%d","email":"person.%d@example.com"}}`, i, i, i, i)
	}
	page = append(page, `],"result_info":{"cursor":""}}`...)
	perPage := testing.AllocsPerRun(10, func() {
		if read, err := readCursorPage[wireRegistration](bytes.NewReader(page), "registration"); err != nil || len(read.items) != registrations {
			t.Fatal(len(read.items), err)
		}
	})
	if perItem := perPage / registrations; perItem > 2.5 {
		t.Errorf("%.2f allocations for each registration, want about 2", perItem)
	}
}
