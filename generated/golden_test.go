package generated_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/generated"
)

const account = "023e105f4ecef8ad9ca31a8372d0c353"

// wire is a request as text, written by hand from Cloudflare's documentation. It is compared with what the generated
// client really sends, because a server built from the same types would accept the client's mistakes.
type wire struct {
	Method      string
	URI         string
	ContentType string
	Body        string
}

func TestTheClientSendsWhatTheDocumentationShows(t *testing.T) {
	tests := []struct {
		name string
		send func(context.Context, *generated.Client) (*http.Response, error)
		want wire
	}{
		{
			name: "releasing a seat sends both flags as false in a bare array",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.UpdateSeats(ctx, account, generated.UpdateSeatsJSONRequestBody{
					{SeatUID: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415"},
				})
			},
			want: wire{
				Method:      "PATCH",
				URI:         "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/access/seats",
				ContentType: "application/json",
				Body:        `[{"access_seat":false,"gateway_seat":false,"seat_uid":"f174e90a-fafe-4643-bbbc-4a0ed4fc8415"}]`,
			},
		},
		{
			name: "several seats keep their order and their own flags",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.UpdateSeats(ctx, account, generated.UpdateSeatsJSONRequestBody{
					{SeatUID: "b", AccessSeat: true},
					{SeatUID: "a", GatewaySeat: true},
				})
			},
			want: wire{
				Method:      "PATCH",
				URI:         "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/access/seats",
				ContentType: "application/json",
				Body: `[{"access_seat":true,"gateway_seat":false,"seat_uid":"b"},` +
					`{"access_seat":false,"gateway_seat":true,"seat_uid":"a"}]`,
			},
		},
		{
			name: "renaming a user sends the address and the name, the empty name too",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.UpdateUser(ctx, account, "f174e90a-fafe-4643-bbbc-4a0ed4fc8415",
					generated.UpdateUserJSONRequestBody{Email: "jdoe@example.com"})
			},
			want: wire{
				Method:      "PUT",
				URI:         "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/access/users/f174e90a-fafe-4643-bbbc-4a0ed4fc8415",
				ContentType: "application/json",
				Body:        `{"email":"jdoe@example.com","name":""}`,
			},
		},
		{
			name: "a user id that looks like a path stays one segment",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.UpdateUser(ctx, account, "../seats?x=1",
					generated.UpdateUserJSONRequestBody{Email: "zoë@example.com", Name: "Zoë \"Z\" O'Hara"})
			},
			want: wire{
				Method:      "PUT",
				URI:         "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/access/users/..%2Fseats%3Fx=1",
				ContentType: "application/json",
				Body:        `{"email":"zoë@example.com","name":"Zoë \"Z\" O'Hara"}`,
			},
		},
		{
			name: "listing users without parameters sends no query",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.ListUsers(ctx, account, nil)
			},
			want: wire{Method: "GET", URI: "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/access/users"},
		},
		{
			name: "listing users escapes a plus sign in an address, which is a space otherwise",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.ListUsers(ctx, account, &generated.ListUsersParams{
					Page: new(2), PerPage: new(1000),
					Email: new("jdoe+test@example.com"), Name: new("Jane Doe"), Search: new("a&b=c"),
				})
			},
			want: wire{
				Method: "GET",
				URI: "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/access/users" +
					"?page=2&per_page=1000&email=jdoe%2Btest%40example.com&name=Jane+Doe&search=a%26b%3Dc",
			},
		},
		{
			name: "listing devices keeps the dots in parameter names",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.ListPhysicalDevices(ctx, account, &generated.ListPhysicalDevicesParams{
					PerPage: new(50), Cursor: new("Y3Vyc29yOjUw=="),
					LastSeenUserEmail: new("jdoe@example.com"), LastSeenUserID: new("f174e90a"),
					SeenAfter: new("2026-08-24T06:00:00Z"), SeenBefore: new("2026-11-22T06:00:00+01:00"),
					ActiveRegistrations: new(generated.ActiveRegistrationsInclude),
					SortBy:              new("last_seen_at"), SortOrder: new(generated.SortOrderDesc),
				})
			},
			want: wire{
				Method: "GET",
				URI: "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/devices/physical-devices" +
					"?per_page=50&cursor=Y3Vyc29yOjUw%3D%3D&last_seen_user.email=jdoe%40example.com&last_seen_user.id=f174e90a" +
					"&seen_after=2026-08-24T06%3A00%3A00Z&seen_before=2026-11-22T06%3A00%3A00%2B01%3A00" +
					"&active_registrations=include&sort_by=last_seen_at&sort_order=desc",
			},
		},
		{
			name: "listing registrations repeats a parameter that is a list",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.ListRegistrations(ctx, account, &generated.ListRegistrationsParams{
					Status: new(generated.RegistrationStatusAll), UserID: []string{"f174e90a", "0b7c0f6e"}, DeviceID: new("3f2a8c1e"),
					ID: []string{"7d1f0c2a"}, Include: new("policy"), Search: new("jane doe"),
					SeenAfter: new("2026-08-24T06:00:00Z"), SeenBefore: new("2026-11-22T06:00:00Z"),
					SortBy: new("last_seen_at"), SortOrder: new(generated.SortOrderDesc),
					PerPage: new(1000), Cursor: new("Y3Vyc29yOjUw=="),
				})
			},
			want: wire{
				Method: "GET",
				URI: "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/devices/registrations" +
					"?status=all&user.id=f174e90a&user.id=0b7c0f6e&device.id=3f2a8c1e&id=7d1f0c2a&include=policy&search=jane+doe" +
					"&seen_after=2026-08-24T06%3A00%3A00Z&seen_before=2026-11-22T06%3A00%3A00Z" +
					"&sort_by=last_seen_at&sort_order=desc&per_page=1000&cursor=Y3Vyc29yOjUw%3D%3D",
			},
		},
		{
			name: "showing the organization",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.GetOrganization(ctx, account)
			},
			want: wire{Method: "GET", URI: "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/access/organizations"},
		},
		{
			name: "listing identity providers",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.ListIdentityProviders(ctx, account)
			},
			want: wire{Method: "GET", URI: "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/access/identity_providers"},
		},
		{
			name: "listing subscriptions",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.ListSubscriptions(ctx, account)
			},
			want: wire{Method: "GET", URI: "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/subscriptions"},
		},
		{
			name: "verifying a user's token names no account",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.VerifyUserToken(ctx)
			},
			want: wire{Method: "GET", URI: "/client/v4/user/tokens/verify"},
		},
		{
			name: "verifying an account's token names the account",
			send: func(ctx context.Context, c *generated.Client) (*http.Response, error) {
				return c.VerifyAccountToken(ctx, account)
			},
			want: wire{Method: "GET", URI: "/client/v4/accounts/023e105f4ecef8ad9ca31a8372d0c353/tokens/verify"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got wire
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Errorf("read the request body: %v", err)
				}
				got = wire{r.Method, r.RequestURI, r.Header.Get("Content-Type"), string(body)}
			}))
			defer server.Close()

			client, err := generated.NewClient(server.URL+"/client/v4", generated.WithHTTPClient(server.Client()))
			if err != nil {
				t.Fatal(err)
			}
			response, err := test.send(t.Context(), client)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the request differs from the documentation (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheTypesReadWhatTheAPIWrites(t *testing.T) {
	const page = `{"success":true,"errors":null,"messages":[{"code":971,"message":"slow down","source":{"pointer":"/0"}}],
		"result":[
			{"id":"1","email":"","name":null,"access_seat":false,"active_device_count":2.0,
			 "last_successful_login":"2020-07-01 05:20:00+00:00","seat_uid":"","an_unknown_field":[1]},
			{"id":"2","access_seat":null,"last_successful_login":null}],
		"result_info":{"count":2,"page":1,"per_page":20.0,"total_count":16777217,"total_pages":null}}`
	var got generated.UserListEnvelope
	if err := json.Unmarshal([]byte(page), &got); err != nil {
		t.Fatalf("a page with odd values must stay readable: %v", err)
	}
	want := generated.UserListEnvelope{
		Success:  true,
		Messages: []generated.Message{{Code: 971, Message: "slow down", Source: &generated.MessageSource{Pointer: new("/0")}}},
		Result: []generated.User{
			{
				ID: new("1"), Email: new(""), AccessSeat: new(false), ActiveDeviceCount: new(2.0),
				LastSuccessfulLogin: new("2020-07-01 05:20:00+00:00"), SeatUID: new(""),
			},
			{ID: new("2")},
		},
		ResultInfo: &generated.ResultInfo{Count: new(2.0), Page: new(1.0), PerPage: new(20.0), TotalCount: new(16777217.0)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page was read wrongly (-want +got):\n%s", diff)
	}
}
