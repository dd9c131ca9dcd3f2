package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestCredentials(t *testing.T) {
	key := func(email, key string) http.Header { return http.Header{"X-Auth-Email": {email}, "X-Auth-Key": {key}} }
	bearer := func(value string) http.Header { return http.Header{"Authorization": {value}} }
	tests := []struct {
		name    string
		header  http.Header
		options sandbox.Options
		status  int
		code    int
	}{
		{name: "any token will do", header: bearer("Bearer Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY"), status: 200},
		{name: "any email and key will do", header: key("user@example.com", "144c9defac04969c7bfad8efaa8ea194"), status: 200},
		{
			name: "a token counts before a key",
			header: http.Header{
				"Authorization": {"Bearer good"}, "X-Auth-Email": {"user@example.com"}, "X-Auth-Key": {"bad"},
			},
			options: sandbox.Options{Tokens: []string{"good"}, Keys: map[string]string{"user@example.com": "good"}}, status: 200,
		},
		{name: "none", status: 403, code: 10000},
		{name: "another scheme", header: bearer("Basic dXNlcjpwYXNz"), status: 400, code: 6003},
		{name: "a token with a newline in the middle of it", header: bearer("Bearer one two"), status: 400, code: 6003},
		{name: "an empty token", header: bearer("Bearer "), status: 400, code: 6003},
		{name: "a key without an email", header: key("", "key"), status: 400, code: 6003},
		{name: "an email without a key", header: key("user@example.com", ""), status: 400, code: 6003},
		{name: "an email that is none", header: key("user", "key"), status: 400, code: 6003},
		{
			name: "a token known to be invalid", header: bearer("Bearer bad"),
			options: sandbox.Options{InvalidTokens: []string{"bad"}}, status: 401, code: 1000,
		},
		{
			name: "a token that is not among those accepted", header: bearer("Bearer bad"),
			options: sandbox.Options{Tokens: []string{"good"}}, status: 401, code: 1000,
		},
		{
			name: "a key that is not the one accepted", header: key("user@example.com", "bad"),
			options: sandbox.Options{Keys: map[string]string{"user@example.com": "good"}}, status: 403, code: 10000,
		},
		{
			name: "a key where only tokens are accepted", header: key("user@example.com", "good"),
			options: sandbox.Options{Tokens: []string{"good"}}, status: 403, code: 10000,
		},
		{
			name: "a token where only keys are accepted", header: bearer("Bearer good"),
			options: sandbox.Options{Keys: map[string]string{"user@example.com": "good"}}, status: 401, code: 1000,
		},
		{
			name: "the key that is accepted", header: key("user@example.com", "good"),
			options: sandbox.Options{Keys: map[string]string{"user@example.com": "good"}}, status: 200,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := serve(t, test.options)
			c.header = test.header
			answer := c.do("GET", usersPath, "")
			if test.status == http.StatusOK {
				answer.succeeded(t)
				return
			}
			answer.refused(t, test.status, test.code)
		})
	}
}

func TestVerifyingATokenShowsItsStatus(t *testing.T) {
	for _, path := range []string{"/user/tokens/verify", "/accounts/" + sandbox.MainAccount + "/tokens/verify"} {
		for _, status := range []string{"", "disabled", "expired"} {
			t.Run(path+" "+status, func(t *testing.T) {
				c := serve(t, sandbox.Options{TokenStatus: status})
				answer := c.do("GET", path, "")
				answer.succeeded(t)
				if status == "" {
					status = "active"
				}
				if got := answer.Result.(map[string]any)["status"]; got != status {
					t.Errorf("status %v, want %v", got, status)
				}
			})
		}
		t.Run(path+" needs a token", func(t *testing.T) {
			c := serve(t, sandbox.Options{})
			c.header = http.Header{"X-Auth-Email": {"user@example.com"}, "X-Auth-Key": {"key"}}
			c.do("GET", path, "").refused(t, http.StatusForbidden, 10000)
		})
	}
}

