package reconcile_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// ago returns the moment so long before the clock of the tests.
func ago(d time.Duration) Moment { return MomentOf(testNow.Add(-d)) }

// days returns so many days.
func days(n int) time.Duration { return time.Duration(n) * Day }

// show adds what devices show of a user who was asked about.
func show(devices *Devices, userID string, signs DeviceSigns) {
	if devices.Of == nil {
		devices.Of = make(map[string]*DeviceSigns)
	}
	devices.Of[userID] = &signs
}

// person returns a user with a seat and a login of today; edit changes it.
func person(email string, edit ...func(*User)) User {
	name, _, _ := strings.Cut(email, "@")
	user := User{
		ID: "id-" + name, Email: email, Name: name, SeatUID: "seat-" + name,
		AccessSeat: True, GatewaySeat: False, LastLogin: ago(time.Hour), CreatedAt: ago(days(400)),
	}
	for _, e := range edit {
		e(&user)
	}
	return user
}

// liveOf returns an account with these users.
func liveOf(users ...User) *Live {
	return &Live{AccountID: "account", Users: users, ReadAt: testNow}
}

// line writes a change as one line: kind, who, before, after, reason, hold.
func line(c *Change) string {
	flags := func(s State) string {
		return strings.NewReplacer("true", "1", "false", "0", "unknown", "?").Replace(s.AccessSeat.String() + s.GatewaySeat.String())
	}
	text := fmt.Sprintf("%s %s %s>%s %s", c.Kind, c.Email, flags(c.Before), flags(c.After), c.Reason)
	if c.Kind == Rename {
		text = fmt.Sprintf("%s %s %q>%q %s", c.Kind, c.Email, c.Before.Name, c.After.Name, c.Reason)
	}
	if c.Held != "" {
		text += " held:" + string(c.Held)
	}
	return text
}

// linesOf writes all changes of a plan.
func linesOf(plan *Plan) []string {
	lines := []string{}
	for i := range plan.Changes {
		lines = append(lines, line(&plan.Changes[i]))
	}
	return lines
}

