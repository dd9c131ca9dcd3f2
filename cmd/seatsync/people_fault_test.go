package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// member is somebody in the account of a rig: what they are, and what the file and its rules make of them. The latter
// is written down here by hand, so that it does not depend on the plan that it is compared with.
type member struct {
	before          sandbox.Record
	device          *sandbox.Device
	access, gateway bool   // in the end
	name            string // in the end
	line            string // in the file; "" for people it does not list
}

func (m *member) id() string      { return textOf(m.before.ID) }
func (m *member) email() string   { return textOf(m.before.Email) }
func (m *member) seatUID() string { return textOf(m.before.SeatUID) }

func textOf(field sandbox.Field[string]) string {
	text, _ := field.Get()
	return text
}

func isTrue(field sandbox.Field[bool]) bool {
	value, _ := field.Get()
	return value
}

// hasSeat and hasName report whether a record shows what is wanted in the end.
func (m *member) hasSeat(now sandbox.Record) bool {
	return isTrue(now.AccessSeat) == m.access && isTrue(now.GatewaySeat) == m.gateway
}

func (m *member) hasName(now sandbox.Record) bool { return textOf(now.Name) == m.name }

// cast makes members with addresses and identifiers of their own.
type cast struct{ members []*member }

// add adds somebody who is active, and stays as they are unless edits say otherwise.
func (c *cast) add(word string, access, gateway bool, edits ...func(*member)) {
	number := len(c.members) + 1
	name := fmt.Sprintf("%s %d", word, number)
	m := &member{
		before: sandbox.Record{
			ID:         sandbox.Value(fmt.Sprintf("00000000-0000-4000-8000-%012d", number)),
			SeatUID:    sandbox.Value(fmt.Sprintf("5ea70000-0000-4000-8000-%012d", number)),
			Email:      sandbox.Value(fmt.Sprintf("%s-%d@example.com", word, number)),
			Name:       sandbox.Value(name),
			AccessSeat: sandbox.Value(access), GatewaySeat: sandbox.Value(gateway),
			ActiveDeviceCount:   sandbox.Value(0.0),
			CreatedAt:           sandbox.At(daysBack(600)),
			LastSuccessfulLogin: sandbox.At(daysBack(2)),
		},
		access: access, gateway: gateway, name: name,
	}
	for _, edit := range edits {
		edit(m)
	}
	c.members = append(c.members, m)
}

func daysBack(days float64) time.Time {
	return time.Now().Add(-time.Duration(days * float64(24*time.Hour)))
}

// listed puts somebody into the file.
func listed(format string) func(*member) {
	return func(m *member) { m.line = fmt.Sprintf("  - {email: %s, %s}\n", m.email(), format) }
}

// ends says what becomes of a seat.
func ends(access, gateway bool) func(*member) {
	return func(m *member) { m.access, m.gateway = access, gateway }
}

// renamed lets the file ask for another name, beside anything else.
func renamed(m *member) {
	m.name = "Renamed " + m.name
	if m.line == "" {
		listed("name: " + m.name)(m)
		return
	}
	m.line = strings.TrimSuffix(m.line, "}\n") + ", name: " + m.name + "}\n"
}

// idleFor moves the last login back.
func idleFor(days float64) func(*member) {
	return func(m *member) { m.before.LastSuccessfulLogin = sandbox.At(daysBack(days)) }
}

// warpOnly is somebody who never logs in and whose device was seen some days ago.
func warpOnly(days float64) func(*member) {
	return func(m *member) {
		m.before.LastSuccessfulLogin = sandbox.Null[string]()
		m.before.ActiveDeviceCount = sandbox.Value(1.0)
		m.device = &sandbox.Device{
			ID: m.before.ID, LastSeenAt: sandbox.At(daysBack(days)), ActiveRegistrations: sandbox.Value(1.0),
			LastSeenUser: sandbox.Value(sandbox.DeviceUser{ID: m.before.ID, Email: m.before.Email}),
		}
	}
}

// company is an account with people of every kind: 16 seat changes, of which 12 release a seat, and 5 renames.
func company() []*member {
	var c cast
	for range 5 {
		c.add("leaver", true, false, listed("access_seat: false, gateway_seat: false"), ends(false, false))
	}
	for range 2 {
		c.add("both", true, true, listed("access_seat: false, gateway_seat: false"), ends(false, false), renamed)
	}
	for range 3 {
		c.add("narrow", true, true, listed("access_seat: true, gateway_seat: false"), ends(true, false))
	}
	c.add("starter", false, false, listed("access_seat: true"), ends(true, false))
	for range 3 {
		c.add("idle", true, false, idleFor(200), ends(false, false))
	}
	for range 2 {
		c.add("warp-idle", false, true, warpOnly(150), ends(false, false))
	}
	c.add("warp-busy", false, true, warpOnly(1))
	for range 3 {
		c.add("married", true, true, renamed)
	}
	// Protected, although a rule or the file asks for their seat.
	c.add("ceo", true, true, listed("access_seat: false, gateway_seat: false"))
	c.add("board", true, false, idleFor(300))
	for len(c.members) < 50 {
		c.add("busy", true, len(c.members)%2 == 0)
	}
	return c.members
}

// fileOf is the desired state that asks for what members say.
func fileOf(members []*member) string {
	var text strings.Builder
	text.WriteString("version: 1\npolicy:\n  inactive: {after: 90d, never_after: 30d, notice: 0d}\n" +
		"  protected: [ceo*@example.com, board*@example.com]\n  limits: {releases: 100%}\nusers:\n")
	for _, m := range members {
		text.WriteString(m.line)
	}
	return text.String()
}

