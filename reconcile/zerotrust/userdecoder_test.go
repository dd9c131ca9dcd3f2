package zerotrust

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

func TestAUserIsDecodedFieldByField(t *testing.T) {
	moment := reconcile.ParseMoment("2026-01-02T03:04:05Z")
	tests := []struct {
		name, text string
		want       reconcile.User
		err        string
	}{
		{
			name: "all that seatsync looks at, among other things",
			text: `{"uid":"x","id":"1","email":"ada@example.com","name":"Ada","seat_uid":"2","access_seat":true,"gateway_seat":false,"active_device_count":2.0,` +
				`"last_successful_login":"2026-01-02T03:04:05Z","created_at":"2026-01-02 03:04:05+00:00","custom":{"id":["3"],"name":{}}}`,
			want: reconcile.User{
				ID: "1", Email: "ada@example.com", Name: "Ada", SeatUID: "2", AccessSeat: reconcile.True, GatewaySeat: reconcile.False,
				LastLogin: moment, CreatedAt: moment, ActiveDevices: 2, DevicesCounted: true,
			},
		},
		{
			name: "null is not reported", text: ` { "id" : "1" , "name" : null, "seat_uid": "", "access_seat":null,"last_successful_login":null,"active_device_count":null}`,
			want: reconcile.User{ID: "1"},
		},
		{name: "escapes", text: `{"id":"\u0041","name":"a\tb\"\ud83d\ude00"}`, want: reconcile.User{ID: "A", Name: "a\tb\"😀"}},
		{name: "text that is not UTF-8", text: "{\"id\":\"1\",\"name\":\"a\xffb\"}", want: reconcile.User{ID: "1", Name: "a\uFFFDb"}},
		{name: "a date that cannot be read", text: `{"id":"1","created_at":"soon"}`, want: reconcile.User{ID: "1", CreatedAt: reconcile.UnreadableMoment()}},
		{name: "a duplicate key", text: `{"id":"1","access_seat":false,"access_seat":true}`, err: `duplicate object member name "access_seat"`},
		{name: "a duplicate key, once with an escape", text: `{"id":"1","access_seat":false,"\u0061ccess_seat":true}`, err: "duplicate"},
		{name: "a duplicate key that nobody looks at", text: `{"id":"1","other":{"a":1,"a":2}}`, err: "duplicate"},
		{name: "no id", text: `{"name":"Ada"}`, err: "without an id"},
		{name: "an id that is a number", text: `{"id":7}`, err: "number where a text should be"},
		{name: "a flag that is a text", text: `{"id":"1","access_seat":"true"}`, err: "expected true, false or null"},
		{name: "a date that is a number", text: `{"id":"1","created_at":7}`, err: "number where a text should be"},
		{name: "half a device", text: `{"id":"1","active_device_count":1.5}`, err: "where a count should be"},
		{name: "null", text: `null`, err: "where an object should be"},
		{name: "a list", text: `[]`, err: "where an object should be"},
		{name: "a missing comma", text: `{"id":"1" "name":"x"}`, err: "invalid character"},
		{name: "a comma too many", text: `{"id":"1",}`, err: "invalid character"},
		{name: "an end that is missing", text: `{"id":"1"`, err: "unexpected EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := (&userDecoder{textDecoder{reader: newJSONReader(strings.NewReader(test.text))}}).decode()
			if test.err != "" {
				checkError(t, err, test.err)
			} else if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestAPageOfUsersTakesOneAllocationForEach(t *testing.T) {
	const users = 1000
	user := `{"access_seat":true,"active_device_count":2,"created_at":"2020-07-01T05:20:00Z","email":"ada@example.com",` +
		`"gateway_seat":false,"id":"f174e90a-fafe-4643-bbbc-4a0ed4fc8415","last_successful_login":"2026-01-02T03:04:05Z",` +
		`"name":"Ada Lovelace","seat_uid":"e174e90a-fafe-4643-bbbc-4a0ed4fc8415","uid":"d174e90a","updated_at":"2026-01-02T03:04:05Z"}`
	page := []byte(`{"success":true,"result":[` + strings.Repeat(user+",", users-1) + user + `]}`)
	if got := testing.AllocsPerRun(10, func() {
		if read, _, err := readUserPage(bytes.NewReader(page), nil, new(allowance)); err != nil || len(read) != users {
			t.Fatal(len(read), err)
		}
	}); got > users+100 {
		t.Errorf("%v allocations for %d users", got, users)
	}
}
