package runner_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// Whoever logs in, or is seen on a device, longer than --max-read-age before the PATCH that would release the seat keeps
// it, whatever the run was waiting for in between. The tests run the whole of seatsync, from the plan to the record, against the sandbox, in
// a bubble whose clock passes only while everybody waits.

// source is one thing that a run waits for.
type source struct {
	name   string
	faults []string
	// edit changes how requests are made, before makes something happen before the run, and confirm is how long
	// somebody thinks about the plan.
	edit    func(*zerotrust.Config)
	before  func(*scene)
	confirm time.Duration
	// latest is when the run is over at the latest.
	latest time.Duration
}

func sources() []source {
	return []source{
		{name: "nothing", latest: 10 * time.Second},
		{name: "a Retry-After", faults: []string{"PATCH:429(retry-after=100):once"}, latest: 130 * time.Second},
		{name: "a Retry-After of a 503", faults: []string{"PATCH:503:times=2", "PATCH:429(retry-after=150):once"}, latest: 170 * time.Second},
		{name: "the own share of the quota", edit: func(c *zerotrust.Config) { c.QuotaShare = 1 }, before: useUpQuota, latest: 400 * time.Second},
		{name: "a response that never comes", faults: []string{"PATCH:hang:times=3"}, latest: 120 * time.Second},
		{name: "a response that comes too late", faults: []string{"PATCH:hang-after:times=2"}, latest: 120 * time.Second},
		{name: "a slow response before others", faults: []string{"PATCH:slow(delay=29s):always"}, latest: 120 * time.Second},
		{name: "retries", faults: []string{"PATCH:502:times=4"}, latest: 60 * time.Second},
		{name: "a throttled listing of devices", faults: []string{"devices:429(retry-after=100):once"}, latest: 130 * time.Second},
		{name: "a slow listing of users", faults: []string{"users:slow(delay=20s):always"}, latest: 200 * time.Second},
		{name: "somebody who thinks", confirm: 3 * time.Minute, latest: 200 * time.Second},
		{
			name: "somebody who thinks, and a listing that is throttled after that", confirm: 3 * time.Minute,
			faults: []string{"users:429(retry-after=100):after=1+times=1"}, latest: 320 * time.Second,
		},
		{name: "a run that was killed", before: killedRun, faults: []string{"PATCH:hang:once", "PATCH:429(retry-after=90):once"}, latest: 200 * time.Second},
	}
}

// sign is one thing that shows that somebody is active.
type sign struct {
	name   string
	faults []string
	show   func(s *scene, person int) error
}

func signs() []sign {
	return []sign{
		{name: "a login", show: func(s *scene, person int) error {
			return s.box.Login(sandbox.MainAccount, fmt.Sprintf("id-%d", person))
		}},
		{name: "a registration", show: (*scene).seeDevice},
		{name: "a device", faults: []string{"registrations:403:always"}, show: (*scene).seeDevice},
	}
}

func TestWhoeverIsActiveBeforeTheReadingGrowsOldKeepsTheSeat(t *testing.T) {
	for _, source := range sources() {
		for _, sign := range signs() {
			t.Run(source.name+", and "+sign.name, func(t *testing.T) {
				released := 0
				for at := time.Second / 2; at < source.latest; at += 9 * time.Second {
					synctest.Test(t, func(t *testing.T) { released += newScene(t, source, sign).play(at) })
				}
				if released == 0 {
					t.Error("nobody is ever released")
				}
			})
		}
	}
}

// scene is a run on an account of a few idle people.
type scene struct {
	*testing.T
	box        *sandbox.Sandbox
	connection *zerotrust.Connection
	job        *runner.Runner
	request    runner.Request
	begin      time.Time
	sign       sign
}

// people is how many there are, two in each PATCH.
const people = 6

