package zerotrust

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// replying is a transport that answers the first page with one body and all
// other requests with another.
func replying(first, other []byte) http.RoundTripper {
	return transportFunc(func(r *http.Request) (*http.Response, error) {
		body := other
		if r.URL.Query().Get("page") == "1" {
			body = first
		}
		return &http.Response{
			StatusCode: 200, Header: http.Header{}, ContentLength: -1, Request: r,
			Body: io.NopCloser(bytes.NewReader(body)),
		}, nil
	})
}

// FuzzListing feeds pages to a snapshot. Whatever they are, it must not panic,
// and must not return users unless they are all, each of them once.
func FuzzListing(f *testing.F) {
	f.Add([]byte(pageOf(`"per_page":2,"total_count":3`, "a", "b")), []byte(pageOf(`"per_page":2,"total_count":3`, "c")))
	f.Add([]byte(pageOf(`"total_count":0`)), []byte(""))
	f.Add([]byte(pageOf(``)), []byte("null"))
	f.Add([]byte(`{"success":true,"result":null,"result_info":null}`), []byte("[]"))
	f.Add([]byte(pageOf(`"per_page":2.0,"total_count":4e0`, "a", "b")), []byte(pageOf(`"per_page":2,"total_count":4`, "a", "b")))
	f.Add([]byte(pageOf(`"per_page":1,"total_count":9999999`, "a")), []byte(pageOf(`"total_count":-1`, "")))
	f.Add([]byte(`{"success":false,"errors":[{"code":"1","message":7},null,3],"result":[]}`), []byte(`{"success":"true"}`))
	f.Add([]byte(`{"success":true,"result":[{"id":"a","access_seat":null,"seat_uid":null,"name":"\ud800","created_at":""}],"result_info":{"total_count":1}}`), []byte("{"))
	f.Fuzz(func(t *testing.T, first, other []byte) {
		connection, err := Connect(Config{
			AccountID: account, Credentials: TokenCredentials(secret), Retries: -1, Concurrency: 2,
			Transport: replying(first, other),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		live, err := connection.Source().Snapshot(t.Context())
		if err != nil {
			if len(live.Users) > 0 {
				t.Errorf("%d users came along with %v", len(live.Users), err)
			}
			if strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Errorf("the error has control characters: %q", err)
			}
			return
		}
		seen := make(map[string]bool)
		for _, user := range live.Users {
			if user.ID == "" || seen[user.ID] {
				t.Errorf("the user %q is without an id or there twice", user.ID)
			}
			seen[user.ID] = true
		}
		if len(live.Users) == 0 {
			return
		}
		// The page as encoding/json reads it, as a second opinion.
		var page struct {
			Success    bool `json:"success"`
			ResultInfo struct {
				TotalCount float64 `json:"total_count"`
			} `json:"result_info"`
		}
		if err := json.Unmarshal(first, &page); err == nil && page.Success && page.ResultInfo.TotalCount != float64(len(live.Users)) {
			t.Errorf("%d users of %v", len(live.Users), page.ResultInfo.TotalCount)
		}
	})
}

// FuzzUser holds the decoder of users to the generated type: whatever one of
// them reads, the other reads as the same user.
func FuzzUser(f *testing.F) {
	f.Add([]byte(`{"id":"1","email":"a@example.com","name":null,"access_seat":false,"active_device_count":2.0,"last_successful_login":"2020-07-01 05:20:00+00:00"}`))
	f.Add([]byte(`{"id":"1","seat_uid":"","gateway_seat":true,"created_at":"2026-01-12T09:30:00Z","uid":"x","updated_at":null,"other":[{}]}`))
	f.Add([]byte(`{"ID":"upper","access_seat":null,"access_seat":true,"name":"\u202e\u0000"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		compact, err := (&userDecoder{textDecoder{reader: newJSONReader(bytes.NewReader(data))}}).decode()
		if err != nil {
			return // the generated type may be more lenient: a negative count, for instance
		}
		var full generated.User
		if err := newJSONReader(bytes.NewReader(data)).Decode(&full); err != nil {
			if strings.Contains(err.Error(), "/uid") || strings.Contains(err.Error(), "/updated_at") {
				return // fields that nobody looks at
			}
			t.Fatalf("the decoder reads what the generated type does not: %v", err)
		}
		if got, want := compact, asUser(&full); got != want {
			t.Errorf("the decoder reads %+v, the generated type %+v", got, want)
		}
	})
}

// asUser returns a generated user in the words of package reconcile.
func asUser(user *generated.User) reconcile.User {
	text := func(field *string) string {
		if field == nil {
			return ""
		}
		return *field
	}
	flag := func(field *bool) reconcile.Flag {
		if field == nil {
			return reconcile.Unknown
		}
		return reconcile.FlagOf(*field)
	}
	result := reconcile.User{
		ID: text(user.ID), Email: text(user.Email), Name: text(user.Name), SeatUID: text(user.SeatUID),
		AccessSeat: flag(user.AccessSeat), GatewaySeat: flag(user.GatewaySeat),
		LastLogin: reconcile.ParseMoment(text(user.LastSuccessfulLogin)), CreatedAt: reconcile.ParseMoment(text(user.CreatedAt)),
	}
	if user.ActiveDeviceCount != nil {
		result.ActiveDevices, result.DevicesCounted = int32(*user.ActiveDeviceCount), true
	}
	return result
}

// TestTheCompactTypesUseFieldsOfTheGeneratedOnes catches a field that is
// renamed in the description of the API.
func TestTheCompactTypesUseFieldsOfTheGeneratedOnes(t *testing.T) {
	for _, pair := range [][2]reflect.Type{
		{reflect.TypeFor[wireSeat](), reflect.TypeFor[generated.Seat]()},
		{reflect.TypeFor[wireDevice](), reflect.TypeFor[generated.PhysicalDevice]()},
		{reflect.TypeFor[wireOwner](), reflect.TypeFor[generated.LastSeenUser]()},
		{reflect.TypeFor[wireOwner](), reflect.TypeFor[generated.RegisteredUser]()},
		{reflect.TypeFor[wireRegistration](), reflect.TypeFor[generated.Registration]()},
		{reflect.TypeFor[wireOrganization](), reflect.TypeFor[generated.Organization]()},
		{reflect.TypeFor[wireProvider](), reflect.TypeFor[generated.IdentityProvider]()},
		{reflect.TypeFor[wireSCIM](), reflect.TypeFor[generated.SCIMConfig]()},
		{reflect.TypeFor[wireSubscription](), reflect.TypeFor[generated.Subscription]()},
		{reflect.TypeFor[wirePlan](), reflect.TypeFor[generated.RatePlan]()},
		{reflect.TypeFor[wireComponent](), reflect.TypeFor[generated.ComponentValue]()},
		{reflect.TypeFor[wireRegistered](), reflect.TypeFor[generated.RegisteredDevice]()},
		{reflect.TypeFor[wireToken](), reflect.TypeFor[generated.Token]()},
		{reflect.TypeFor[resultInfo](), reflect.TypeFor[generated.ResultInfo]()},
	} {
		known := make(map[string]bool)
		for field := range pair[1].Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			known[name] = true
		}
		for field := range pair[0].Fields() {
			if name := field.Tag.Get("json"); field.IsExported() && !known[name] {
				t.Errorf("%v has %q, which %v does not", pair[0], name, pair[1])
			}
		}
	}
}

// FuzzAnswers feeds everything that reads a response. It must not panic, and
// what it says must be fit to be shown.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"success":true,"result":[{"seat_uid":"a","access_seat":false,"gateway_seat":null}]}`))
	f.Add([]byte(`{"success":true,"result":{"id":"a","name":"Ada"}}`))
	f.Add([]byte(`{"success":true,"result":[{"id":"1","last_seen_at":null,"last_seen_user":{"id":"a","email":null}}],"result_info":{"cursor":"x","count":1}}`))
	f.Add([]byte(`{"success":false,"errors":[{"code":10000.0,"message":"Authentication\u001b[2J error"},{"code":-1},7],"result":null}`))
	f.Add([]byte(`{"success":null,"errors":{},"result":[[]]}`))
	f.Add([]byte(`<html>`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		seats, err := readSeats(bytes.NewReader(body), 1)
		if err != nil && seats != nil {
			t.Errorf("seats %v came along with %v", seats, err)
		}
		for _, seat := range seats {
			if seat.SeatUID == "" {
				t.Error("an answer names no seat")
			}
		}
		if page, err := readCursorPage[wireDevice](bytes.NewReader(body), "device"); err != nil && page.items != nil {
			t.Errorf("devices %v came along with %v", page.items, err)
		}
		if page, err := readCursorPage[wireRegistration](bytes.NewReader(body), "registration"); err != nil && page.items != nil {
			t.Errorf("registrations %v came along with %v", page.items, err)
		}
		if user, err := readUser(bytes.NewReader(body)); err != nil && user != (reconcile.User{}) {
			t.Errorf("the user %v came along with %v", user, err)
		}
		connection := Connection{config: Config{Credentials: TokenCredentials(secret)}}
		for _, message := range connection.clean(refusalMessages(body)) {
			if strings.ContainsFunc(message.Message, unicode.IsControl) || len([]rune(message.Message)) > maxMessageLength+1 {
				t.Errorf("a message is not fit to be shown: %q", message.Message)
			}
		}
	})
}
