package sandbox_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// sharedMachine is an account in which Noor has a phone, and Noor, Ada and someone whose registration was revoked share
// a kiosk that was last used by Ada.
func sharedMachine(t *testing.T, behaviour sandbox.RegistrationBehaviour) *client {
	c := serve(t, sandbox.Options{Registrations: behaviour})
	who := func(name string) sandbox.DeviceUser {
		return sandbox.DeviceUser{ID: sandbox.Value(name), Email: sandbox.Value(name + "@example.com"), Name: sandbox.Value("")}
	}
	c.sandbox.Replace(sandbox.MainAccount,
		sandbox.Record{ID: sandbox.Value("noor"), SeatUID: sandbox.Value("seat-n"), AccessSeat: sandbox.Value(false), GatewaySeat: sandbox.Value(true)},
		sandbox.Record{ID: sandbox.Value("ada"), SeatUID: sandbox.Value("seat-a"), AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(true)})
	device := func(id, seen, owner string) sandbox.Device {
		return sandbox.Device{
			ID: sandbox.Value(id), Name: sandbox.Value(id), ActiveRegistrations: sandbox.Value(1.0),
			LastSeenAt: sandbox.Value(seen), LastSeenUser: sandbox.Value(who(owner)),
		}
	}
	c.sandbox.PutDevice(sandbox.MainAccount, device("phone", "2026-05-01T00:00:00Z", "noor"))
	c.sandbox.PutDevice(sandbox.MainAccount, device("kiosk", "2026-11-20T00:00:00Z", "ada"))
	registration := func(id, seen, owner string, revoked sandbox.Field[string]) sandbox.Registration {
		return sandbox.Registration{
			ID: sandbox.Value(id), LastSeenAt: sandbox.Value(seen), RevokedAt: revoked, User: sandbox.Value(who(owner)),
			Device: sandbox.Value(sandbox.RegisteredDevice{ID: sandbox.Value("kiosk"), Name: sandbox.Value("kiosk")}),
		}
	}
	c.sandbox.PutRegistration(sandbox.MainAccount, registration("noor-kiosk", "2026-11-19T00:00:00Z", "noor", sandbox.Null[string]()))
	c.sandbox.PutRegistration(sandbox.MainAccount, registration("eve-kiosk", "2026-11-10T00:00:00Z", "eve", sandbox.Value("2026-11-11T00:00:00Z")))
	return c
}

// owners names the registrations of a listing by person and device.
func (r reply) owners(t *testing.T) []string {
	t.Helper()
	var owners []string
	for _, item := range r.items(t) {
		owner := "nobody"
		if user, ok := item["user"].(map[string]any); ok {
			owner, _, _ = strings.Cut(user["email"].(string), "@")
		}
		owners = append(owners, owner+" "+item["device"].(map[string]any)["id"].(string))
	}
	return owners
}

func TestRegistrationsAreListedByFilter(t *testing.T) {
	noors, all := []string{"noor phone", "noor kiosk"}, []string{"noor phone", "ada kiosk", "noor kiosk", "eve kiosk"}
	tests := []struct {
		name, query string
		behaviour   sandbox.RegistrationBehaviour
		want        []string
	}{
		{name: "only those in force unless asked", query: "", want: all[:3]},
		{name: "all", query: "?status=all", want: all},
		{name: "revoked ones", query: "?status=revoked", want: all[3:]},
		{name: "of one user", query: "?status=all&user.id=noor", want: noors},
		{name: "of two users", query: "?status=all&user.id=ada&user.id=eve", want: []string{"ada kiosk", "eve kiosk"}},
		{name: "of a device", query: "?status=all&device.id=phone", want: all[:1]},
		{name: "by id", query: "?status=all&id=eve-kiosk", want: all[3:]},
		{name: "by text", query: "?status=all&search=EVE@", want: all[3:]},
		{name: "seen after a moment", query: "?status=all&seen_after=2026-11-15T00:00:00Z", want: []string{"ada kiosk", "noor kiosk"}},
		{name: "sorted, the newest first", query: "?status=all&sort_by=last_seen_at&sort_order=desc", want: []string{"ada kiosk", "noor kiosk", "eve kiosk", "noor phone"}},
		{name: "a filter that is ignored", query: "?status=all&user.id=noor", behaviour: sandbox.RegistrationBehaviour{FilterIgnored: true}, want: all},
		{name: "identifiers of another kind", query: "?status=all&user.id=noor", behaviour: sandbox.RegistrationBehaviour{ForeignIDs: true}, want: nil},
		{name: "without users", query: "?status=revoked", behaviour: sandbox.RegistrationBehaviour{WithoutUser: true}, want: []string{"nobody kiosk"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := sharedMachine(t, test.behaviour).do("GET", registrations+test.query, "")
			answer.succeeded(t)
			if diff := cmp.Diff(test.want, answer.owners(t)); diff != "" {
				t.Errorf("registrations (-want +got):\n%s", diff)
			}
			if answer.Info["total_count"] != 4. {
				t.Errorf("total_count %v, want all 4, whatever the filter", answer.Info["total_count"])
			}
		})
	}
}