func newScene(t *testing.T, source source, sign sign) *scene {
	t.Helper()
	ahead := time.Until(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
	now := func() time.Time { return time.Now().Add(ahead) }
	box, err := sandbox.New(sandbox.Options{Users: 1, Quota: &sandbox.Quota{}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	var records []sandbox.Record
	for i := range people {
		records = append(records, sandbox.Record{
			ID: sandbox.Value(fmt.Sprintf("id-%d", i)), Email: sandbox.Value(fmt.Sprintf("p%d@example.com", i)),
			SeatUID: sandbox.Value(fmt.Sprintf("seat-%d", i)), AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(true),
			LastSuccessfulLogin: sandbox.At(now().AddDate(0, -6, 0)), CreatedAt: sandbox.At(now().AddDate(-1, 0, 0)), ActiveDeviceCount: sandbox.Value(1.0),
		})
	}
	box.Replace(sandbox.MainAccount, records...)
	for i := range people {
		box.PutDevice(sandbox.MainAccount, deviceOf(i, now().AddDate(0, -5, 0)))
	}
	for _, text := range slices.Concat(source.faults, sign.faults) {
		fault, err := sandbox.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
	config := serveInMemory(t, box)
	if source.edit != nil {
		source.edit(&config)
	}
	config.Now = now // which the rules and the account go by
	connection, err := zerotrust.Connect(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	state, err := desired.Parse(desired.File{Name: "desired-state.yaml", Data: []byte(
		"version: 1\npolicy: {inactive: {after: 90d}, limits: {releases: 100%}}\n")}, nil, now())
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{T: t, box: box, connection: connection, sign: sign, request: runner.Request{Desired: state, BatchSize: 2, Concurrency: 1}}
	s.job = &runner.Runner{
		AccountID: sandbox.MainAccount, Source: connection.Source(), Sink: func() reconcile.Sink { return connection.Sink() },
		Counts: connection.Counts, Store: record.Open(t.TempDir(), sandbox.MainAccount), Clock: now, Tool: "seatsync test",
	}
	if source.confirm > 0 {
		s.job.Confirm = func(context.Context, *reconcile.Plan) error { time.Sleep(source.confirm); return nil }
	}
	if source.before != nil {
		source.before(s)
	}
	s.begin = now()
	return s
}

// deviceOf is the device of a person, last seen at a time.
func deviceOf(person int, seen time.Time) sandbox.Device {
	return sandbox.Device{
		ID: sandbox.Value(fmt.Sprintf("device-%d", person)), LastSeenAt: sandbox.At(seen), ActiveRegistrations: sandbox.Value(1.0),
		LastSeenUser: sandbox.Value(sandbox.DeviceUser{ID: sandbox.Value(fmt.Sprintf("id-%d", person)), Email: sandbox.Value(fmt.Sprintf("p%d@example.com", person))}),
	}
}

// seeDevice has the device of a person connect, unless a release has signed it out.
func (s *scene) seeDevice(person int) error {
	for _, device := range s.box.Devices(sandbox.MainAccount) {
		if device.ID == sandbox.Value(fmt.Sprintf("device-%d", person)) && device.ActiveRegistrations == sandbox.Value(1.0) {
			s.box.PutDevice(sandbox.MainAccount, deviceOf(person, s.job.Clock()))
		}
	}
	return nil
}

// play has everybody show that they are active at a time after the run began, one second after the other, and returns how many lost
// their seat, none of whom may have been active longer than the age before the PATCH.
func (s *scene) play(at time.Duration) (released int) {
	s.box.ForgetRequests()
	active := make([]time.Time, people)
	var group sync.WaitGroup
	for i := range people {
		group.Go(func() {
			time.Sleep(at + time.Duration(i)*time.Second)
			active[i] = s.job.Clock()
			if err := s.sign.show(s, i); err != nil {
				s.Error(err)
			}
		})
	}
	result := s.job.Apply(s.Context(), s.request)
	group.Wait()
	if result.Err != nil {
		s.Fatal(result.Err)
	}
	for _, request := range s.box.Requests() {
		if request.Method != http.MethodPatch {
			continue
		}
		for i, seen := range active {
			if !strings.Contains(request.Body, fmt.Sprintf(`"seat-%d"`, i)) {
				continue
			}
			released++
			if old := request.Time.Sub(seen); old > reconcile.DefaultMaxReadAge {
				s.Errorf("active after %v: p%d is in a PATCH %v later (%s)", seen.Sub(s.begin), i, old, request.Fault)
			}
		}
	}
	for _, outcome := range result.Plan.Run.Outcomes {
		user, _ := s.box.User(sandbox.MainAccount, result.Plan.Changes[outcome.Change].UserID)
		access, _ := user.AccessSeat.Get()
		if outcome.Status == reconcile.Stale && !access {
			s.Errorf("active after %v: %s is stale and has no seat", at, result.Plan.Changes[outcome.Change].Email)
		}
	}
	return released
}

// useUpQuota leaves a share of a percent two requests, one for each listing.
func useUpQuota(s *scene) {
	for range 10 {
		if _, err := s.connection.Source().Snapshot(s.Context()); err != nil {
			s.Fatal(err)
		}
	}
}

// killedRun leaves the record of a run that was killed while it wrote.
func killedRun(s *scene) {
	plan, _, err := s.job.Plan(s.Context(), s.request)
	if err != nil {
		s.Fatal(err)
	}
	start := record.Start{
		ID: record.NewID(s.job.Clock()), StartedAt: s.job.Clock().UTC(), Mode: reconcile.ModeApply, AccountID: sandbox.MainAccount,
	}
	journal, err := s.job.Store.Begin(start, plan, s.job.Clock)
	if err != nil {
		s.Fatal(err)
	}
	if err := journal.Intent(reconcile.Calls(plan, 2)[0]); err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.Context(), 5*time.Second)
	defer cancel()
	_, err = s.connection.Sink().UpdateSeats(ctx, 0, []reconcile.SeatUpdate{{SeatUID: "seat-0"}, {SeatUID: "seat-1"}})
	if !errors.Is(err, context.DeadlineExceeded) {
		s.Fatal(err)
	}
	time.Sleep(50 * time.Second)
}

// serveInMemory serves a sandbox over connections that exist in memory only.
func serveInMemory(t *testing.T, box *sandbox.Sandbox) zerotrust.Config {
	t.Helper()
	wire := &wire{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: box.Handler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(wire) // always an error, which says that it was closed
	}()
	t.Cleanup(func() {
		box.Close()
		server.Close()
		<-served
	})
	return zerotrust.Config{
		BaseURL: "http://localhost" + sandbox.BasePath, AccountID: sandbox.MainAccount, Credentials: zerotrust.TokenCredentials("sandbox"),
		Transport: &http.Transport{DialContext: wire.dial},
	}
}

// wire is a network in memory.
type wire struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case conn := <-w.conns:
		return conn, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case w.conns <- server:
		return client, nil
	case <-w.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