func TestPermissionsCanBeMissingOneByOne(t *testing.T) {
	requests := map[sandbox.Operation]func(*client) reply{
		sandbox.OperationUsers:         func(c *client) reply { return c.do("GET", usersPath, "") },
		sandbox.OperationDevices:       func(c *client) reply { return c.do("GET", devices, "") },
		sandbox.OperationRegistrations: func(c *client) reply { return c.do("GET", registrations, "") },
		sandbox.OperationOrganization: func(c *client) reply {
			return c.do("GET", "/accounts/"+sandbox.MainAccount+"/access/organizations", "")
		},
		sandbox.OperationProviders: func(c *client) reply {
			return c.do("GET", "/accounts/"+sandbox.MainAccount+"/access/identity_providers", "")
		},
		sandbox.OperationSubscriptions: func(c *client) reply { return c.do("GET", "/accounts/"+sandbox.MainAccount+"/subscriptions", "") },
		sandbox.OperationSeats:         func(c *client) reply { return c.do("PATCH", seatsPath, "["+item(janeDoe, false, false)+"]") },
		sandbox.OperationRename: func(c *client) reply {
			return c.do("PUT", usersPath+"/"+janeDoe, `{"email":"jdoe@example.com","name":"Jane"}`)
		},
		sandbox.OperationVerify: func(c *client) reply { return c.do("GET", "/user/tokens/verify", "") },
	}
	for _, denied := range sandbox.Operations() {
		t.Run(string(denied), func(t *testing.T) {
			c := serve(t, sandbox.Options{Deny: []sandbox.Operation{denied}})
			for operation, request := range requests {
				// There is one permission to read devices, by whichever listing.
				if operation == denied || denied == sandbox.OperationDevices && operation == sandbox.OperationRegistrations {
					request(c).refused(t, http.StatusForbidden, 10000)
				} else {
					request(c).succeeded(t)
				}
			}
		})
	}
}

func TestTheQuotaIsCountedInWindows(t *testing.T) {
	now := noon
	c := serve(t, sandbox.Options{Quota: &sandbox.Quota{
		Requests: 3, Window: time.Minute, Now: func() time.Time { return now },
	}})
	get := func(after time.Duration) reply {
		now = now.Add(after)
		return c.do("GET", "/user/tokens/verify", "")
	}
	check := func(answer reply, status int, limit, retryAfter string) {
		t.Helper()
		want := []string{limit, `"burst";q=3;w=60`, retryAfter}
		got := []string{answer.header.Get("Ratelimit"), answer.header.Get("Ratelimit-Policy"), answer.header.Get("Retry-After")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		if status == http.StatusTooManyRequests {
			answer.refused(t, status, 971)
		} else if answer.status != status {
			t.Errorf("status %d, want %d", answer.status, status)
		}
	}
	check(get(0), 200, `"default";r=2;t=60`, "")
	check(get(10*time.Second), 200, `"default";r=1;t=50`, "")
	check(c.do("GET", "/no/such/route", ""), 404, `"default";r=0;t=50`, "")
	check(get(500*time.Millisecond), 429, `"default";r=0;t=50`, "50")
	check(get(49*time.Second), 429, `"default";r=0;t=1`, "1")
	check(get(time.Second), 200, `"default";r=2;t=60`, "")

	t.Run("and each token has its own", func(t *testing.T) {
		c.header = http.Header{"Authorization": {"Bearer another"}}
		check(get(0), 200, `"default";r=2;t=60`, "")
	})
}

func TestTheQuotaIsCloudflaresUnlessSet(t *testing.T) {
	c := serve(t, sandbox.Options{})
	answer := c.do("GET", "/user/tokens/verify", "")
	if got, want := answer.header.Get("Ratelimit-Policy"), `"burst";q=1200;w=300`; got != want {
		t.Errorf("Ratelimit-Policy is %s, want %s", got, want)
	}
	if answer.header.Get("Date") == "" {
		t.Error("the response has no date")
	}
	t.Run("and there is none if it is set to zero", func(t *testing.T) {
		c := serve(t, sandbox.Options{Quota: &sandbox.Quota{}})
		for range 1300 {
			if answer := c.do("GET", "/user/tokens/verify", ""); answer.status != 200 || answer.header.Get("Ratelimit") != "" {
				t.Fatalf("status %d with quota %q, want 200 without", answer.status, answer.header.Get("Ratelimit"))
			}
		}
	})
}
