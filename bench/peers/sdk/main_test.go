package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

const janeDoe = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415"

// start serves a sandbox and returns the SDK's options that lead to it.
func start(t *testing.T, options sandbox.Options) (*sandbox.Sandbox, option.RequestOption) {
	t.Helper()
	s, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.Close()
		server.Close()
	})
	return s, option.WithBaseURL(server.URL + sandbox.BasePath)
}

// credentials are both ways to authenticate, with the values of the SDK's documentation.
func credentials() map[string][]option.RequestOption {
	return map[string][]option.RequestOption{
		"with a token":              {option.WithAPIToken("Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY")},
		"with an email and its key": {option.WithAPIKey("144c9defac04969c7bfad8efaa8ea194"), option.WithAPIEmail("user@example.com")},
	}
}

func TestTheSDKListsAllUsers(t *testing.T) {
	for name, credential := range credentials() {
		t.Run(name, func(t *testing.T) {
			s, base := start(t, sandbox.Options{})
			client := cloudflare.NewClient(append(credential, base)...)
			pager := client.ZeroTrust.Access.Users.ListAutoPaging(t.Context(), zero_trust.AccessUserListParams{
				AccountID: cloudflare.F(sandbox.MainAccount),
			})
			want := s.Users(sandbox.MainAccount)
			i := 0
			for ; pager.Next(); i++ {
				got := pager.Current()
				id, _ := want[i].ID.Get()
				seat, _ := want[i].SeatUID.Get()
				access, _ := want[i].AccessSeat.Get()
				if got.ID != id || got.SeatUID != seat || got.AccessSeat != access {
					t.Errorf("user %d is %s with seat %q, want %s with seat %q", i, got.ID, got.SeatUID, id, seat)
				}
			}
			if err := pager.Err(); err != nil {
				t.Fatal(err)
			}
			if i != len(want) {
				t.Errorf("%d users, want %d", i, len(want))
			}
		})
	}
}

func TestTheSDKsExampleOfListingUsersRuns(t *testing.T) {
	_, base := start(t, sandbox.Options{})
	client := cloudflare.NewClient(append(credentials()["with a token"], base)...)
	page, err := client.ZeroTrust.Access.Users.List(t.Context(), zero_trust.AccessUserListParams{
		AccountID: cloudflare.F("023e105f4ecef8ad9ca31a8372d0c353"),
		Email:     cloudflare.F("email"),
		Name:      cloudflare.F("name"),
		Page:      cloudflare.F(int64(0)),
		PerPage:   cloudflare.F(int64(1000)),
		Search:    cloudflare.F("search"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Result) != 0 || page.ResultInfo.PerPage != 1000 {
		t.Errorf("%d users of %v a page, want none of 1000", len(page.Result), page.ResultInfo.PerPage)
	}
}

func TestTheSDKReleasesASeat(t *testing.T) {
	for name, credential := range credentials() {
		t.Run(name, func(t *testing.T) {
			s, base := start(t, sandbox.Options{})
			client := cloudflare.NewClient(append(credential, base)...)
			seats, err := client.ZeroTrust.Seats.Edit(t.Context(), zero_trust.SeatEditParams{
				AccountID: cloudflare.F("699d98642c564d2e855e9661899b7252"),
				Body: []zero_trust.SeatEditParamsBody{{
					AccessSeat:  cloudflare.F(false),
					GatewaySeat: cloudflare.F(false),
					SeatUID:     cloudflare.F(janeDoe),
				}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(seats.Result) != 1 || seats.Result[0].SeatUID != janeDoe || seats.Result[0].AccessSeat {
				t.Errorf("the answer is %+v, want Jane Doe's seat without Access", seats.Result)
			}
			if jane, _ := s.User(sandbox.SmallAccount, janeDoe); jane.AccessSeat != sandbox.Value(false) {
				t.Errorf("Jane Doe has access_seat %v, want false", jane.AccessSeat)
			}
		})
	}
}

func TestTheSDKRenamesAUser(t *testing.T) {
	for name, credential := range credentials() {
		t.Run(name, func(t *testing.T) {
			s, base := start(t, sandbox.Options{})
			client := cloudflare.NewClient(append(credential, base)...)
			user, err := client.ZeroTrust.Access.Users.Update(t.Context(), janeDoe, zero_trust.AccessUserUpdateParams{
				AccountID: cloudflare.F("023e105f4ecef8ad9ca31a8372d0c353"),
				Email:     cloudflare.F("jdoe@example.com"),
				Name:      cloudflare.F("Jane Smith"),
			})
			if err != nil {
				t.Fatal(err)
			}
			if user.Name != "Jane Smith" || user.Email != "jdoe@example.com" || user.ID != janeDoe {
				t.Errorf("the answer is %+v, want all of Jane Smith", user)
			}
			if jane, _ := s.User(sandbox.MainAccount, janeDoe); jane.Name != sandbox.Value("Jane Smith") {
				t.Errorf("the name is %v, want Jane Smith", jane.Name)
			}
		})
	}
}

func TestTheSDKSeesRefusals(t *testing.T) {
	_, base := start(t, sandbox.Options{Deny: []sandbox.Operation{sandbox.OperationSeats}})
	client := cloudflare.NewClient(append(credentials()["with a token"], base)...)
	_, err := client.ZeroTrust.Seats.Edit(t.Context(), zero_trust.SeatEditParams{
		AccountID: cloudflare.F(sandbox.MainAccount),
		Body: []zero_trust.SeatEditParamsBody{{
			AccessSeat: cloudflare.F(false), GatewaySeat: cloudflare.F(false), SeatUID: cloudflare.F(janeDoe),
		}},
	})
	var refusal *cloudflare.Error
	if !errors.As(err, &refusal) || refusal.StatusCode != http.StatusForbidden || len(refusal.Errors) != 1 || refusal.Errors[0].Code != 10000 {
		t.Errorf("error %v, want 403 with code 10000", err)
	}
}

func TestTheSDKRetriesWhatPasses(t *testing.T) {
	faults := []sandbox.Fault{{Method: "GET", Kind: sandbox.KindThrottled, RetryAfter: 1, When: sandbox.When{Times: 1}}}
	s, base := start(t, sandbox.Options{Faults: faults})
	client := cloudflare.NewClient(append(credentials()["with a token"], base)...)
	began := time.Now()
	if _, err := client.ZeroTrust.Access.Users.List(t.Context(), zero_trust.AccessUserListParams{
		AccountID: cloudflare.F(sandbox.MainAccount),
	}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); s.Count(sandbox.OperationUsers) != 2 || took < time.Second {
		t.Errorf("%d requests in %v, want 2 with a second between", s.Count(sandbox.OperationUsers), took)
	}
}
