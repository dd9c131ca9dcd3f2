package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/simulation/judge"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// Mutation takes one guard out of seatsync, through a port that it has anyway. A
// simulation that does not notice would not notice either if the guard were lost in
// the code.
type Mutation string

// The mutations. The empty one changes nothing.
const (
	// IgnoreAge writes on a reading of any age.
	IgnoreAge Mutation = "freshness"
	// BelieveParts believes a listing whatever it says of its own size.
	BelieveParts Mutation = "completeness"
	// IgnoreLimits releases as many as are asked for.
	IgnoreLimits Mutation = "limit"
	// LoseIntents has a disk that loses an intent whose result is not there yet.
	LoseIntents Mutation = "journal"
	// LockApart lets runs by hand take a lock of their own.
	LockApart Mutation = "lock"
	// IgnoreFreeze applies in a freeze.
	IgnoreFreeze Mutation = "freeze"
	// ReadOnce reads the files as they lie there, once, whatever git is doing.
	ReadOnce Mutation = "tree"
	// IgnoreDevices knows of no devices.
	IgnoreDevices Mutation = "devices"
	// Unprotect does not read whom the policy protects.
	Unprotect Mutation = "protected"
	// BelieveErrors takes a write without a response for one that was never sent.
	BelieveErrors Mutation = "late-effects"
)

// Mutations returns all mutations, each with the promises that are broken without its
// guard.
func Mutations() map[Mutation][]string {
	return map[Mutation][]string{
		IgnoreAge:     {judge.Wrongly},
		BelieveParts:  {judge.Wrongly},
		IgnoreLimits:  {judge.Limited},
		LoseIntents:   {judge.Intended},
		LockApart:     {judge.Alone},
		IgnoreFreeze:  {judge.Frozen},
		ReadOnce:      {judge.Wrongly},
		IgnoreDevices: {judge.Wrongly},
		Unprotect:     {judge.Protected},
		BelieveErrors: {judge.Truthful, judge.Wrongly},
	}
}

// changeRequest changes what a run is asked for.
func (m Mutation) changeRequest(request *runner.Request) {
	switch m {
	case IgnoreAge:
		request.MaxReadAge = day
	case IgnoreLimits:
		most := 1 << 20
		request.AllowReleases = &most
	case IgnoreFreeze:
		request.IgnoreFreeze = true
	}
}

// changeReading changes what a run reads in the files.
func (m Mutation) changeReading(request *runner.Request) {
	switch m {
	case Unprotect:
		unprotected := *request.Desired
		unprotected.Policy.Protected = nil
		request.Desired = &unprotected
	case ReadOnce:
		request.Still = nil
	}
}

// load reads the files.
func (m Mutation) load(ctx context.Context, path string) (*desired.Reading, error) {
	if m != ReadOnce {
		return desired.Load(ctx, desired.Origin{Path: path})
	}
	// A copy is at rest, and nobody sees in it what git is doing with the original.
	apart, err := os.MkdirTemp(filepath.Dir(filepath.Dir(path)), "copy-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(apart)
	copyTree(apart, filepath.Dir(path))
	if err := os.RemoveAll(filepath.Join(apart, ".git")); err != nil {
		return nil, err
	}
	return desired.Load(ctx, desired.Origin{Path: filepath.Join(apart, filepath.Base(path))})
}

// transport carries requests.
func (m Mutation) transport(next http.RoundTripper) http.RoundTripper {
	if m == BelieveParts {
		return believing{next}
	}
	return next
}

// source reads the account.
func (m Mutation) source(connection *zerotrust.Connection) reconcile.Source {
	if m == IgnoreDevices {
		return withoutDevices{connection.Source()}
	}
	return connection.Source()
}

// sink writes to the account.
func (m Mutation) sink(connection *zerotrust.Connection) reconcile.Sink {
	switch m {
	case IgnoreDevices:
		return sinkWithoutDevices{connection.Sink()}
	case BelieveErrors:
		return hasty{connection.Sink()}
	}
	return connection.Sink()
}

// loseIntents takes from each record on a disk an intent at its end.
func loseIntents(disk string) {
	records, err := filepath.Glob(filepath.Join(disk, "accounts", "*", "runs", "*.jsonl"))
	must(err)
	for _, path := range records {
		data, err := os.ReadFile(path)
		must(err)
		begin := bytes.LastIndexByte(bytes.TrimSuffix(data, []byte("\n")), '\n') + 1
		var last struct{ Type string }
		if json.Unmarshal(data[begin:], &last) == nil && last.Type == "intent" {
			must(os.WriteFile(path, data[:begin], 0o600))
		}
	}
}

// believing takes out of listings of registrations what they say of their own size.
type believing struct{ next http.RoundTripper }

func (b believing) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(request)
	if err != nil || !strings.HasSuffix(request.URL.Path, "/registrations") {
		return response, err
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var envelope map[string]json.RawMessage
	var info map[string]any
	if json.Unmarshal(data, &envelope) == nil && json.Unmarshal(envelope["result_info"], &info) == nil && info != nil {
		delete(info, "count")
		delete(info, "total_count")
		envelope["result_info"], _ = json.Marshal(info)
		data, _ = json.Marshal(envelope)
	}
	response.Body = io.NopCloser(bytes.NewReader(data))
	return response, nil
}

// withoutDevices is an account of which nobody has devices.
type withoutDevices struct{ reconcile.Source }

func (s withoutDevices) Snapshot(ctx context.Context) (reconcile.Live, error) {
	live, err := s.Source.Snapshot(ctx)
	for i := range live.Users {
		live.Users[i].ActiveDevices = 0
	}
	return live, err
}

func (s withoutDevices) Devices(context.Context, []reconcile.User) (reconcile.Devices, error) {
	return reconcile.Devices{Read: true}, nil
}

// sinkWithoutDevices reads as withoutDevices does.
type sinkWithoutDevices struct{ reconcile.Sink }

func (s sinkWithoutDevices) Devices(ctx context.Context, users []reconcile.User) (reconcile.Devices, error) {
	return withoutDevices{}.Devices(ctx, users)
}

// hasty takes a write without a response for one that was never sent.
type hasty struct{ reconcile.Sink }

func (s hasty) UpdateSeats(ctx context.Context, attempt int, updates []reconcile.SeatUpdate) ([]reconcile.User, error) {
	states, err := s.Sink.UpdateSeats(ctx, attempt, updates)
	var unanswered *reconcile.NoResponseError
	if errors.As(err, &unanswered) {
		unanswered.Sent = false
	}
	return states, err
}

// apart is the state directory of runs by hand where they have one of their own.
func (m Mutation) apart(disk string, isByHand bool) string {
	if m == LockApart && isByHand {
		return disk + "-by-hand"
	}
	return disk
}
