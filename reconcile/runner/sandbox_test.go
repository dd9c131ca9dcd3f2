package runner_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seatsync/seatsync"
	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

func TestTheExampleIsAppliedToTheSandboxAndThenThereIsNothingLeft(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC) }
	desired, err := desired.Parse(desired.File{Name: "desired-state.yaml", Data: seatsync.Example},
		desired.InMemory{{Name: "people.csv", Data: seatsync.ExampleRoster}}, now())
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(sandbox.Options{Users: 200, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	defer server.Close()
	defer box.Close()
	connection, err := zerotrust.Connect(zerotrust.Config{
		BaseURL: server.URL + sandbox.BasePath, AccountID: desired.Account, Credentials: zerotrust.TokenCredentials("sandbox"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	job := &runner.Runner{
		AccountID: desired.Account, Source: connection.Source(), Sink: func() reconcile.Sink { return connection.Sink() }, Counts: connection.Counts,
		Store: record.Open(t.TempDir(), sandbox.MainAccount), Clock: now, Tool: "seatsync test",
	}
	request := runner.Request{Desired: desired, Now: now()}
	result := job.Apply(t.Context(), request)
	if result.Err != nil || result.Result != reconcile.ResultDone || !result.HasWritten() {
		t.Fatalf("%s, %v", result.Result, result.Err)
	}
	if got := result.Plan.Run.Calls; got.Patch != result.Plan.Summary.Calls.Patch || got.Put != result.Plan.Summary.Calls.Put {
		t.Errorf("%+v requests, want %+v", got, result.Plan.Summary.Calls)
	}
	plan, _, err := job.Plan(t.Context(), request)
	if err != nil || plan.Summary.Pending() != 0 {
		t.Errorf("%v, and there is more to do: %+v", err, plan.Summary)
	}
}
