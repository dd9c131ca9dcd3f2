package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

const (
	march = "2026-03-01T00:00:00Z"
	april = "2026-04-01T00:00:00Z"
)

// deviceOf writes a device.
func deviceOf(id, seenAt, userID, email string) string {
	text := func(value string) string {
		if value == "" {
			return "null"
		}
		return fmt.Sprintf("%q", value)
	}
	return fmt.Sprintf(`{"id":%q,"last_seen_at":%s,"last_seen_user":{"id":%s,"email":%s}}`, id, text(seenAt), text(userID), text(email))
}

// devicesAnswer writes a page of devices.
func devicesAnswer(info string, devices ...string) string {
	return `{"success":true,"result":[` + strings.Join(devices, ",") + `],"result_info":{` + info + `}}`
}

// withoutRegistrations refuses to list registrations, which leaves devices.
func withoutRegistrations(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/devices/registrations") {
			answering(404, "").ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestTheNewestSignOfADeviceCounts(t *testing.T) {
	users := []reconcile.User{
		{ID: "ada", Email: "ada@example.com"},
		{ID: "twin-1", Email: "twin@example.com"},
		{ID: "twin-2", Email: "Twin@Example.com"},
		{ID: "nobody"},
	}
	all := func(moment reconcile.Moment, ids ...string) map[string]reconcile.Moment {
		result := make(map[string]reconcile.Moment)
		for _, id := range ids {
			result[id] = moment
		}
		return result
	}
	tests := []struct {
		name    string
		devices []string
		want    map[string]reconcile.Moment
		// unreadable is true when it cannot be determined when a device of Ada's was seen.
		unreadable bool
	}{
		{"none", nil, all(reconcile.Moment{}), false},
		{"by id", []string{deviceOf("1", march, "ada", "")}, all(reconcile.ParseMoment(march), "ada"), false},
		{"by email where the id is missing", []string{deviceOf("1", march, "", "ADA@example.com")}, all(reconcile.ParseMoment(march), "ada"), false},
		{"by email where the id is of another kind", []string{deviceOf("1", march, "0815", "ada@example.com")}, all(reconcile.ParseMoment(march), "ada"), false},
		{"by id where the email is another", []string{deviceOf("1", march, "ada", "old@example.com")}, all(reconcile.ParseMoment(march), "ada"), false},
		{"users who share an email share its devices", []string{deviceOf("1", march, "twin-1", "twin@example.com")}, all(reconcile.ParseMoment(march), "twin-1", "twin-2"), false},
		{"the newest of several", []string{deviceOf("1", march, "ada", ""), deviceOf("2", april, "ada", ""), deviceOf("3", march, "ada", "")}, all(reconcile.ParseMoment(april), "ada"), false},
		{"never seen is unreadable", []string{deviceOf("1", "", "ada", "")}, all(reconcile.Moment{}), true},
		{"a date that cannot be read is unreadable", []string{deviceOf("1", "yesterday", "ada", "")}, all(reconcile.Moment{}), true},
		{"unreadable beside a date hides neither", []string{deviceOf("1", april, "ada", ""), deviceOf("2", "yesterday", "ada", "")}, all(reconcile.ParseMoment(april), "ada"), true},
		{"of somebody else", []string{deviceOf("1", march, "eve", "eve@example.com")}, all(reconcile.Moment{}), false},
		{"of nobody", []string{`{"id":"1","last_seen_at":"` + march + `","last_seen_user":null}`, `{"id":"2"}`, deviceOf("3", march, "", "")}, all(reconcile.Moment{}), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := connect(t, serve(t, withoutRegistrations(answering(200, devicesAnswer(`"cursor":""`, test.devices...))))).Source()
				got, err := source.Devices(t.Context(), users)
				if err != nil || !got.Read || got.Err != nil || !got.LastUserOnly || got.RegistrationsErr == nil {
					t.Fatalf("got %+v, %v", got, err)
				}
				if diff := cmp.Diff(test.want, lastSeen(&got), comparingMoments); diff != "" {
					t.Errorf("last seen (-want +got):\n%s", diff)
				}
				if got.Of["ada"].IsUnreadable != test.unreadable {
					t.Errorf("Ada: %+v", got.Of["ada"])
				}
			})
		})
	}
}

// lastSeen returns when the users were seen last who were seen on a device at all.
func lastSeen(devices *reconcile.Devices) map[string]reconcile.Moment {
	result := make(map[string]reconcile.Moment)
	for id, signs := range devices.Of {
		if !signs.LastSeen.IsNone() {
			result[id] = signs.LastSeen
		}
	}
	return result
}

