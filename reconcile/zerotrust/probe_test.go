package zerotrust

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestTheTokenIsVerifiedAsTheUsersAndThenAsTheAccounts(t *testing.T) {
	active := answering(200, `{"success":true,"result":{"id":"ed17","status":"active","expires_on":"2027-01-01T00:00:00Z"}}`)
	unknown := answering(401, `{"success":false,"errors":[{"code":1000,"message":"Invalid API Token"}]}`)
	expires := reconcile.ParseMoment("2027-01-01T00:00:00Z")
	tests := []struct {
		name    string
		answers []http.Handler
		want    TokenStatus
		words   []string
	}{
		{name: "a token of a user", answers: []http.Handler{active}, want: TokenStatus{ID: "ed17", Status: "active", Owner: "user", ExpiresOn: expires}},
		{name: "a token of the account", answers: []http.Handler{unknown, active}, want: TokenStatus{ID: "ed17", Status: "active", Owner: "account", ExpiresOn: expires}},
		{name: "a token of nobody", answers: []http.Handler{unknown, unknown}, words: []string{"/user/tokens/verify: 401 1000", "/accounts/" + account + "/tokens/verify: 401 1000"}},
		{name: "the API does not answer", answers: []http.Handler{answering(503, "")}, words: []string{"503"}},
		{name: "no token in the answer", answers: []http.Handler{answering(200, `{"success":true,"result":null}`)}, words: []string{"no token"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := &inOrder{handlers: test.answers}
				got, err := connect(t, serve(t, handler)).Probe().Token(t.Context())
				if handler.requests() != len(test.answers) {
					t.Errorf("%d requests, want %d: a probe asks once", handler.requests(), len(test.answers))
				}
				if test.words != nil {
					checkError(t, err, test.words...)
					return
				}
				if diff := cmp.Diff(test.want, got, comparingMoments); diff != "" || err != nil || !got.IsActive() {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}

func TestAKeyCannotBeVerifiedByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := &inOrder{handlers: []http.Handler{answering(500, "")}}
		config := serve(t, handler)
		config.Credentials = KeyCredentials("a@example.com", secret)
		_, err := connect(t, config).Probe().Token(t.Context())
		if !errors.Is(err, ErrNoToken) || handler.requests() != 0 {
			t.Errorf("%d requests, %v", handler.requests(), err)
		}
	})
}

func TestAProbeAsksForOneOfEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{})
		probe := connect(t, config).Probe()
		total, known, err := probe.Users(t.Context())
		if total != 200 || !known || err != nil {
			t.Errorf("%d users, %v, %v", total, known, err)
		}
		if err := probe.Devices(t.Context()); err != nil {
			t.Error(err)
		}
		if status, err := probe.Token(t.Context()); err != nil || !status.IsActive() {
			t.Errorf("%+v, %v", status, err)
		}
		if got := box.Requests(); len(got) != 3 {
			t.Errorf("%d requests, want 3", len(got))
		}
	})
}

func TestAProbeNamesThePermissionThatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, config := startSandbox(t, sandbox.Options{Deny: sandbox.Operations()})
		probe := connect(t, config).Probe()
		_, _, err := probe.Users(t.Context())
		checkError(t, err, "403", PermissionList)
		var missing *PermissionError
		if err := probe.Devices(t.Context()); !errors.As(err, &missing) || missing.Permission != PermissionDevices {
			t.Errorf("got %v", err)
		}
	})
}

func TestAProbeDoesNotWaitForTheAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := connect(t, serve(t, answering(429, "", "Retry-After", "200"))).Probe()
		begin := time.Now()
		for range 2 {
			if _, _, err := probe.Users(t.Context()); !isA[*reconcile.ThrottledError](err) {
				t.Errorf("got %v", err)
			}
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTheClockIsComparedWithTheAPIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := time.Now().Add(-90 * time.Minute)
		probe := connect(t, serve(t, answering(200, emptyList, "Date", there.UTC().Format(http.TimeFormat)))).Probe()
		if probe.Clock().IsKnown() {
			t.Error("the clock is known before anybody was asked")
		}
		if _, _, err := probe.Users(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if clock := probe.Clock(); !clock.IsKnown() || (clock.Ahead()-90*time.Minute).Abs() > clock.Within {
			t.Errorf("%+v: the clock is ahead by %v; want 90 minutes", clock, clock.Ahead())
		}
	})
}

func TestAReadingHasTheAPIsTimeOfItsBeginning(t *testing.T) {
	for name, test := range map[string]struct {
		fault string
		ahead time.Duration
		known bool
	}{
		"the same clock":                    {known: true},
		"an API that is behind":             {fault: "users:skewed-date(offset=-10m)", ahead: 10 * time.Minute, known: true},
		"an API that is ahead":              {fault: "users:skewed-date(offset=2h)", ahead: -2 * time.Hour, known: true},
		"a response that takes long":        {fault: "users:slow(delay=20s)", known: true},
		"a wait that the API has asked for": {fault: "users:429(retry-after=240):once", known: true},
		"no date":                           {fault: "users:missing-date"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{Now: time.Now})
				if test.fault != "" {
					fault(t, box, test.fault)
				}
				begin := time.Now()
				live, err := connect(t, config).Source().Snapshot(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				clock := live.Clock
				if clock.IsKnown() != test.known {
					t.Fatalf("got %+v", clock)
				}
				if !test.known {
					return
				}
				if off := clock.Ahead() - test.ahead; off.Abs() > clock.Within || !clock.Here.Equal(begin) {
					t.Errorf("got %+v: ahead by %v, want %v", clock, clock.Ahead(), test.ahead)
				}
			})
		})
	}
}
