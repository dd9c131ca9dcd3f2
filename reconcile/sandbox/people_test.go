package sandbox_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func people(t *testing.T, options sandbox.Options) []sandbox.Record {
	t.Helper()
	if options.Now == nil {
		options.Now = func() time.Time { return noon }
	}
	s, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return s.Users(sandbox.MainAccount)
}

func TestTheSameSeedMakesTheSamePeople(t *testing.T) {
	one, two := people(t, sandbox.Options{Seed: 7}), people(t, sandbox.Options{Seed: 7})
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("two sandboxes with one seed differ:\n%s", diff)
	}
	if len(one) != 200 {
		t.Errorf("%d people, want 200 unless told", len(one))
	}
	t.Run("however many there are", func(t *testing.T) {
		if diff := cmp.Diff(one, people(t, sandbox.Options{Seed: 7, Users: 300})[:200]); diff != "" {
			t.Errorf("the first 200 differ:\n%s", diff)
		}
	})
	t.Run("with the same devices", func(t *testing.T) {
		var devices [2][]sandbox.Device
		for i := range devices {
			s, err := sandbox.New(sandbox.Options{Now: func() time.Time { return noon }})
			if err != nil {
				t.Fatal(err)
			}
			devices[i] = s.Devices(sandbox.MainAccount)
		}
		if diff := cmp.Diff(devices[0], devices[1]); diff != "" {
			t.Errorf("devices differ:\n%s", diff)
		}
	})
}

func TestTheCastIsTheSameForEverySeed(t *testing.T) {
	const cast = 32
	one, two := people(t, sandbox.Options{Seed: 1}), people(t, sandbox.Options{Seed: 2})
	if diff := cmp.Diff(one[:cast], two[:cast]); diff != "" {
		t.Errorf("the cast differs:\n%s", diff)
	}
	for i := cast; i < len(one); i++ {
		if one[i].ID == two[i].ID || one[i].Email == two[i].Email {
			t.Errorf("person %d is the same for two seeds: %v", i, one[i])
		}
	}
}

func TestDatesMoveWithTheClock(t *testing.T) {
	later := func() time.Time { return noon.Add(48 * time.Hour) }
	one, two := people(t, sandbox.Options{}), people(t, sandbox.Options{Now: later})
	for i := range one {
		before, err := time.Parse(time.RFC3339, text(one[i].CreatedAt))
		if err != nil {
			t.Fatalf("created_at of person %d: %v", i, err)
		}
		if got := two[i].CreatedAt; got != sandbox.At(before.Add(48*time.Hour)) {
			t.Errorf("person %d was created at %v and %v, want 48 hours between", i, before, got)
		}
	}
}

func TestEverybodyCanBeToldApart(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	const many = 40_000 // more than there are names
	owner := make(map[string]int, 3*many)
	claim := func(i int, what string) {
		if other, taken := owner[what]; taken && !(i == 22 && other == 21) { // the two Taylors
			t.Errorf("%s belongs to person %d and person %d", what, other, i)
		}
		owner[what] = i
	}
	for i, record := range people(t, sandbox.Options{Users: many}) {
		id, seat := text(record.ID), text(record.SeatUID)
		claim(i, id)
		claim(i, strings.ToLower(text(record.Email)))
		if seat != "" && seat != janeDoe {
			claim(i, seat)
		}
		if !uuid.MatchString(id) || seat != "" && !uuid.MatchString(seat) {
			t.Fatalf("person %d has identifiers that are no UUIDs: %v", i, record)
		}
	}
}

