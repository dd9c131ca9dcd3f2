package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/simulation/judge"
)

// How long a request or a response is on its way at least and at most.
const (
	fastest = 20 * time.Millisecond
	slowest = 200 * time.Millisecond
)

// network is the way between machines and the API. Each request has a latency that
// depends on the seed and on the request itself, and so arrives at an instant of its
// own: the order of requests never depends on the scheduler.
type network struct {
	world *world
	seen  map[string]int // how often each request was sent, for requests that are alike

	// What is wrong with the way for the time being.
	isDown       bool
	writesTravel time.Duration // requests that write are on their way for longer
	resetWrites  time.Duration // the connection is reset, and the request lands later; 0 for never
	isMuted      bool          // requests that write are not answered
	restarts     int           // of the API, which breaks all connections
}

var errReset = errors.New("read tcp: connection reset by peer")

// wire is the transport of one run.
type wire struct {
	network *network
	process *process
	runID   string
}

// RoundTrip carries a request to the API and back. Whoever gives up waiting does not
// call a request back that is on its way.
func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := readAll(request)
	if err != nil {
		return nil, err
	}
	isWrite := request.Method != http.MethodGet
	if w.process.machine.sleeps(w.process) {
		return nil, errReset // what was to leave has waited for too long
	}
	route := w.network.plan(request, body, isWrite)
	if err := w.leave(route, request, body, isWrite); err != nil {
		return nil, err
	}
	answered := make(chan *http.Response, 1)
	w.network.world.spawn(func() { w.carry(route, request, body, answered) })
	var reset <-chan time.Time
	if route.resets {
		timer := time.NewTimer(fastest)
		defer timer.Stop()
		reset = timer.C
	}
	select {
	case response := <-answered:
		if w.process.machine.sleeps(w.process) && request.Context().Err() != nil {
			return nil, request.Context().Err()
		}
		return response, lost(response)
	case <-reset:
		return nil, errReset
	case <-request.Context().Done():
		return nil, request.Context().Err()
	case <-w.process.dead:
		return nil, errDead
	}
}

// lost is the error of a response that never came.
func lost(response *http.Response) error {
	if response == nil {
		return errReset
	}
	return nil
}

// route is the way of one request.
type route struct {
	out, back time.Duration
	resets    bool // the sender sees the connection reset at once
	isLost    bool // the response never comes
	restarts  int  // of the API when it left
	flight    *flight
}

// flight is a request that writes, from when it leaves until it has been answered.
type flight struct {
	runID string
	sent  time.Time
	items []judge.Item
}

// asksForName reports whether the request asks for somebody to have a name.
func (f *flight) asksForName(userID, name string) bool {
	return slices.ContainsFunc(f.items, func(item judge.Item) bool {
		return item.UserID == userID && item.Name != nil && *item.Name == name
	})
}

// asked returns what the request asks for somebody to hold, where that may have made what they
// hold now of what they held before.
func (f *flight) asked(userID string, before, now judge.Seat, freesSeats bool) (seat judge.Seat, isBehind bool) {
	for _, item := range f.items {
		isHalf := item.Seat.IsHeld() && item.Seat.Lacks(before)
		if item.UserID == userID && item.Name == nil && (item.Seat == now || freesSeats && isHalf && !now.IsHeld()) {
			return item.Seat, true
		}
	}
	return judge.Seat{}, false
}

// plan chooses the way of a request.
func (n *network) plan(request *http.Request, body []byte, isWrite bool) *route {
	key := request.Method + " " + request.URL.RequestURI() + " " + string(body)
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	n.seen[key]++
	seed := n.world.story.Seed
	r := &route{
		out:  between(fastest, slowest, seed, "out", key, n.seen[key]),
		back: between(fastest, slowest, seed, "back", key, n.seen[key]), restarts: n.restarts,
	}
	if isWrite {
		if n.resetWrites > 0 { // which lands within the window for late effects, whatever else is slow
			r.resets, r.out = true, r.out+n.resetWrites
		} else {
			r.out += n.writesTravel
		}
		r.isLost = n.isMuted
	}
	return r
}

// leave notes that a request leaves the machine, unless something keeps it there.
func (w *wire) leave(route *route, request *http.Request, body []byte, isWrite bool) error {
	world := w.network.world
	if isWrite && world.machine.diesAt(KillWrite) {
		return errDead
	}
	world.mu.Lock()
	defer world.mu.Unlock()
	switch {
	case w.process.isDead():
		return errDead
	case w.network.isDown:
		return errors.New("dial tcp: connection refused")
	case isWrite:
		route.flight = &flight{runID: w.runID, sent: time.Now(), items: world.itemsOf(request, body)}
		world.flights = append(world.flights, route.flight)
		world.counts.Writes++
		world.judge.Sent(w.runID, route.flight.items, route.flight.sent)
	}
	world.counts.Requests++
	return nil
}