// evidenceOf works out from a sandbox's devices what Devices should find.
func evidenceOf(box *sandbox.Sandbox, users []reconcile.User) map[string]reconcile.Moment {
	result := make(map[string]reconcile.Moment)
	for _, device := range box.Devices(account) {
		owner, _ := device.LastSeenUser.Get()
		ownerID, _ := owner.ID.Get()
		email, _ := owner.Email.Get()
		text, _ := device.LastSeenAt.Get()
		seen := reconcile.ParseMoment(text)
		if text == "" {
			seen = reconcile.UnreadableMoment()
		}
		for _, user := range users {
			if ownerID != user.ID && (email == "" || !strings.EqualFold(email, user.Email)) {
				continue
			}
			if earlier, ok := result[user.ID]; ok {
				result[user.ID] = earlier.Newest(seen)
			} else {
				result[user.ID] = seen
			}
		}
	}
	return result
}

func TestDevicesAreReadWithTheFewestRequests(t *testing.T) {
	tests := []struct {
		name     string
		ask      int
		maxPage  int // what the API gives at most
		requests func(devices, asked int) int
	}{
		{"one user is asked about", 1, 1000, func(_, asked int) int { return asked }},
		{"many users of a small account: all devices are listed", 100, 1000, func(int, int) int { return 1 }},
		{"a few users of a large account are asked about", 3, 10, func(_, asked int) int { return asked }},
		{"many users of a large account: all devices are listed", 190, 10, func(devices, _ int) int { return (devices + 9) / 10 }},
		{"nobody", 0, 10, func(int, int) int { return 0 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{Users: 200, MaxPerPage: test.maxPage, Deny: []sandbox.Operation{sandbox.OperationRegistrations}})
				config.PageSize = test.maxPage
				source := connect(t, config).Source()
				live, err := source.Snapshot(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				box.ForgetRequests()
				asked := live.Users[:test.ask]
				got, err := source.Devices(t.Context(), asked)
				if err != nil || !got.Read {
					t.Fatalf("got %+v, %v", got, err)
				}
				if diff := cmp.Diff(evidenceOf(box, asked), lastSeen(&got), comparingMoments); diff != "" {
					t.Errorf("last seen (-want +got):\n%s", diff)
				}
				want := test.requests(len(box.Devices(account)), test.ask)
				if n := box.Count(sandbox.OperationDevices); n != want {
					t.Errorf("%d requests, want %d", n, want)
				}
			})
		})
	}
}

func TestAWalkThatTurnsOutLongIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{ // and asks for a thousand
			Users: 200, MaxPerPage: 5, Deny: []sandbox.Operation{sandbox.OperationRegistrations},
		})
		source := connect(t, config).Source()
		users := asTheSandboxHasThem(box)[:6]
		got, err := source.Devices(t.Context(), users)
		if err != nil || !got.Read {
			t.Fatalf("got %+v, %v", got, err)
		}
		if diff := cmp.Diff(evidenceOf(box, users), lastSeen(&got), comparingMoments); diff != "" {
			t.Errorf("last seen (-want +got):\n%s", diff)
		}
		if n := box.Count(sandbox.OperationDevices); n != 1+len(users) {
			t.Errorf("%d requests, want 1 and one for each user", n)
		}
	})
}

func TestAUserWithoutAnEmailIsAskedAboutByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{Deny: []sandbox.Operation{sandbox.OperationRegistrations}})
		if _, err := connect(t, config).Source().Devices(t.Context(), []reconcile.User{{ID: "f174e90a"}}); err != nil {
			t.Fatal(err)
		}
		if query := box.Requests()[1].Query; !strings.Contains(query, "last_seen_user.id=f174e90a") || strings.Contains(query, "email") {
			t.Errorf("asked for %s", query)
		}
	})
}

