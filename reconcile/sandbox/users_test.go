package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestListingUsersGoesPageByPage(t *testing.T) {
	tests := []struct {
		name    string
		query   string
		options sandbox.Options
		info    map[string]any
	}{
		{
			name: "twenty a page unless asked",
			info: map[string]any{"count": 20., "page": 1., "per_page": 20., "total_count": 50., "total_pages": 3.},
		},
		{
			name: "page 0, which Cloudflare's examples send, is page 1", query: "?page=0",
			info: map[string]any{"count": 20., "page": 1., "per_page": 20., "total_count": 50., "total_pages": 3.},
		},
		{
			name: "the last page has what is left", query: "?page=3",
			info: map[string]any{"count": 10., "page": 3., "per_page": 20., "total_count": 50., "total_pages": 3.},
		},
		{
			name: "as many as asked for", query: "?per_page=1000",
			info: map[string]any{"count": 50., "page": 1., "per_page": 1000., "total_count": 50., "total_pages": 1.},
		},
		{
			name: "no more than the server likes, and it says so", query: "?per_page=1000&page=2",
			options: sandbox.Options{MaxPerPage: 30},
			info:    map[string]any{"count": 20., "page": 2., "per_page": 30., "total_count": 50., "total_pages": 2.},
		},
		{
			name: "a page after the last is empty", query: "?page=4",
			info: map[string]any{"count": 0., "page": 4., "per_page": 20., "total_count": 50., "total_pages": 3.},
		},
		{
			name: "a page far after the last is empty too", query: "?page=9223372036854775807",
			info: map[string]any{"count": 0., "page": 9223372036854775807., "per_page": 20., "total_count": 50., "total_pages": 3.},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.options.Users = 50
			c := serve(t, test.options)
			answer := c.do("GET", usersPath+test.query, "")
			answer.succeeded(t)
			if diff := cmp.Diff(test.info, answer.Info); diff != "" {
				t.Errorf("result_info (-want +got):\n%s", diff)
			}
			if got := float64(len(answer.items(t))); got != test.info["count"] {
				t.Errorf("%v users, want as many as count says", got)
			}
		})
	}
}

func TestAllPagesTogetherHoldEverybodyOnce(t *testing.T) {
	c := serve(t, sandbox.Options{Users: 95})
	var got []string
	for page := 1; ; page++ {
		answer := c.do("GET", fmt.Sprintf("%s?page=%d&per_page=10", usersPath, page), "")
		items := answer.items(t)
		if len(items) == 0 {
			break
		}
		for _, item := range items {
			got = append(got, item["id"].(string))
		}
	}
	var want []string
	for _, record := range c.sandbox.Users(sandbox.MainAccount) {
		want = append(want, text(record.ID))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pages differ from the account (-want +got):\n%s", diff)
	}
}

func TestFiltersLimitTheListAndNotTheTotal(t *testing.T) {
	tests := []struct {
		name  string
		query string
		want  []string
	}{
		{"email is compared without regard to case", "?email=JDOE@example.com", []string{"jdoe@example.com"}},
		{"an address in two spellings finds both", "?email=sam.taylor@example.com", []string{"sam.taylor@example.com", "Sam.Taylor@example.com"}},
		{"name is compared whole", "?name=jane+doe", []string{"jdoe@example.com"}},
		{"half a name is no name", "?name=jane", nil},
		{"search is inexact: any word anywhere will do", "?search=jane+lovelace", []string{"jdoe@example.com", "ada@example.com"}},
		{"filters add up", "?search=taylor&name=Samira+Taylor", []string{"Sam.Taylor@example.com"}},
		{"filters come before pages", "?search=taylor&page=2&per_page=1", []string{"Sam.Taylor@example.com"}},
		{"nobody matches", "?email=nobody@example.com", nil},
	}
	c := serve(t, sandbox.Options{Users: 32})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := c.do("GET", usersPath+test.query, "")
			answer.succeeded(t)
			if diff := cmp.Diff(test.want, answer.emails(t)); diff != "" {
				t.Errorf("users found (-want +got):\n%s", diff)
			}
			if answer.Info["total_count"] != 32. {
				t.Errorf("total_count is %v, want all 32 users", answer.Info["total_count"])
			}
		})
	}
}

