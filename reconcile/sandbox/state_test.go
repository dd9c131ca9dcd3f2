package sandbox_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestRequestsAreRememberedWithoutCredentials(t *testing.T) {
	c := faulty(t, "users:500:once")
	c.header.Set("Authorization", "Bearer secret-token")
	c.do("GET", usersPath+"?page=2", "")
	c.do("PUT", usersPath+"/"+janeDoe, `{"email":"jdoe@example.com","name":"Jane"}`)
	c.do("GET", "/nowhere", "")
	want := []sandbox.Request{
		{
			Time: noon, Method: "GET", Path: sandbox.BasePath + usersPath, Query: "page=2",
			Operation: sandbox.OperationUsers, Status: 500, Fault: "users:500:once",
		},
		{
			Time: noon, Method: "PUT", Path: sandbox.BasePath + usersPath + "/" + janeDoe,
			Body: `{"email":"jdoe@example.com","name":"Jane"}`, Operation: sandbox.OperationRename, Status: 200,
		},
		{Time: noon, Method: "GET", Path: sandbox.BasePath + "/nowhere", Status: 404},
	}
	got := c.sandbox.Requests()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	for operation, want := range map[sandbox.Operation]int{sandbox.OperationUsers: 1, sandbox.OperationRename: 1, "": 1, sandbox.OperationSeats: 0} {
		if got := c.sandbox.Count(operation); got != want {
			t.Errorf("%q is counted %d times, want %d", operation, got, want)
		}
	}
	t.Run("until they are forgotten", func(t *testing.T) {
		c.sandbox.ForgetRequests()
		if len(c.sandbox.Requests()) != 0 || c.sandbox.Count(sandbox.OperationRename) != 0 {
			t.Error("something is remembered")
		}
	})
}

func TestOnlyTheLatestRequestsAreRemembered(t *testing.T) {
	c := serve(t, sandbox.Options{RequestLog: 3})
	for range 10 {
		c.do("GET", "/user/tokens/verify", "")
	}
	c.do("GET", usersPath, "")
	got := c.sandbox.Requests()
	if len(got) != 3 || got[2].Operation != sandbox.OperationUsers {
		t.Errorf("remembered %v, want the latest three", got)
	}
	if c.sandbox.Count(sandbox.OperationVerify) != 10 {
		t.Errorf("counted %d, want 10", c.sandbox.Count(sandbox.OperationVerify))
	}
}

func TestTheHookMayChangeWhatTheRequestFinds(t *testing.T) {
	var s *sandbox.Sandbox
	c := serve(t, sandbox.Options{OnRequest: func(r sandbox.Request) {
		if strings.Contains(r.Query, "page=2") {
			s.Remove(sandbox.MainAccount, janeDoe)
		}
	}})
	s = c.sandbox
	c.do("GET", usersPath, "")
	if answer := c.do("GET", usersPath+"?page=2", ""); answer.Info["total_count"] != 199. {
		t.Errorf("total_count is %v, want 199", answer.Info["total_count"])
	}
	if _, ok := s.User(sandbox.MainAccount, janeDoe); ok {
		t.Error("Jane is still there")
	}
}

func TestPuttingAUser(t *testing.T) {
	c := serve(t, sandbox.Options{})
	jane := c.jane()
	t.Run("replaces the one with the same id in their place", func(t *testing.T) {
		jane.Name, jane.SeatUID = sandbox.Null[string](), sandbox.Value("another")
		c.sandbox.Put(sandbox.MainAccount, jane)
		if got := c.sandbox.Users(sandbox.MainAccount); len(got) != 200 || got[0] != jane {
			t.Errorf("%d users, the first %v; want 200 and the new Jane", len(got), got[0])
		}
		c.do("PATCH", seatsPath, "["+item("another", false, false)+"]").succeeded(t)
		c.do("PATCH", seatsPath, "["+item(janeDoe, false, false)+"]").refused(t, 400, 12130)
	})
	t.Run("adds one who is new, or has no id at all", func(t *testing.T) {
		c.sandbox.Put(sandbox.MainAccount, sandbox.Record{ID: sandbox.Value("new")})
		c.sandbox.Put(sandbox.MainAccount, sandbox.Record{ID: sandbox.Null[string]()})
		if got := c.sandbox.Users(sandbox.MainAccount); len(got) != 202 {
			t.Errorf("%d users, want 202", len(got))
		}
	})
	t.Run("makes an account that is new", func(t *testing.T) {
		c.sandbox.Put("new", sandbox.Record{ID: sandbox.Value("first")})
		c.sandbox.PutDevice("newer", sandbox.Device{ID: sandbox.Value("first")})
		if len(c.sandbox.Users("new")) != 1 || len(c.sandbox.Devices("newer")) != 1 {
			t.Error("the accounts were not made")
		}
	})
}

func TestNobodyIsFoundWhereNobodyIs(t *testing.T) {
	s := serve(t, sandbox.Options{}).sandbox
	if _, ok := s.User("none", janeDoe); ok {
		t.Error("a user in an account that does not exist")
	}
	if _, ok := s.UserByEmail(sandbox.MainAccount, "nobody@example.com"); ok {
		t.Error("a user with an address nobody has")
	}
	if s.Users("none") != nil || s.Devices("none") != nil || s.Remove("none", janeDoe) || s.Remove(sandbox.MainAccount, "nobody") {
		t.Error("something in an account that does not exist")
	}
	for account, want := range map[string]string{"none": "no account", sandbox.MainAccount: "no such user"} {
		if err := s.Login(account, "nobody"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestLoggingInForTheFirstTimeTakesANewSeat(t *testing.T) {
	c := serve(t, sandbox.Options{})
	for _, email := range []string{"dmitri.volkov@example.com", "chloe.martin@example.com"} {
		id := text(c.byEmail(email).ID)
		if err := c.sandbox.Login(sandbox.MainAccount, id); err != nil {
			t.Fatal(err)
		}
		got := c.user(id)
		if len(text(got.SeatUID)) != 36 || got.AccessSeat != sandbox.Value(true) {
			t.Errorf("after logging in: %+v", got)
		}
		c.do("PATCH", seatsPath, "["+item(text(got.SeatUID), false, false)+"]").succeeded(t)
	}
}

func TestManyMayUseASandboxAtOnce(t *testing.T) {
	c := faulty(t, "users:user-added:every=7", "users:user-removed:every=5", "seats:not-taken:every=3", "rename:500:every=2")
	var everybody sync.WaitGroup
	for range 4 {
		everybody.Go(func() {
			for range 10 {
				c.do("GET", usersPath+"?page=2", "")
				c.do("GET", devices, "")
				_, _ = c.release()
				c.do("PUT", usersPath+"/"+janeDoe, `{"email":"jdoe@example.com","name":"Jane"}`)
				_ = c.sandbox.Login(sandbox.MainAccount, janeDoe)
				c.sandbox.Put(sandbox.MainAccount, sandbox.Record{ID: sandbox.Value("new")})
				c.sandbox.Users(sandbox.MainAccount)
				c.sandbox.Devices(sandbox.MainAccount)
				c.sandbox.Requests()
			}
		})
	}
	everybody.Wait()
	if got := c.sandbox.Count(sandbox.OperationUsers); got != 40 {
		t.Errorf("%d listings counted, want 40", got)
	}
}

func TestFieldsShowThemselvesInMessages(t *testing.T) {
	for want, field := range map[string]sandbox.Field[string]{
		"missing": sandbox.Missing[string](), "null": sandbox.Null[string](), `""`: sandbox.Value(""),
	} {
		if got := field.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
