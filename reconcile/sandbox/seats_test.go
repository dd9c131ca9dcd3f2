package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// item is one element of a PATCH.
func item(seat string, access, gateway bool) string {
	return fmt.Sprintf(`{"access_seat":%t,"gateway_seat":%t,"seat_uid":%q}`, access, gateway, seat)
}

func TestReleasingASeatKeepsTheUserAndTheSeatOnRecord(t *testing.T) {
	c := serve(t, sandbox.Options{})
	ada := c.byEmail("ada@example.com")
	answer := c.do("PATCH", seatsPath, "["+item(text(ada.SeatUID), false, false)+"]")
	answer.succeeded(t)
	want := []map[string]any{{
		"seat_uid": text(ada.SeatUID), "access_seat": false, "gateway_seat": false,
		"created_at": text(ada.CreatedAt), "updated_at": "2026-11-22T12:00:00Z",
	}}
	if diff := cmp.Diff(want, answer.items(t)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	after := ada
	after.AccessSeat, after.GatewaySeat = sandbox.Value(false), sandbox.Value(false)
	after.ActiveDeviceCount, after.UpdatedAt = sandbox.Value(0.0), sandbox.Value("2026-11-22T12:00:00Z")
	if diff := cmp.Diff(after, c.user(text(ada.ID))); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	for _, device := range c.sandbox.Devices(sandbox.MainAccount) {
		if owner, _ := device.LastSeenUser.Get(); owner.ID == ada.ID && device.ActiveRegistrations != sandbox.Value(0.0) {
			t.Errorf("device %v is still registered", device.Name)
		}
	}
	t.Run("and again changes nothing", func(t *testing.T) {
		again := c.do("PATCH", seatsPath, "["+item(text(ada.SeatUID), false, false)+"]")
		if diff := cmp.Diff(want, again.items(t)); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
	t.Run("and logging in takes the same seat again", func(t *testing.T) {
		if err := c.sandbox.Login(sandbox.MainAccount, text(ada.ID)); err != nil {
			t.Fatal(err)
		}
		got := c.user(text(ada.ID))
		if got.AccessSeat != sandbox.Value(true) || got.SeatUID != ada.SeatUID || got.LastSuccessfulLogin != sandbox.At(noon) {
			t.Errorf("after logging in: %+v", got)
		}
	})
}

func TestWhatAPatchDoesWithEachChange(t *testing.T) {
	flags := func(access, gateway bool) [2]bool { return [2]bool{access, gateway} }
	tests := []struct {
		name    string
		seats   sandbox.SeatBehaviour
		have    [2]bool
		ask     [2]bool
		want    [2]bool
		updated bool
	}{
		{"a release is taken", sandbox.SeatBehaviour{}, flags(true, true), flags(false, false), flags(false, false), true},
		{"half a seat is narrowed", sandbox.SeatBehaviour{}, flags(true, true), flags(true, false), flags(true, false), true},
		{"half a seat is not narrowed, if so told", sandbox.SeatBehaviour{Narrow: sandbox.ChangeNotTaken}, flags(true, true), flags(false, true), flags(true, true), false},
		{"half a seat frees the whole one, if so told", sandbox.SeatBehaviour{Narrow: sandbox.ChangeFreesSeat}, flags(true, true), flags(true, false), flags(false, false), true},
		{"a swap frees the seat, if so told", sandbox.SeatBehaviour{Grant: sandbox.ChangeTaken, Narrow: sandbox.ChangeFreesSeat}, flags(false, true), flags(true, false), flags(false, false), true},
		{"a grant is answered with the old state", sandbox.SeatBehaviour{}, flags(false, false), flags(true, false), flags(false, false), false},
		{"a grant is taken, if so told", sandbox.SeatBehaviour{Grant: sandbox.ChangeTaken}, flags(false, false), flags(true, true), flags(true, true), true},
		{"a swap changes nothing: its half would be a release", sandbox.SeatBehaviour{}, flags(false, true), flags(true, false), flags(false, true), false},
		{"the state there is changes nothing", sandbox.SeatBehaviour{}, flags(true, false), flags(true, false), flags(true, false), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := serve(t, sandbox.Options{Seats: test.seats})
			c.sandbox.Replace(sandbox.MainAccount, sandbox.Record{
				ID: sandbox.Value("u"), SeatUID: sandbox.Value("s"), UpdatedAt: sandbox.Value("long ago"),
				AccessSeat: sandbox.Value(test.have[0]), GatewaySeat: sandbox.Value(test.have[1]),
			})
			answer := c.do("PATCH", seatsPath, "["+item("s", test.ask[0], test.ask[1])+"]")
			answer.succeeded(t)
			seat := answer.items(t)[0]
			if got := flags(seat["access_seat"].(bool), seat["gateway_seat"].(bool)); got != test.want {
				t.Errorf("the response shows %v, want %v", got, test.want)
			}
			if updated := seat["updated_at"] != "long ago"; updated != test.updated {
				t.Errorf("updated: %t, want %t", updated, test.updated)
			}
		})
	}
}

func TestAFlagNobodyKnowsIsSetByARelease(t *testing.T) {
	c := serve(t, sandbox.Options{})
	mateo := c.byEmail("mateo.garcia@example.com")
	if !mateo.GatewaySeat.IsMissing() {
		t.Fatal("Mateo's gateway_seat must be missing")
	}
	c.do("PATCH", seatsPath, "["+item(text(mateo.SeatUID), false, false)+"]").succeeded(t)
	if got := c.user(text(mateo.ID)); got.GatewaySeat != sandbox.Value(false) {
		t.Errorf("gateway_seat is %v, want false", got.GatewaySeat)
	}
}

func TestOneBadItem(t *testing.T) {
	tests := []struct {
		name  string
		seats sandbox.SeatBehaviour
		body  string
		want  []map[string]any // nil: the whole array is refused
	}{
		{
			name: "fails the whole array",
			body: "[" + item("a", false, false) + "," + item("nobody's", false, false) + "]",
		},
		{
			name:  "is left out of the response",
			seats: sandbox.SeatBehaviour{BadItem: sandbox.BadItemSkip},
			body:  "[" + item("nobody's", false, false) + "," + item("a", false, false) + "]",
			want:  []map[string]any{{"seat_uid": "a", "access_seat": false, "gateway_seat": false, "updated_at": "2026-11-22T12:00:00Z"}},
		},
		{
			name:  "is answered with the state it has",
			seats: sandbox.SeatBehaviour{BadItem: sandbox.BadItemOld, Bad: []string{"b"}},
			body:  "[" + item("nobody's", false, false) + "," + item("b", false, false) + "," + item("a", false, false) + "]",
			want: []map[string]any{
				{"seat_uid": "nobody's", "access_seat": nil, "gateway_seat": nil},
				{"seat_uid": "b", "access_seat": true, "gateway_seat": true},
				{"seat_uid": "a", "access_seat": false, "gateway_seat": false, "updated_at": "2026-11-22T12:00:00Z"},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := serve(t, sandbox.Options{Seats: test.seats})
			var people []sandbox.Record
			for _, name := range []string{"a", "b"} {
				people = append(people, sandbox.Record{
					ID: sandbox.Value("user " + name), SeatUID: sandbox.Value(name),
					AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(true),
				})
			}
			c.sandbox.Replace(sandbox.MainAccount, people...)
			answer := c.do("PATCH", seatsPath, test.body)
			if test.want == nil {
				answer.refused(t, http.StatusBadRequest, 12130)
				if c.user("user a").AccessSeat != sandbox.Value(true) {
					t.Error("a refused array was carried out in part")
				}
				return
			}
			answer.succeeded(t)
			if diff := cmp.Diff(test.want, answer.items(t)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPatchThatIsNotCompleteIsRefused(t *testing.T) {
	seat := `"seat_uid":"` + janeDoe + `"`
	tests := []struct{ name, body string }{
		{"an object", `{` + seat + `,"access_seat":false,"gateway_seat":false}`},
		{"an empty array", `[]`},
		{"nothing", ``},
		{"no flags, which must not be taken for false", `[{` + seat + `}]`},
		{"a null flag, which must not be taken for false", `[{` + seat + `,"access_seat":null,"gateway_seat":false}]`},
		{"no seat", `[{"access_seat":false,"gateway_seat":false}]`},
		{"a flag that is text", `[{` + seat + `,"access_seat":"false","gateway_seat":false}]`},
		{"a seat that is too long", "[" + item(strings.Repeat("x", 37), false, false) + "]"},
		{"the id of a user, which is no seat", "[" + item("30a9ef4a-d7bf-42ed-a334-473771903460", false, false) + "]"},
	}
	c := serve(t, sandbox.Options{})
	before := c.sandbox.Users(sandbox.MainAccount)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c.do("PATCH", seatsPath, test.body).refused(t, http.StatusBadRequest, 12130)
		})
	}
	if diff := cmp.Diff(before, c.sandbox.Users(sandbox.MainAccount)); diff != "" {
		t.Errorf("refused requests changed something (-before +after):\n%s", diff)
	}
	t.Run("an account that does not exist", func(t *testing.T) {
		c.do("PATCH", "/accounts/none/access/seats", "["+item(janeDoe, false, false)+"]").refused(t, http.StatusNotFound, 7003)
	})
}

func TestAnArrayBeyondTheLimitIsRefused(t *testing.T) {
	for _, status := range []int{http.StatusRequestEntityTooLarge, http.StatusBadRequest} {
		t.Run(fmt.Sprint("with ", status), func(t *testing.T) {
			c := serve(t, sandbox.Options{PatchLimit: 2, PatchLimitStatus: status})
			one := item(janeDoe, true, false)
			c.do("PATCH", seatsPath, "["+one+","+one+"]").succeeded(t)
			c.do("PATCH", seatsPath, "["+one+","+one+","+one+"]").refused(t, status, 12130)
		})
	}
	t.Run("a body beyond all reason", func(t *testing.T) {
		c := serve(t, sandbox.Options{})
		c.do("PATCH", seatsPath, strings.Repeat(" ", 11<<20)).refused(t, http.StatusRequestEntityTooLarge, 10013)
	})
}