func TestFieldsComeInAllThreeShapesOfAbsence(t *testing.T) {
	c := serve(t, sandbox.Options{})
	c.sandbox.Replace(sandbox.MainAccount,
		sandbox.Record{ID: sandbox.Value("1"), SeatUID: sandbox.Null[string](), AccessSeat: sandbox.Null[bool]()},
		sandbox.Record{ID: sandbox.Value("2"), SeatUID: sandbox.Value(""), ActiveDeviceCount: sandbox.Value(1.5)},
		sandbox.Record{Name: sandbox.Value("\"Zoë\"\n<b>"), SeatUID: sandbox.Missing[string]()},
	)
	answer := c.do("GET", usersPath, "")
	answer.succeeded(t)
	want := []map[string]any{
		{"id": "1", "seat_uid": nil, "access_seat": nil},
		{"id": "2", "seat_uid": "", "active_device_count": 1.5},
		{"name": "\"Zoë\"\n<b>"},
	}
	if diff := cmp.Diff(want, answer.items(t)); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

func TestAListingWritesRecordsAsTheirTagsSay(t *testing.T) {
	full := sandbox.Record{
		AccessSeat: sandbox.Value(true), ActiveDeviceCount: sandbox.Value(2.5), CreatedAt: sandbox.Value("2026-11-22T12:00:00Z"),
		Email: sandbox.Value("zoë@example.com"), GatewaySeat: sandbox.Value(false), ID: sandbox.Value("full"),
		LastSuccessfulLogin: sandbox.Value(""), Name: sandbox.Value("\"A\\B\"\n\x00<b>\xff\u2028"), SeatUID: sandbox.Value("s"),
		UID: sandbox.Value("u"), UpdatedAt: sandbox.Value("now"),
	}
	null := sandbox.Record{
		AccessSeat: sandbox.Null[bool](), ActiveDeviceCount: sandbox.Null[float64](), CreatedAt: sandbox.Null[string](),
		Email: sandbox.Null[string](), GatewaySeat: sandbox.Null[bool](), ID: sandbox.Value("null"),
		LastSuccessfulLogin: sandbox.Null[string](), Name: sandbox.Null[string](), SeatUID: sandbox.Null[string](),
		UID: sandbox.Null[string](), UpdatedAt: sandbox.Null[string](),
	}
	records := []sandbox.Record{full, null, {ID: sandbox.Value("bare")}}
	want, err := jsonv2.Marshal(records, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		t.Fatal(err)
	}
	c := serve(t, sandbox.Options{})
	c.sandbox.Replace(sandbox.MainAccount, records...)
	if got := c.do("GET", usersPath, "").body; !strings.Contains(got, `"result":`+string(want)+`,"result_info"`) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRenamingAUserAnswersTheWholeUser(t *testing.T) {
	c := serve(t, sandbox.Options{})
	before := c.jane()
	answer := c.do("PUT", usersPath+"/"+janeDoe, `{"email":"jdoe@example.com","name":"Jane Smith"}`)
	answer.succeeded(t)
	user := answer.Result.(map[string]any)
	if user["name"] != "Jane Smith" || user["seat_uid"] != janeDoe || user["access_seat"] != true || user["gateway_seat"] != false {
		t.Errorf("the response does not show the whole user with the new name: %v", user)
	}
	want := before
	want.Name, want.UpdatedAt = sandbox.Value("Jane Smith"), sandbox.Value("2026-11-22T12:00:00Z")
	if diff := cmp.Diff(want, c.jane()); diff != "" {
		t.Errorf("renaming changed something else (-want +got):\n%s", diff)
	}
}

func TestRenamingIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		path   string
		body   string
		status int
		code   int
	}{
		{"with another address", usersPath + "/" + janeDoe, `{"email":"jane@example.com","name":"Jane"}`, 400, 12130},
		{"with the address in another case", usersPath + "/" + janeDoe, `{"email":"JDoe@example.com","name":"Jane"}`, 400, 12130},
		{"without an address", usersPath + "/" + janeDoe, `{"name":"Jane"}`, 400, 12130},
		{"without a name", usersPath + "/" + janeDoe, `{"email":"jdoe@example.com"}`, 400, 12130},
		{"with a name that is no text", usersPath + "/" + janeDoe, `{"email":"jdoe@example.com","name":1}`, 400, 12130},
		{"without a body", usersPath + "/" + janeDoe, ``, 400, 12130},
		{"for a user who does not exist", usersPath + "/nobody", `{"email":"jdoe@example.com","name":"Jane"}`, 404, 7003},
		{"in an account that does not exist", "/accounts/none/access/users/" + janeDoe, `{"email":"jdoe@example.com","name":"Jane"}`, 404, 7003},
	}
	c := serve(t, sandbox.Options{})
	before := c.sandbox.Users(sandbox.MainAccount)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c.do("PUT", test.path, test.body).refused(t, test.status, test.code)
		})
	}
	if diff := cmp.Diff(before, c.sandbox.Users(sandbox.MainAccount)); diff != "" {
		t.Errorf("refused requests changed something (-before +after):\n%s", diff)
	}
}