func TestDevicesThatCannotBeReadAreSaidToBe(t *testing.T) {
	tests := []struct {
		name    string
		handler http.Handler
		words   []string
	}{
		{"no permission", answering(403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`), []string{"403 10000", PermissionDevices}},
		{"a bad token", answering(401, `{"success":false,"errors":[{"code":1000,"message":"Invalid API Token"}]}`), []string{"401 1000"}},
		{"no such call", answering(404, ""), []string{"404"}},
		{"always 500", answering(500, ""), []string{"500"}},
		{"no answer", hang, []string{"no response within 30s"}},
		{"success is false", answering(200, `{"success":false,"errors":[{"code":1,"message":"x"}],"result":null}`), []string{"200 1 x"}},
		{"not JSON", answering(200, "<html>", "Content-Type", "text/html"), []string{"text/html", "proxy"}},
		{"a device without an id", answering(200, devicesAnswer(``, `{}`)), []string{"without an id"}},
		{"a date of another type", answering(200, devicesAnswer(``, `{"id":"1","last_seen_at":7}`)), []string{"cannot be read"}},
		{"a user of another type", answering(200, devicesAnswer(``, `{"id":"1","last_seen_user":"ada"}`)), []string{"cannot be read"}},
		{"a device twice", answering(200, devicesAnswer(``, `{"id":"1"}`, `{"id":"1"}`)), []string{"1, which has been listed already", "3 attempts"}},
		{"a count that is wrong", answering(200, devicesAnswer(`"count":2`, `{"id":"1"}`)), []string{"says that it has 2 and has 1"}},
		{"an empty page that is not the last", answering(200, devicesAnswer(`"cursor":"x"`)), []string{"empty and not the last"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, err := connect(t, serve(t, withoutRegistrations(test.handler))).Source().Devices(t.Context(), []reconcile.User{{ID: "a", Email: "a@example.com"}})
				if err != nil || got.Read || got.Of != nil {
					t.Fatalf("got %+v, %v", got, err)
				}
				checkError(t, got.Err, append(test.words, "list devices")...)
			})
		})
	}
}

func TestAListingOfDevicesThatDoesNotAddUpIsNotBelieved(t *testing.T) {
	for text, words := range map[string][]string{
		"devices:short-page(drop=2):always":   {"says that it has", "3 attempts"},
		"devices:doubled-page:after=1":        {"3 attempts"},
		"devices:same-cursor:always":          {"3 attempts"},
		"devices:wrong-total(by=5):always":    {"in total"},
		"devices:truncated:always":            {"ends too early"},
		"devices:wrong-types:always":          {"cannot be read"},
		"devices:429(retry-after=2):every=2":  nil,
		"devices:500:every=2":                 nil,
		"devices:reset-before:once":           nil,
		"devices:short-page:once":             nil,
		"devices:same-cursor:after=1+times=1": nil,
		"devices:missing-total:always":        nil, // the cursor says where the end is
		"devices:wrong-total(by=-5):always":   nil, // more than there are: none is missing
		"devices:cut-body:after=1+times=3":    nil,
		"devices:hang:after=2+times=1":        nil,
		"devices:403:after=1":                 {"403", PermissionDevices},
		"devices:missing-info:always":         {"does not say whether there are more"},
	} {
		t.Run(text, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{
					Users: 200, MaxPerPage: 20, Deny: []sandbox.Operation{sandbox.OperationRegistrations},
				})
				users := asTheSandboxHasThem(box)
				fault(t, box, strings.Replace(text, "devices", "/physical-devices", 1))
				config.PageSize = 20
				got, err := connect(t, config).Source().Devices(t.Context(), users)
				switch {
				case err != nil:
					t.Fatal(err)
				case words != nil:
					checkError(t, got.Err, words...)
					if got.Read || got.Of != nil {
						t.Errorf("got %+v along with the error", got)
					}
				case !got.Read:
					t.Errorf("devices were not read: %v", got.Err)
				default:
					if diff := cmp.Diff(evidenceOf(box, users), lastSeen(&got), comparingMoments); diff != "" {
						t.Errorf("last seen (-want +got):\n%s", diff)
					}
				}
			})
		})
	}
}

func TestOnlyThrottlingAndTheCallerEndARunThatNeedsDevices(t *testing.T) {
	users := []reconcile.User{{ID: "a", Email: "a@example.com"}}
	synctest.Test(t, func(t *testing.T) {
		source := connect(t, serve(t, answering(429, "", "Retry-After", "1000"))).Source()
		got, err := source.Devices(t.Context(), users)
		if !isA[*reconcile.ThrottledError](err) || got.Err != nil {
			t.Errorf("throttling gave %+v, %v", got, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, err := connect(t, serve(t, hang)).Source().Devices(ctx, users)
		if !errors.Is(err, context.DeadlineExceeded) || got.Err != nil {
			t.Errorf("the end of the caller's time gave %+v, %v", got, err)
		}
	})
}