// wantNoWrongWrite fails the test when anybody is anything but as they were or as the file wants them, or when a
// request asked for anything else, whatever became of it.
func (r *rig) wantNoWrongWrite(sent []sandbox.Request) {
	r.t.Helper()
	for _, now := range r.box.Users(sandbox.MainAccount) {
		m := r.members[textOf(now.ID)]
		if m == nil {
			continue // came in meanwhile; the requests say that nobody wrote to them
		}
		isAsBefore := now.AccessSeat == m.before.AccessSeat && now.GatewaySeat == m.before.GatewaySeat
		if !isAsBefore && !m.hasSeat(now) || now.SeatUID != m.before.SeatUID || now.Email != m.before.Email {
			r.t.Errorf("wrong write: %s has the seat %v, %v", m.email(), now.AccessSeat, now.GatewaySeat)
		}
		if now.Name != m.before.Name && !m.hasName(now) {
			r.t.Errorf("wrong write: %s has the name %v", m.email(), now.Name)
		}
	}
	for _, request := range sent {
		switch request.Method {
		case "GET":
		case "PATCH":
			r.wantNoWrongPatch(request)
		case "PUT":
			r.wantNoWrongPut(request)
		default:
			r.t.Errorf("wrong write: %s %s", request.Method, request.Path)
		}
	}
}

func (r *rig) wantNoWrongPatch(request sandbox.Request) {
	r.t.Helper()
	var items []struct {
		SeatUID     string `json:"seat_uid"`
		AccessSeat  *bool  `json:"access_seat"`
		GatewaySeat *bool  `json:"gateway_seat"`
	}
	if err := json.Unmarshal([]byte(request.Body), &items); err != nil || len(items) == 0 {
		r.t.Errorf("wrong write: %s (%v)", request.Body, err)
	}
	for _, item := range items {
		found := false
		for _, m := range r.members {
			isWanted := m.access != isTrue(m.before.AccessSeat) || m.gateway != isTrue(m.before.GatewaySeat)
			if m.seatUID() == item.SeatUID && isWanted && item.AccessSeat != nil && item.GatewaySeat != nil {
				found = *item.AccessSeat == m.access && *item.GatewaySeat == m.gateway
			}
		}
		if !found {
			r.t.Errorf("wrong write: the seat %s in %s", item.SeatUID, request.Body)
		}
	}
}

func (r *rig) wantNoWrongPut(request sandbox.Request) {
	r.t.Helper()
	var body struct{ Email, Name string }
	err := json.Unmarshal([]byte(request.Body), &body)
	m := r.members[request.Path[strings.LastIndexByte(request.Path, '/')+1:]]
	if err != nil || m == nil || body.Email != m.email() || body.Name != m.name || body.Name == textOf(m.before.Name) {
		r.t.Errorf("wrong write: PUT %s %s (%v)", request.Path, request.Body, err)
	}
}

// wantAllDone fails the test unless everybody who is still there is as the file wants them.
func (r *rig) wantAllDone() {
	r.t.Helper()
	for _, now := range r.box.Users(sandbox.MainAccount) {
		if m := r.members[textOf(now.ID)]; m != nil && (!m.hasSeat(now) || !m.hasName(now)) {
			r.t.Errorf("not done: %s has the seat %v, %v and the name %v", m.email(), now.AccessSeat, now.GatewaySeat, now.Name)
		}
	}
}

// isInEffect reports whether the account shows the state that a change asks for, and whether the user is there.
func (r *rig) isInEffect(change *reconcile.Change) (inEffect, isThere bool) {
	now, isThere := r.box.User(sandbox.MainAccount, change.UserID)
	if change.Kind == reconcile.Rename {
		return textOf(now.Name) == change.After.Name, isThere
	}
	return reconcile.FlagOf(isTrue(now.AccessSeat)) == change.After.AccessSeat &&
		reconcile.FlagOf(isTrue(now.GatewaySeat)) == change.After.GatewaySeat, isThere
}

// wantHonestRun fails the test unless every planned change has exactly one outcome, and each outcome is true.
func (r *rig) wantHonestRun(t testing.TB, plan *reconcile.Plan) {
	t.Helper()
	var planned, told []int
	for i := range plan.Changes {
		if plan.Changes[i].WillBeDone() {
			planned = append(planned, i)
		}
	}
	for _, outcome := range plan.Run.Outcomes {
		told = append(told, outcome.Change)
		change := &plan.Changes[outcome.Change]
		inEffect, isThere := r.isInEffect(change)
		isUnsure := strings.Contains(outcome.Error, "not known")
		switch {
		case (outcome.Error == "") != (outcome.Status == reconcile.Applied):
			t.Errorf("%s %s: %s, with the error %q", change.Kind, change.Email, outcome.Status, outcome.Error)
		case outcome.Status == reconcile.Applied && !inEffect && isThere:
			t.Errorf("%s %s: applied, and it is not", change.Kind, change.Email)
		case outcome.Status != reconcile.Applied && inEffect && isThere && !isUnsure:
			t.Errorf("%s %s: it is done, and the run says %s: %s", change.Kind, change.Email, outcome.Status, outcome.Error)
		}
	}
	if !slices.Equal(planned, told) {
		t.Errorf("outcomes of changes %v, planned are %v", told, planned)
	}
}
