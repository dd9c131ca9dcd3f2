package zerotrust

import (
	"encoding/json"
	"testing"
)

// FuzzPlainUsersAreReadAsByEncodingJSON holds the quick way and the thorough one together.
func FuzzPlainUsersAreReadAsByEncodingJSON(f *testing.F) {
	for _, text := range []string{
		`{"id":"1","email":"ada@example.com","name":"Ada","seat_uid":"2","access_seat":true,"gateway_seat":false,` +
			`"active_device_count":2,"last_successful_login":"2026-01-02T03:04:05Z","created_at":"2020-07-01 05:20:00+00:00","uid":"x"}`,
		`{ "id" : "1" , "name" : null , "seat_uid" : "" , "access_seat" : null }`,
		`{"id":"1","id":"2"}`, `{"ID":"1"}`, `{"id":1}`, `{"id":"\u0041"}`, "{\"id\":\"\xff\"}", `{"name":"Zoë"}`, `{}`,
		`{"id":"1",}`, `{"id":"1"}x`, `{"id":"1","x":{"id":"2"}}`, `{"active_device_count":01}`, `{"active_device_count":1.5}`,
		`{"active_device_count":20.0}`, `{"active_device_count":true}`, `{"access_seat":"true"}`, `{"created_at":7}`, "{\"name\":\"a\tb\"}",
		`{"id":"1" "name":"x"}`, `{"id":truex}`, `null`, `[]`, `{"ſeat_uid":"1"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got, want wireUser
		if !got.readPlain(text) {
			return
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("%q is read as %+v, and encoding/json says: %v", text, got, err)
		}
		if got != want {
			t.Errorf("%q is read as %+v, by encoding/json as %+v", text, got, want)
		}
	})
}

func TestAPlainUserTakesOneAllocation(t *testing.T) {
	text := []byte(`{"access_seat":true,"active_device_count":2,"created_at":"2020-07-01T05:20:00Z","email":"ada@example.com",` +
		`"gateway_seat":false,"id":"f174e90a-fafe-4643-bbbc-4a0ed4fc8415","last_successful_login":"2026-01-02T03:04:05Z",` +
		`"name":"Ada Lovelace","seat_uid":"e174e90a-fafe-4643-bbbc-4a0ed4fc8415","uid":"d174e90a","updated_at":"2026-01-02T03:04:05Z"}`)
	var user wireUser
	if got := testing.AllocsPerRun(100, func() {
		if user = (wireUser{}); !user.readPlain(text) {
			t.Fatal("not read")
		}
	}); got > 1 {
		t.Errorf("%v allocations, want 1", got)
	}
}