// planOf makes a plan that must be possible.
func planOf(t testing.TB, desired *Desired, live *Live, edit ...func(*PlanOptions)) *Plan {
	t.Helper()
	options := PlanOptions{Now: testNow, Tool: "seatsync test"}
	for _, e := range edit {
		e(&options)
	}
	plan, err := MakePlan(desired, live, options)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// codesOf lists the findings of a plan as "code email".
func codesOf(plan *Plan) []string {
	codes := []string{}
	for _, finding := range plan.Findings {
		codes = append(codes, strings.TrimSpace(string(finding.Code)+" "+finding.Email))
	}
	return codes
}

func access(f Flag) func(*User)           { return func(u *User) { u.AccessSeat = f } }
func gateway(f Flag) func(*User)          { return func(u *User) { u.GatewaySeat = f } }
func seat(id string) func(*User)          { return func(u *User) { u.SeatUID = id } }
func login(m Moment) func(*User)          { return func(u *User) { u.LastLogin = m } }
func created(m Moment) func(*User)        { return func(u *User) { u.CreatedAt = m } }
func withID(id string) func(*User)        { return func(u *User) { u.ID = id } }
func named(name string) func(*User)       { return func(u *User) { u.Name = name } }
func activeDevices(n int) func(*User)     { return func(u *User) { u.ActiveDevices = int32(n) } }
func noLimit(o *PlanOptions)              { n := 1000000; o.AllowReleases = &n }
func text(format string, a ...any) string { return "version: 1\n" + fmt.Sprintf(format, a...) }

func TestListedChanges(t *testing.T) {
	tests := []struct {
		name  string
		entry string
		user  User
		want  []string
	}{
		{"nothing said, nothing done", "{email: a@b.c}", person("a@b.c"), []string{}},
		{"what is so already is left alone", "{email: a@b.c, name: a, access_seat: true, gateway_seat: false}", person("a@b.c"), []string{}},
		{"emails are compared without regard to case", "{email: A@B.C, access_seat: false}", person("a@b.c"), []string{"release a@b.c 10>00 listed"}},
		{"both flags false free the seat", "{email: a@b.c, access_seat: false, gateway_seat: false}", person("a@b.c", gateway(True)), []string{"release a@b.c 11>00 listed"}},
		{"one of two flags false narrows", "{email: a@b.c, gateway_seat: false}", person("a@b.c", gateway(True)), []string{"narrow a@b.c 11>10 listed"}},
		{"a flag that is true and was false is a grant", "{email: a@b.c, gateway_seat: true}", person("a@b.c"), []string{"grant a@b.c 10>11 listed"}},
		{"one flag for the other is a grant", "{email: a@b.c, access_seat: false, gateway_seat: true}", person("a@b.c"), []string{"grant a@b.c 10>01 listed"}},
		{"a name that differs is a rename", "{email: a@b.c, name: Ada}", person("a@b.c"), []string{`rename a@b.c "a">"Ada" listed`}},
		{"a seat and a name are two changes", "{email: a@b.c, name: Ada, access_seat: false}", person("a@b.c"), []string{
			"release a@b.c 10>00 listed", `rename a@b.c "a">"Ada" listed`,
		}},
		{"without a seat record a grant waits for a login", "{email: a@b.c, access_seat: true}", person("a@b.c", seat(""), access(False)), []string{"grant a@b.c 00>10 listed held:no-seat"}},
		{"without a seat record nothing need be taken", "{email: a@b.c, access_seat: false}", person("a@b.c", seat(""), access(Unknown), gateway(Unknown)), []string{}},
		{"a seat in use without a record cannot be released", "{email: a@b.c, access_seat: false}", person("a@b.c", seat("")), []string{"release a@b.c 10>00 listed held:no-seat"}},
		{"a flag that would have to be sent unknown holds", "{email: a@b.c, access_seat: false}", person("a@b.c", gateway(Unknown)), []string{"narrow a@b.c 1?>0? listed held:flag-unknown"}},
		{"an explicit release does not need the other flag", "{email: a@b.c, access_seat: false, gateway_seat: false}", person("a@b.c", gateway(Unknown)), []string{"release a@b.c 1?>00 listed"}},
		{"an explicit release of what is not known at all holds", "{email: a@b.c, access_seat: false, gateway_seat: false}", person("a@b.c", access(Unknown), gateway(Unknown)), []string{"release a@b.c ??>00 listed held:flag-unknown"}},
		{"the seat is released after its last day", "{email: a@b.c, access_seat: true, until: 2026-11-21}", person("a@b.c"), []string{"release a@b.c 10>00 expired"}},
		{"the last day itself is kept", "{email: a@b.c, access_seat: true, until: 2026-11-22}", person("a@b.c"), []string{}},
		{"an expired seat is not granted again", "{email: a@b.c, access_seat: true, until: 2026-11-21}", person("a@b.c", access(False)), []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, text("users:\n  - %s\n", test.entry)), liveOf(test.user), noLimit)
			if diff := cmp.Diff(test.want, linesOf(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// inactivePolicy is the rule that the boundary tests are about.
const inactivePolicy = "policy: {inactive: {after: 90d, never_after: 30d, notice: 7d}}\n"

func TestInactivityBoundaries(t *testing.T) {
	never := login(Moment{})
	second := time.Second
	tests := []struct {
		name     string
		user     User
		devices  Devices
		want     []string
		findings []string
	}{
		{"the day before", person("a@b.c", login(ago(days(89)))), Devices{}, []string{}, []string{"notice a@b.c"}},
		{"a second before", person("a@b.c", login(ago(days(90)-second))), Devices{}, []string{}, []string{"notice a@b.c"}},
		{"the day", person("a@b.c", login(ago(days(90)))), Devices{}, []string{"release a@b.c 10>00 inactive"}, []string{}},
		{"the day after", person("a@b.c", login(ago(days(91)))), Devices{}, []string{"release a@b.c 10>00 inactive"}, []string{}},
		{"a second before the notice", person("a@b.c", login(ago(days(83)-second))), Devices{}, []string{}, []string{}},
		{"the notice", person("a@b.c", login(ago(days(83)))), Devices{}, []string{}, []string{"notice a@b.c"}},
		{"never logged in, the day before", person("a@b.c", never, created(ago(days(29)))), Devices{}, []string{}, []string{"notice a@b.c"}},
		{"never logged in, the day", person("a@b.c", never, created(ago(days(30)))), Devices{}, []string{"release a@b.c 10>00 inactive"}, []string{}},
		{"never logged in, a new starter", person("a@b.c", never, created(ago(days(3)))), Devices{}, []string{}, []string{}},
		{
			"a new starter with the old device of somebody before them", person("a@b.c", never, gateway(True), created(ago(days(3)))),
			Devices{Read: true, Of: map[string]*DeviceSigns{"id-a": {LastSeen: ago(days(200))}}}, []string{}, []string{},
		},
		{"never logged in, created when is not known", person("a@b.c", never, created(Moment{})), Devices{}, []string{"release a@b.c 10>00 inactive held:activity-unknown"}, []string{}},
		{"a login that cannot be read", person("a@b.c", login(UnreadableMoment())), Devices{}, []string{"release a@b.c 10>00 inactive held:activity-unknown"}, []string{}},
		{"a login in the future", person("a@b.c", login(ago(-days(2)))), Devices{}, []string{"release a@b.c 10>00 inactive held:activity-unknown"}, []string{}},
		{"a login a minute ahead of our clock", person("a@b.c", login(ago(-time.Minute))), Devices{}, []string{}, []string{}},
		{"the zero time of another program", person("a@b.c", login(ParseMoment("0001-01-01T00:00:00Z"))), Devices{}, []string{"release a@b.c 10>00 inactive held:activity-unknown"}, []string{}},
		{
			"WARP only, devices not readable", person("a@b.c", gateway(True), login(Moment{})), Devices{Err: errors.New("403")},
			[]string{"release a@b.c 11>00 inactive held:activity-unknown"}, []string{"device-evidence-missing"},
		},
		{
			"WARP only, a device seen today", person("a@b.c", access(False), gateway(True), login(Moment{})),
			Devices{Read: true, Of: map[string]*DeviceSigns{"id-a": {LastSeen: ago(time.Hour)}}}, []string{}, []string{},
		},
		{
			"WARP only, a device seen the day before the limit", person("a@b.c", access(False), gateway(True), login(Moment{})),
			Devices{Read: true, Of: map[string]*DeviceSigns{"id-a": {LastSeen: ago(days(89))}}}, []string{}, []string{"notice a@b.c"},
		},
		{
			"WARP only, a device seen on the day", person("a@b.c", access(False), gateway(True), login(Moment{})),
			Devices{Read: true, Of: map[string]*DeviceSigns{"id-a": {LastSeen: ago(days(90))}}}, []string{"release a@b.c 01>00 inactive"}, []string{},
		},
		{
			"WARP only, no device, an old record", person("a@b.c", access(False), gateway(True), login(Moment{})),
			Devices{Read: true}, []string{"release a@b.c 01>00 inactive"}, []string{},
		},
		{
			"an old login and a new device", person("a@b.c", gateway(True), login(ago(days(200)))),
			Devices{Read: true, Of: map[string]*DeviceSigns{"id-a": {LastSeen: ago(days(2))}}}, []string{}, []string{},
		},
		{
			"registered devices that the list does not have", person("a@b.c", access(False), gateway(True), login(Moment{}), activeDevices(3)),
			Devices{Read: true}, []string{"release a@b.c 01>00 inactive held:activity-unknown"}, []string{},
		},
		{
			"a device seen lately makes an unreadable one not matter", person("a@b.c", gateway(True), login(ago(days(200)))),
			Devices{Read: true, Of: map[string]*DeviceSigns{"id-a": {LastSeen: ago(days(2)), IsUnreadable: true}}}, []string{}, []string{},
		},
		{
			"an old login and a device that cannot be read", person("a@b.c", gateway(True), login(ago(days(200)))),
			Devices{Read: true, Of: map[string]*DeviceSigns{"id-a": {IsUnreadable: true}}}, []string{"release a@b.c 11>00 inactive held:activity-unknown"}, []string{},
		},
		{
			"a new login makes an unreadable device not matter", person("a@b.c", gateway(True), login(ago(days(2)))),
			Devices{Read: true, Of: map[string]*DeviceSigns{"id-a": {IsUnreadable: true}}}, []string{}, []string{},
		},
		{
			"a device count speaks against a false gateway flag", person("a@b.c", activeDevices(1), login(ago(days(200)))),
			Devices{Err: errors.New("403")}, []string{"release a@b.c 10>00 inactive held:activity-unknown"}, []string{"device-evidence-missing"},
		},
		{
			"a flag that is not known is not taken away", person("a@b.c", gateway(Unknown), login(ago(days(200)))),
			Devices{Read: true}, []string{"release a@b.c 1?>00 inactive held:flag-unknown"}, []string{},
		},
		{"nobody without a seat is released", person("a@b.c", access(False), login(ago(days(200)))), Devices{}, []string{}, []string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			live := liveOf(test.user)
			live.Devices = test.devices
			plan := planOf(t, mustParse(t, text(inactivePolicy)), live, noLimit)
			if diff := cmp.Diff(test.want, linesOf(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.findings, codesOf(plan)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNeedDevicesAsksOnlyAboutWhomItMatters(t *testing.T) {
	live := liveOf(
		person("recent@b.c", gateway(True)),
		person("access-only@b.c", login(ago(days(200)))),
		person("old@b.c", gateway(True), login(ago(days(200)))),
		person("due-soon@b.c", gateway(True), login(ago(days(85)))),
		person("warp-only@b.c", access(False), gateway(True), login(Moment{})),
		person("new-starter@b.c", gateway(True), login(Moment{}), created(ago(days(3)))),
		person("no-seat@b.c", access(False), gateway(False), login(ago(days(200))), activeDevices(2)),
		person("unknown-flag@b.c", gateway(Unknown), login(ago(days(200)))),
		person("future@b.c", gateway(True), login(ago(-days(3)))),
	)
	var got []string
	for _, user := range NeedDevices(live, testNow, mustParse(t, text(inactivePolicy))) {
		got = append(got, user.Email)
	}
	if diff := cmp.Diff([]string{"old@b.c", "due-soon@b.c", "warp-only@b.c", "unknown-flag@b.c", "future@b.c"}, got); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	shorter := mustParse(t, "version: 1\npolicy: {inactive: {after: 150d}}\n")
	if both := NeedDevices(live, testNow, shorter, mustParse(t, text(inactivePolicy))); len(both) != len(got) {
		t.Errorf("of two files, one asks about %v, and both about %v", got, both)
	}
	if needed := NeedDevices(live, testNow, mustParse(t, "version: 1\n")); needed != nil {
		t.Errorf("without the rule, got %v", needed)
	}
}

func TestHolds(t *testing.T) {
	old := login(ago(days(200)))
	tests := []struct {
		name, file string
		live       []User
		want       []string
	}{
		{
			"protected by address", "policy: {inactive: {after: 90d}, protected: [A@b.c]}\n",
			[]User{person("a@b.c", old)}, []string{"release a@b.c 10>00 inactive held:protected"},
		},
		{
			"protected by a pattern, also with a slash in the address", "policy: {unlisted: release, protected: ['*@b.c']}\nusers: [{email: x@b.c}]\n",
			[]User{person("a/b@b.c"), person("x@b.c")}, []string{"release a/b@b.c 10>00 unlisted held:protected"},
		},
		{
			"protected from what the file itself says", "policy: {protected: ['a@*']}\nusers: [{email: a@b.c, access_seat: false}]\n",
			[]User{person("a@b.c")}, []string{"release a@b.c 10>00 listed held:protected"},
		},
		{
			"protected from losing half a seat", "policy: {protected: ['a@*']}\nusers: [{email: a@b.c, access_seat: false}]\n",
			[]User{person("a@b.c", gateway(True))}, []string{"narrow a@b.c 11>01 listed held:protected"},
		},
		{
			"protected people are still renamed and granted", "policy: {protected: ['a@*']}\nusers: [{email: a@b.c, name: Ada, gateway_seat: true}]\n",
			[]User{person("a@b.c")}, []string{"grant a@b.c 10>11 listed", `rename a@b.c "a">"Ada" listed`},
		},
		{
			"exempt until after today", "policy: {inactive: {after: 90d}}\nusers: [{email: a@b.c, exempt: {from: inactive, until: 2026-11-22, owner: o, reason: r}}]\n",
			[]User{person("a@b.c", old)}, []string{"release a@b.c 10>00 inactive held:exempt"},
		},
		{
			"an exemption from inactivity does not keep what the file takes", "policy: {inactive: {after: 90d}}\nusers: [{email: a@b.c, access_seat: false, exempt: {from: inactive, until: 2026-11-22, owner: o, reason: r}}]\n",
			[]User{person("a@b.c", old)}, []string{"release a@b.c 10>00 listed"},
		},
		{
			"grants never", "policy: {grants: never}\nusers: [{email: a@b.c, gateway_seat: true}]\n",
			[]User{person("a@b.c")}, []string{"grant a@b.c 10>11 listed held:grants-never"},
		},
		{
			"two live users with one email", "users: [{email: a@b.c, name: Ada, access_seat: false}]\n",
			[]User{person("a@b.c"), person("A@b.c", withID("id-2"), seat("seat-2"))},
			[]string{
				"release A@b.c 10>00 listed held:ambiguous", `rename A@b.c "A">"Ada" listed held:ambiguous`,
				"release a@b.c 10>00 listed held:ambiguous", `rename a@b.c "a">"Ada" listed held:ambiguous`,
			},
		},
		{
			"an id tells them apart, and the other is left alone", "policy: {unlisted: release}\nusers: [{email: a@b.c, id: id-2, access_seat: false}]\n",
			[]User{person("a@b.c"), person("A@b.c", withID("id-2"), seat("seat-2"))},
			[]string{"release A@b.c 10>00 listed", "release a@b.c 10>00 unlisted held:ambiguous"},
		},
		{
			"someone whose email has changed is not someone whom no file lists", "policy: {unlisted: release}\nusers: [{email: old@b.c, id: id-new}]\n",
			[]User{person("new@b.c")}, []string{"release new@b.c 10>00 unlisted held:renamed"},
		},
		{
			"someone whose id has changed is not someone whom no file lists", "policy: {unlisted: release}\nusers: [{email: new@b.c, id: id-old}]\n",
			[]User{person("new@b.c")}, []string{"release new@b.c 10>00 unlisted held:ambiguous"},
		},
		{
			"someone without an email may be anyone", "policy: {inactive: {after: 90d}, protected: [ceo@b.c]}\n",
			[]User{person("", old, withID("id-ceo"))}, []string{"release  10>00 inactive held:ambiguous"},
		},
		{
			"two live users with one seat", "users: [{email: a@b.c, access_seat: false}]\n",
			[]User{person("a@b.c"), person("z@b.c", seat("seat-a"))}, []string{"release a@b.c 10>00 listed held:ambiguous"},
		},
		{
			"unlisted seat holders are kept by default", "users: [{email: x@b.c}]\n",
			[]User{person("a@b.c"), person("x@b.c")}, []string{},
		},
		{
			"unlisted seat holders are released on request", "policy: {unlisted: release}\nusers: [{email: x@b.c}]\n",
			[]User{person("a@b.c"), person("x@b.c"), person("none@b.c", access(False))}, []string{"release a@b.c 10>00 unlisted"},
		},
		{
			"an inactive seat is not granted again", "policy: {inactive: {after: 90d}}\nusers: [{email: a@b.c, access_seat: true}]\n",
			[]User{person("a@b.c", old, access(False))}, []string{},
		},
		{
			"a protected seat is granted however inactive", "policy: {inactive: {after: 90d}, protected: [a@b.c]}\nusers: [{email: a@b.c, access_seat: true}]\n",
			[]User{person("a@b.c", old, access(False))}, []string{"grant a@b.c 00>10 listed"},
		},
		{
			"an activity that is not known does not hide what the file asks for", "policy: {inactive: {after: 90d}}\nusers: [{email: a@b.c, access_seat: false}]\n",
			[]User{person("a@b.c", old, gateway(True), activeDevices(0))}, []string{"narrow a@b.c 11>01 listed"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, text("%s", test.file)), liveOf(test.live...), noLimit)
			if diff := cmp.Diff(test.want, linesOf(plan)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryChangeNamesItsLine(t *testing.T) {
	desired := mustParse(t, `version: 1
policy:
  unlisted: release
  inactive:
    after: 90d
    never_after: 30d
users:
  - email: listed@b.c
    access_seat: true
    gateway_seat: false
    name: Listed
  - email: expired@b.c
    until: 2026-01-01
  - email: old@b.c
  - email: never@b.c
`)
	plan := planOf(t, desired, liveOf(
		person("listed@b.c", gateway(True)), person("expired@b.c"), person("old@b.c", login(ago(days(100)))),
		person("never@b.c", login(Moment{})), person("unlisted@b.c"),
	), noLimit)
	got := map[string]int{}
	for _, change := range plan.Changes {
		got[change.Email+" "+string(change.Kind)] = change.Source.Line
	}
	want := map[string]int{
		"listed@b.c narrow": 10, "listed@b.c rename": 11, "expired@b.c release": 13,
		"old@b.c release": 5, "never@b.c release": 6, "unlisted@b.c release": 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestReleaseLimit(t *testing.T) {
	tests := []struct {
		name, limit    string
		seats, release int
		allow          *int
		tripped        bool
		most           int
	}{
		{"the default is a quarter", "", 40, 10, nil, false, 10},
		{"one more than a quarter", "", 40, 11, nil, true, 10},
		{"at least one seat of three", "", 3, 1, nil, false, 1},
		{"a percentage is rounded down", "releases: 10%", 19, 2, nil, true, 1},
		{"a percentage with decimals", "releases: 12.5%", 16, 2, nil, false, 2},
		{"nothing means nothing", "releases: 0", 10, 1, nil, true, 0},
		{"no percent means nothing", "releases: 0%", 10, 1, nil, true, 0},
		{"a count", "releases: 3", 10, 3, nil, false, 3},
		{"of both the lower counts: the count", "releases: [2, 50%]", 10, 3, nil, true, 2},
		{"of both the lower counts: the share", "releases: [8, 20%]", 10, 3, nil, true, 2},
		{"lifted for one run to exactly", "releases: 0", 10, 3, new(3), false, 3},
		{"lifted by too little", "releases: 0", 10, 3, new(2), true, 2},
		{"lowered for one run", "releases: 100%", 10, 3, new(2), true, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var file strings.Builder
			fmt.Fprintf(&file, "version: 1\npolicy: {limits: {%s}}\nusers:\n  - {email: u0@b.c, name: New}\n", test.limit)
			var users []User
			for i := range test.seats {
				users = append(users, person(fmt.Sprintf("u%d@b.c", i)))
				if i > 0 && i <= test.release {
					fmt.Fprintf(&file, "  - {email: u%d@b.c, access_seat: false}\n", i)
				}
			}
			if test.release == test.seats {
				fmt.Fprintf(&file, "  - {email: u%d@b.c, access_seat: false}\n", 0)
			}
			desired := mustParse(t, file.String())
			plan := planOf(t, desired, liveOf(users...), func(o *PlanOptions) { o.AllowReleases = test.allow })
			if plan.Limit.Tripped != test.tripped || plan.Limit.Releases != test.most || plan.Limit.Wanted != test.release {
				t.Errorf("limit %+v", plan.Limit)
			}
			released, renamed := plan.Summary.Release, plan.Summary.Rename
			if test.tripped && released != 0 || !test.tripped && released != test.release {
				t.Errorf("released %d", released)
			}
			if renamed != 1 {
				t.Errorf("everything else goes on: renamed %d", renamed)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	var refused *RefusedError
	_, err := MakePlan(mustParse(t, text("users: [{email: a@b.c}]\n")), liveOf(), PlanOptions{Now: testNow})
	if !errors.As(err, &refused) {
		t.Errorf("an empty account: %v", err)
	}
	_, err = MakePlan(mustParse(t, text("policy: {unlisted: release}\n")), liveOf(person("a@b.c")), PlanOptions{Now: testNow})
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "--allow-empty") {
		t.Errorf("an empty file: %v", err)
	}
	plan := planOf(t, mustParse(t, text("policy: {unlisted: release}\n")), liveOf(person("a@b.c")), func(o *PlanOptions) { o.AllowEmpty = true })
	if plan.Summary.Release != 1 {
		t.Errorf("with --allow-empty: %+v", plan.Summary)
	}
	planOf(t, mustParse(t, "version: 1\n"), liveOf())
}

func TestMoneyIsExact(t *testing.T) {
	desired := mustParse(t, text("license: {purchased: 100, price: 0.10, currency: EUR}\npolicy: {inactive: {after: 90d}, protected: [c@b.c]}\n"))
	plan := planOf(t, desired, liveOf(
		person("a@b.c"), person("b@b.c", login(ago(days(100)))), person("c@b.c", login(ago(days(100)))),
	))
	got := []any{
		plan.Summary.MonthlyCostBefore, plan.Summary.MonthlyCostAfter, plan.Summary.Currency,
		plan.Money.YearlyCostBefore, plan.Money.YearlyCostAfter, *plan.Money.Free, *plan.Money.FreeAfter,
		plan.Money.IdleHeldSeats, plan.Money.IdleHeldMonthlyCost, plan.Money.IdleHeldYearlyCost,
	}
	want := []any{Amount("0.30"), Amount("0.20"), "EUR", Amount("3.60"), Amount("2.40"), 97, 98, 1, Amount("0.10"), Amount("1.20")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("money (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"lower-purchased"}, codesOf(plan)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestSeatsExhaustedSoonBelowFivePercent(t *testing.T) {
	var users []User
	for i := range 95 {
		users = append(users, person(fmt.Sprintf("u%d@b.c", i)))
	}
	for _, test := range []struct {
		used int
		want bool
	}{{94, false}, {95, false}, {96, true}, {100, true}, {105, true}} {
		all := users
		for i := len(all); i < test.used; i++ {
			all = append(all, person(fmt.Sprintf("u%d@b.c", i)))
		}
		plan := planOf(t, mustParse(t, text("license: {purchased: 100}\n")), liveOf(all[:test.used]...))
		codes := strings.Join(codesOf(plan), " ")
		if got := strings.Contains(codes, "seats-exhausted-soon"); got != test.want {
			t.Errorf("%d of 100 used: %v", test.used, got)
		}
		if got := strings.Contains(codes, "lower-purchased"); got == test.want {
			t.Errorf("%d of 100 used: advised to lower the purchased count: %v", test.used, got)
		}
	}
}

func TestExemptionEndingIsFoundWithinTwoWeeks(t *testing.T) {
	for until, want := range map[string]int{"2026-12-05": 1, "2026-12-06": 0} {
		desired := mustParse(t, text("users: [{email: a@b.c, exempt: {from: inactive, until: %s, owner: o, reason: r}}]\n", until))
		if got := len(planOf(t, desired, liveOf(person("a@b.c"))).Findings); got != want {
			t.Errorf("until %s: %d findings, want %d", until, got, want)
		}
	}
}

func TestADayIsOverInUTCAndInTheZone(t *testing.T) {
	date, _ := ParseDate("2026-11-22")
	for zone, want := range map[string]string{
		"UTC": "2026-11-23T00:00:00Z", "Europe/Berlin": "2026-11-23T00:00:00Z", "America/Los_Angeles": "2026-11-23T08:00:00Z",
	} {
		location, err := desired.ParseTimezone(zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := date.End(location).Format(time.RFC3339); got != want {
			t.Errorf("%s: the day ends at %s, want %s", zone, got, want)
		}
	}
}

func TestReturnsAreCountedWithinThirtyDays(t *testing.T) {
	past := []PastRelease{
		{UserID: "id-back", Email: "back@b.c", At: testNow.Add(-days(10))},
		{UserID: "id-away", Email: "away@b.c", At: testNow.Add(-days(29))},
		{UserID: "id-old", Email: "old@b.c", At: testNow.Add(-days(31))},
	}
	plan := planOf(t, mustParse(t, "version: 1\n"), liveOf(
		person("back@b.c"), person("away@b.c", access(False)), person("old@b.c"),
	), func(o *PlanOptions) { o.History.Taken = past })
	if diff := cmp.Diff(&Returns{Days: 30, Released: 2, Returned: 1, Share: "50.0%"}, plan.Returns); diff != "" {
		t.Errorf("returns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"returned", "returned back@b.c"}, codesOf(plan)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
