package sandbox_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// threeDevices is an account with a device that is registered, one that is not, and one with everything null.
func threeDevices(t *testing.T) *client {
	c := serve(t, sandbox.Options{})
	c.sandbox.Replace(sandbox.MainAccount, sandbox.Record{ID: sandbox.Value("noor"), SeatUID: sandbox.Value("seat")})
	owner := sandbox.DeviceUser{ID: sandbox.Value("noor"), Email: sandbox.Value("noor@example.com"), Name: sandbox.Value("Noor")}
	c.sandbox.PutDevice(sandbox.MainAccount, sandbox.Device{
		ID: sandbox.Value("phone"), Name: sandbox.Value("b"), ActiveRegistrations: sandbox.Value(1.0),
		LastSeenAt: sandbox.Value("2026-11-20T00:00:00Z"), LastSeenUser: sandbox.Value(owner),
	})
	c.sandbox.PutDevice(sandbox.MainAccount, sandbox.Device{
		ID: sandbox.Value("laptop"), Name: sandbox.Value("c"), ActiveRegistrations: sandbox.Value(0.0),
		LastSeenAt: sandbox.Value("2026-11-10T00:00:00Z"), LastSeenUser: sandbox.Value(owner),
	})
	c.sandbox.PutDevice(sandbox.MainAccount, sandbox.Device{
		ID: sandbox.Value("kiosk"), Name: sandbox.Value("a"), ActiveRegistrations: sandbox.Value(2.0),
		LastSeenAt: sandbox.Null[string](), LastSeenUser: sandbox.Null[sandbox.DeviceUser](),
	})
	return c
}

func TestDevicesAreListedByFilter(t *testing.T) {
	tests := []struct {
		name  string
		query string
		want  []string
	}{
		{"only registered ones unless asked", "", []string{"phone", "kiosk"}},
		{"only registered ones", "?active_registrations=only", []string{"phone", "kiosk"}},
		{"all", "?active_registrations=include", []string{"phone", "laptop", "kiosk"}},
		{"those not registered", "?active_registrations=exclude", []string{"laptop"}},
		{"by the user's address, in any case", "?active_registrations=include&last_seen_user.email=NOOR@example.com", []string{"phone", "laptop"}},
		{"by the user's id", "?active_registrations=include&last_seen_user.id=noor", []string{"phone", "laptop"}},
		{"by another user's id", "?last_seen_user.id=ada", nil},
		{"seen after a moment", "?active_registrations=include&seen_after=2026-11-15T00:00:00Z", []string{"phone"}},
		{"seen before a moment", "?active_registrations=include&seen_before=2026-11-15T01:00:00%2B01:00", []string{"laptop"}},
		{"seen between two moments", "?active_registrations=include&seen_after=2026-11-15T00:00:00Z&seen_before=2026-11-16T00:00:00Z", nil},
		{"sorted by name", "?active_registrations=include&sort_by=name", []string{"kiosk", "phone", "laptop"}},
		{"sorted by registrations, downwards", "?active_registrations=include&sort_by=active_registrations&sort_order=desc", []string{"kiosk", "phone", "laptop"}},
		{"sorted by the last time seen, never first", "?active_registrations=include&sort_by=last_seen_at&sort_order=asc", []string{"kiosk", "laptop", "phone"}},
		{"sorted by owner, nobody first", "?sort_by=last_seen_user.email", []string{"kiosk", "phone"}},
		{"sorted by id, page by page", "?active_registrations=include&sort_by=id&per_page=1", []string{"kiosk", "laptop", "phone"}},
		{"page by page", "?active_registrations=include&per_page=2", []string{"phone", "laptop", "kiosk"}},
		{"page by page under a filter", "?per_page=1", []string{"phone", "kiosk"}},
	}
	c := threeDevices(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, c.allDevices(t, test.query)); diff != "" {
				t.Errorf("devices (-want +got):\n%s", diff)
			}
		})
	}
}

// allDevices follows the cursor to its end.
func (c *client) allDevices(t *testing.T, query string) []string {
	t.Helper()
	return c.all(t, devices, query)
}

// all follows the cursor of a listing to its end and returns the ids.
func (c *client) all(t *testing.T, path, query string) []string {
	t.Helper()
	var ids []string
	for {
		answer := c.do("GET", path+query, "")
		answer.succeeded(t)
		for _, device := range answer.items(t) {
			ids = append(ids, device["id"].(string))
		}
		cursor := answer.Info["cursor"].(string)
		if cursor == "" {
			return ids
		}
		values, err := url.ParseQuery(query[min(1, len(query)):])
		if err != nil {
			t.Fatal(err)
		}
		values.Set("cursor", cursor)
		query = "?" + values.Encode()
	}
}

func TestADeviceLooksAsDocumented(t *testing.T) {
	c := threeDevices(t)
	answer := c.do("GET", devices, "")
	want := []map[string]any{
		{
			"id": "phone", "name": "b", "active_registrations": 1., "last_seen_at": "2026-11-20T00:00:00Z",
			"last_seen_user": map[string]any{"id": "noor", "email": "noor@example.com", "name": "Noor"},
		},
		{"id": "kiosk", "name": "a", "active_registrations": 2., "last_seen_at": nil, "last_seen_user": nil},
	}
	if diff := cmp.Diff(want, answer.items(t)); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	info := map[string]any{"count": 2., "per_page": 20., "total_count": 3., "cursor": ""}
	if diff := cmp.Diff(info, answer.Info); diff != "" {
		t.Errorf("result_info (-want +got):\n%s", diff)
	}
}

func TestACursorStaysRightWhenDevicesDisappear(t *testing.T) {
	c := serve(t, sandbox.Options{})
	first := c.do("GET", devices+"?per_page=5&active_registrations=include", "")
	gone := first.items(t)[0]["last_seen_user"].(map[string]any)["id"].(string)
	want := c.allDevices(t, "?per_page=1000&active_registrations=include")[5:]
	if !c.sandbox.Remove(sandbox.MainAccount, gone) {
		t.Fatalf("there is no user %s", gone)
	}
	got := c.allDevices(t, "?per_page=5&active_registrations=include&cursor="+first.Info["cursor"].(string))
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("devices after the first page (-want +got):\n%s", diff)
	}
}

func TestReplacingADeviceKeepsItsPlace(t *testing.T) {
	c := threeDevices(t)
	c.sandbox.PutDevice(sandbox.MainAccount, sandbox.Device{ID: sandbox.Value("laptop"), ActiveRegistrations: sandbox.Value(1.0)})
	if diff := cmp.Diff([]string{"phone", "laptop", "kiosk"}, c.allDevices(t, "")); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
}