func TestEveryCaseAReconcilerHasToGetRightIsThere(t *testing.T) {
	ago := func(record sandbox.Record) float64 {
		login, err := time.Parse(time.RFC3339, text(record.LastSuccessfulLogin))
		if err != nil {
			return -1
		}
		return noon.Sub(login).Hours() / 24
	}
	yes, no := sandbox.Value(true), sandbox.Value(false)
	noSeat := func(r sandbox.Record) bool { return r.AccessSeat == no && r.GatewaySeat == no }
	warpOnly := func(r sandbox.Record) bool { return r.AccessSeat == no && r.GatewaySeat == yes }
	cases := map[string]func(sandbox.Record) bool{
		"active":                    func(r sandbox.Record) bool { return ago(r) >= 0 && ago(r) < 40 },
		"quiet":                     func(r sandbox.Record) bool { return ago(r) > 60 && ago(r) < 80 },
		"due soon":                  func(r sandbox.Record) bool { return ago(r) > 83 && ago(r) < 90 },
		"inactive":                  func(r sandbox.Record) bool { return ago(r) > 90 && ago(r) < 200 && !noSeat(r) },
		"WARP only, login missing":  func(r sandbox.Record) bool { return warpOnly(r) && r.LastSuccessfulLogin.IsMissing() },
		"login null":                func(r sandbox.Record) bool { return r.LastSuccessfulLogin.IsNull() },
		"login empty":               func(r sandbox.Record) bool { return r.LastSuccessfulLogin == sandbox.Value("") },
		"login in the odd format":   func(r sandbox.Record) bool { return strings.HasSuffix(text(r.LastSuccessfulLogin), "+00:00") },
		"login that makes no sense": func(r sandbox.Record) bool { return strings.HasPrefix(text(r.LastSuccessfulLogin), "0000") },
		"no seat any more":          func(r sandbox.Record) bool { return noSeat(r) && text(r.SeatUID) != "" },
		"seat null":                 func(r sandbox.Record) bool { return r.SeatUID.IsNull() },
		"seat missing":              func(r sandbox.Record) bool { return r.SeatUID.IsMissing() },
		"seat empty":                func(r sandbox.Record) bool { return r.SeatUID == sandbox.Value("") },
		"name empty":                func(r sandbox.Record) bool { return r.Name == sandbox.Value("") },
		"name missing":              func(r sandbox.Record) bool { return r.Name.IsMissing() },
		"name that is markup":       func(r sandbox.Record) bool { return strings.Contains(text(r.Name), "<img") },
		"gateway flag missing":      func(r sandbox.Record) bool { return r.GatewaySeat.IsMissing() },
		"gateway flag null":         func(r sandbox.Record) bool { return r.GatewaySeat.IsNull() },
		"device count null":         func(r sandbox.Record) bool { return r.ActiveDeviceCount.IsNull() },
		"device count missing":      func(r sandbox.Record) bool { return r.ActiveDeviceCount.IsMissing() },
		"uid missing":               func(r sandbox.Record) bool { return r.UID.IsMissing() },
		"updated_at missing":        func(r sandbox.Record) bool { return r.UpdatedAt.IsMissing() },
		"board":                     func(r sandbox.Record) bool { return strings.HasSuffix(text(r.Email), "@board.example.com") },
		"partner":                   func(r sandbox.Record) bool { return strings.HasSuffix(text(r.Email), "@partner.example.net") },
		"a letter that is not ASCII": func(r sandbox.Record) bool {
			return strings.ContainsFunc(text(r.Name), func(c rune) bool { return c > 127 })
		},
		"an address in capital letters": func(r sandbox.Record) bool { return strings.ToLower(text(r.Email)) != text(r.Email) },
	}
	all := people(t, sandbox.Options{Users: 2000})
	for name, is := range cases {
		found := 0
		for _, record := range all {
			if is(record) {
				found++
			}
		}
		if found == 0 {
			t.Errorf("nobody among %d people: %s", len(all), name)
		}
	}
}

func TestTheCastTellsItsStory(t *testing.T) {
	tests := []struct {
		email    string
		loginAgo float64 // days; 0: no date
		seenAgo  float64 // days; 0: no device
	}{
		{"jdoe@example.com", 112, 0},
		{"ada@example.com", 0.9, 0.3},
		{"diego.alvarez@example.com", 84, 0}, // due in five days and a bit
		{"noor.haddad@example.com", 0, 1},
		{"freja.lindqvist@example.com", 0, 0},
		{"viktor.horvath@example.com", 97, 2},
		{"ceo@example.com", 131, 120},
	}
	c := serve(t, sandbox.Options{})
	for _, test := range tests {
		t.Run(test.email, func(t *testing.T) {
			record := c.byEmail(test.email)
			login, err := time.Parse(time.RFC3339, text(record.LastSuccessfulLogin))
			if days := noon.Sub(login).Hours() / 24; (err == nil) != (test.loginAgo != 0) || err == nil && (days < test.loginAgo || days >= test.loginAgo+1) {
				t.Errorf("last login %v, want %v days ago", record.LastSuccessfulLogin, test.loginAgo)
			}
			answer := c.do("GET", registrations+"?sort_by=last_seen_at&sort_order=desc&user.id="+text(record.ID), "")
			items := answer.items(t)
			if len(items) == 0 {
				if test.seenAgo != 0 {
					t.Error("there is no device")
				}
				return
			}
			seen, err := time.Parse(time.RFC3339, items[0]["last_seen_at"].(string))
			if days := noon.Sub(seen).Hours() / 24; err != nil || days < test.seenAgo || days >= test.seenAgo+1 {
				t.Errorf("last seen %v, want %v days ago", items[0]["last_seen_at"], test.seenAgo)
			}
		})
	}
}

func TestASmallSandboxHasTheStartOfTheCast(t *testing.T) {
	if got := people(t, sandbox.Options{Users: 1}); len(got) != 1 || got[0].ID != sandbox.Value(janeDoe) {
		t.Errorf("one person, want Jane Doe: %v", got)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	tests := []struct {
		name    string
		options sandbox.Options
		want    string
	}{
		{"negative users", sandbox.Options{Users: -1}, "users is -1"},
		{"an unknown operation", sandbox.Options{Deny: []sandbox.Operation{"fly"}}, "use one of users, devices, seats, rename, verify"},
		{"an odd status", sandbox.Options{PatchLimitStatus: 500}, "use 400 or 413"},
		{"an unknown treatment of bad items", sandbox.Options{Seats: sandbox.SeatBehaviour{BadItem: "eat"}}, "use one of reject, skip, old"},
		{"an unknown treatment of grants", sandbox.Options{Seats: sandbox.SeatBehaviour{Grant: "maybe"}}, "use one of taken, not-taken"},
		{"an unknown fault", sandbox.Options{Faults: []sandbox.Fault{{Kind: "gremlin"}}}, "unknown kind"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := sandbox.New(test.options); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