func TestRoutesThatDoNotExistAnswerSevenThousandAndThree(t *testing.T) {
	c := serve(t, sandbox.Options{})
	for _, request := range []string{
		"GET /", "GET /accounts", "POST " + usersPath, "DELETE " + usersPath + "/" + janeDoe, "GET " + usersPath + "/",
		"GET " + usersPath + "/" + janeDoe, "GET /accounts/none/access/users", "GET /accounts/none/devices/physical-devices",
		"GET /accounts/none/tokens/verify", "GET //user/tokens/verify", "GET /accounts/../user/tokens/verify",
	} {
		t.Run(request, func(t *testing.T) {
			method, path, _ := strings.Cut(request, " ")
			c.do(method, path, "").refused(t, http.StatusNotFound, 7003)
		})
	}
	t.Run("outside the base path", func(t *testing.T) {
		response, err := c.server.Client().Get(c.server.URL + usersPath)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("status %d, want 404", response.StatusCode)
		}
	})
}

func TestParametersThatMakeNoSenseAreRefused(t *testing.T) {
	c := serve(t, sandbox.Options{})
	for _, path := range []string{
		usersPath + "?page=-1", usersPath + "?page=two", usersPath + "?per_page=0",
		devices + "?per_page=0", devices + "?cursor=made-up", devices + "?cursor=MQ", devices + "?seen_after=yesterday",
		devices + "?seen_before=2026", devices + "?active_registrations=some", devices + "?sort_by=colour",
		devices + "?sort_by=id&sort_order=up",
	} {
		t.Run(path[strings.LastIndex(path, "/")+1:], func(t *testing.T) {
			c.do("GET", path, "").refused(t, http.StatusBadRequest, 12130)
		})
	}
}

func TestAnAccountCanBeEmpty(t *testing.T) {
	c := serve(t, sandbox.Options{})
	c.sandbox.Replace(sandbox.MainAccount)
	answer := c.do("GET", usersPath, "")
	answer.succeeded(t)
	if len(answer.items(t)) != 0 || answer.Info["total_count"] != 0. || answer.Info["total_pages"] != 0. {
		t.Errorf("want no users on no pages, got\n%s", answer.body)
	}
}

func TestBothAccountsHoldJaneDoe(t *testing.T) {
	c := serve(t, sandbox.Options{})
	for _, account := range []string{sandbox.MainAccount, sandbox.SmallAccount} {
		answer := c.do("GET", "/accounts/"+account+"/access/users?email=jdoe@example.com", "")
		items := answer.items(t)
		if len(items) != 1 {
			t.Fatalf("account %s: %d users, want one", account, len(items))
		}
		want := map[string]any{
			"id": janeDoe, "seat_uid": janeDoe, "name": "Jane Doe", "email": "jdoe@example.com",
			"access_seat": true, "gateway_seat": false,
		}
		for name, value := range want {
			if items[0][name] != value {
				t.Errorf("account %s: %s is %v, want %v", account, name, items[0][name], value)
			}
		}
	}
	if emails := c.do("GET", usersPath+"?per_page=1000", "").emails(t); !slices.Contains(emails, "ceo@example.com") {
		t.Error("the main account lacks the cast")
	}
}

func TestAnswersHoldNothingThatTheDescriptionLacks(t *testing.T) {
	c := serve(t, sandbox.Options{Users: 500})
	tests := []struct {
		method, path, body string
		into               any
	}{
		{"GET", usersPath + "?per_page=500", "", &generated.UserListEnvelope{}},
		{"GET", devices + "?per_page=500", "", &generated.PhysicalDeviceListEnvelope{}},
		{"PATCH", seatsPath, "[" + item(janeDoe, false, false) + "]", &generated.SeatListEnvelope{}},
		{"PUT", usersPath + "/" + janeDoe, `{"email":"jdoe@example.com","name":"Jane"}`, &generated.UserEnvelope{}},
		{"GET", "/user/tokens/verify", "", &generated.TokenEnvelope{}},
		{"GET", "/nowhere", "", &generated.FailureEnvelope{}},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			decoder := json.NewDecoder(strings.NewReader(c.do(test.method, test.path, test.body).body))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(test.into); err != nil {
				t.Error(err)
			}
		})
	}
}