// carry takes a request to the API, and its response back.
func (w *wire) carry(route *route, request *http.Request, body []byte, answered chan<- *http.Response) {
	time.Sleep(route.out)
	if w.network.hasRestarted(route) {
		w.network.world.landed(route.flight)
		answered <- nil
		return
	}
	ctx := request.Context()
	if ctx.Err() != nil || w.process.isDead() {
		// Whoever sent it is gone. The API does not know, and does not wait for long.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Millisecond)
		defer cancel()
	}
	world := w.network.world
	world.trace(request.Method, request.URL.RequestURI(), body)
	response := w.network.serve(request.Clone(ctx), body)
	if route.flight != nil {
		world.look(false)
		world.landed(route.flight)
	}
	if request.Method != http.MethodGet && !w.process.isDead() && world.machine.diesAt(KillLater) {
		return
	}
	if route.isLost {
		return
	}
	time.Sleep(route.back)
	if w.network.hasRestarted(route) {
		response = nil
	}
	answered <- response
}

// hasRestarted reports whether the API has broken the connection of a request.
func (n *network) hasRestarted(route *route) bool {
	n.world.mu.Lock()
	defer n.world.mu.Unlock()
	return n.restarts > route.restarts
}

// serve lets the sandbox answer. The response is nil where the connection broke.
func (n *network) serve(request *http.Request, body []byte) (response *http.Response) {
	request.Body = io.NopCloser(bytes.NewReader(body))
	request.RequestURI = request.URL.RequestURI()
	recorder := &recorder{header: make(http.Header)}
	defer func() {
		switch cause := recover(); {
		case cause == nil:
			response = recorder.response(request, nil)
		case cause != http.ErrAbortHandler:
			panic(cause)
		case recorder.status != 0:
			response = recorder.response(request, io.ErrUnexpectedEOF)
		}
	}()
	n.world.box.Handler().ServeHTTP(recorder, request)
	return nil
}

// recorder is a response on its way.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(data)
}

// response is what the sender gets; the body ends with an error where there is one.
func (r *recorder) response(request *http.Request, end error) *http.Response {
	r.WriteHeader(http.StatusOK)
	body := io.Reader(&r.body)
	if end != nil {
		body = io.MultiReader(body, failing{end})
	}
	return &http.Response{
		StatusCode: r.status, Status: http.StatusText(r.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.header, Body: io.NopCloser(body), ContentLength: -1, Request: request,
	}
}

// failing is a reader that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func readAll(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	defer request.Body.Close()
	return io.ReadAll(request.Body)
}

// itemsOf reads what a request that writes asks for.
func (w *world) itemsOf(request *http.Request, body []byte) (items []judge.Item) {
	if request.Method == http.MethodPut {
		var rename struct{ Name string }
		must(json.Unmarshal(body, &rename))
		return []judge.Item{{UserID: request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:], Name: &rename.Name}}
	}
	var seats []struct {
		SeatUID string `json:"seat_uid"`
		Access  bool   `json:"access_seat"`
		Gateway bool   `json:"gateway_seat"`
	}
	must(json.Unmarshal(body, &seats))
	for _, seat := range seats {
		items = append(items, judge.Item{UserID: w.owners[seat.SeatUID], Seat: judge.Seat{Access: seat.Access, Gateway: seat.Gateway}})
	}
	return items
}

// landed forgets a request that has been answered.
func (w *world) landed(f *flight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flights = slices.DeleteFunc(w.flights, func(other *flight) bool { return other == f })
}

// look compares what people hold with what they held when it was looked last, and
// tells the judge who changed it: people, or the last request that asks for it.
func (w *world) look(byPeople bool) {
	records := w.box.Users(sandbox.MainAccount)
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range records {
		id, _ := records[i].ID.Get()
		access, _ := records[i].AccessSeat.Get()
		gateway, _ := records[i].GatewaySeat.Get()
		name, _ := records[i].Name.Get()
		w.lookAtName(id, name, byPeople)
		seat := judge.Seat{Access: access, Gateway: gateway}
		before, isKnown := w.seats[id]
		if isKnown && before == seat {
			continue
		}
		w.seats[id] = seat
		if seat.Gateway && w.story.Setup.RegistrationsAreRefused {
			w.judge.MayStay(id)
		}
		by, asked := &flight{}, seat
		for _, f := range w.flights {
			if wanted, isBehind := f.asked(id, before, seat, w.story.Setup.FreesSeats); isBehind && !byPeople {
				by, asked = f, wanted
			}
		}
		if by.runID != "" && before.IsHeld() && !seat.IsHeld() {
			w.counts.Releases++
		}
		w.judge.Holds(id, seat, asked, time.Now(), by.runID, by.sent)
	}
}

// lookAtName tells the judge of a name that has changed.
func (w *world) lookAtName(id, name string, byPeople bool) {
	if w.names[id] == name {
		return
	}
	w.names[id] = name
	by := ""
	for _, f := range w.flights {
		if !byPeople && f.asksForName(id, name) {
			by = f.runID
		}
	}
	w.judge.Named(id, name, time.Now(), by)
}