func TestRegistrationsAreReadPageByPage(t *testing.T) {
	c := serve(t, sandbox.Options{Users: 300})
	want := c.all(t, registrations, "?status=all&per_page=1000")
	for _, query := range []string{"?status=all&per_page=7", "?status=all&per_page=7&sort_by=id"} {
		got := c.all(t, registrations, query)
		if strings.Contains(query, "sort_by") {
			want = slices.Sorted(slices.Values(want))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestWhoLosesTheSeatLosesTheRegistrations(t *testing.T) {
	c := sharedMachine(t, sandbox.RegistrationBehaviour{})
	c.do("PATCH", seatsPath, "["+item("seat-n", false, false)+"]").succeeded(t)
	if diff := cmp.Diff([]string{"ada kiosk"}, c.do("GET", registrations, "").owners(t)); diff != "" {
		t.Errorf("in force (-want +got):\n%s", diff)
	}
	for _, registration := range c.do("GET", registrations+"?status=all&user.id=noor", "").items(t) {
		if registration["deleted_at"] != noon.Format("2006-01-02T15:04:05Z") {
			t.Errorf("deleted_at %v", registration["deleted_at"])
		}
	}
}

func TestWhoLeavesASharedMachineStaysRegisteredThere(t *testing.T) {
	c := sharedMachine(t, sandbox.RegistrationBehaviour{})
	c.sandbox.PutDevice(sandbox.MainAccount, sandbox.Device{
		ID: sandbox.Value("kiosk"), LastSeenAt: sandbox.Value("2026-11-21T00:00:00Z"),
		LastSeenUser: sandbox.Value(sandbox.DeviceUser{ID: sandbox.Value("bob"), Email: sandbox.Value("bob@example.com")}),
	})
	got := c.do("GET", registrations+"?device.id=kiosk", "").owners(t)
	slices.Sort(got)
	if diff := cmp.Diff([]string{"ada kiosk", "bob kiosk", "noor kiosk"}, got); diff != "" {
		t.Errorf("registrations (-want +got):\n%s", diff)
	}
}

// ownDevices counts the devices and the registrations in force of each person.
func TestRegistrationsAgreeWithDevicesAndCounts(t *testing.T) {
	c := serve(t, sandbox.Options{Users: 2000})
	counts, shared := make(map[string]float64), 0
	devices := make(map[string]sandbox.Device)
	for _, device := range c.sandbox.Devices(sandbox.MainAccount) {
		devices[text(device.ID)] = device
	}
	for _, registration := range c.sandbox.Registrations(sandbox.MainAccount) {
		owner, _ := registration.User.Get()
		on, _ := registration.Device.Get()
		device, ok := devices[text(on.ID)]
		if !ok {
			t.Fatalf("%s is on a device that is not listed", text(registration.ID))
		}
		counts[text(owner.ID)]++
		if last, _ := device.LastSeenUser.Get(); last != owner {
			shared++
			if text(registration.LastSeenAt) > text(device.LastSeenAt) {
				t.Errorf("%s was seen later than its device", text(registration.ID))
			}
		}
	}
	if shared == 0 {
		t.Error("nobody shares a machine")
	}
	for _, user := range c.sandbox.Users(sandbox.MainAccount) {
		if want, ok := user.ActiveDeviceCount.Get(); ok && counts[text(user.ID)] != want {
			t.Errorf("%s: %v registrations, active_device_count %v", text(user.Email), counts[text(user.ID)], want)
		}
	}
}

func TestAPageOfRegistrationsCanGetLost(t *testing.T) {
	c := serve(t, sandbox.Options{Users: 300})
	all := c.all(t, registrations, "?status=all&per_page=20")
	fault, err := sandbox.ParseFault("registrations:lost-page:once")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.sandbox.Inject(fault); err != nil {
		t.Fatal(err)
	}
	got := c.all(t, registrations, "?status=all&per_page=20")
	if diff := cmp.Diff(append(slices.Clone(all[:20]), all[40:]...), got); diff != "" {
		t.Errorf("registrations (-want +got):\n%s", diff)
	}
}

func TestAskingForRegistrationsInAWayThatMakesNoSense(t *testing.T) {
	c := serve(t, sandbox.Options{})
	for _, query := range []string{"status=some", "sort_by=shoe", "sort_order=up", "seen_after=monday", "cursor=1", "per_page=0"} {
		c.do("GET", registrations+"?"+query, "").refused(t, 400, 12130)
	}
	c.do("GET", "/accounts/"+url.PathEscape("nowhere")+"/devices/registrations", "").refused(t, 404, 7003)
}
