package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	janeDoe   = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415"
	usersPath = "/accounts/" + sandbox.MainAccount + "/access/users"
	seatsPath = "/accounts/" + sandbox.MainAccount + "/access/seats"
	devices   = "/accounts/" + sandbox.MainAccount + "/devices/physical-devices"

	registrations = "/accounts/" + sandbox.MainAccount + "/devices/registrations"
)

// noon is the clock of most tests, which stands still.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// client talks to a sandbox over real HTTP, without any of the project's own client code.
type client struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	server  *httptest.Server
	header  http.Header
}

// serve starts a sandbox with a clock that stands still at noon, unless the options say otherwise.
func serve(t *testing.T, options sandbox.Options) *client {
	t.Helper()
	if options.Now == nil {
		options.Now = func() time.Time { return noon }
	}
	s, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.Close() // first, or a response that never comes would keep the server from closing
		server.Close()
	})
	server.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	header := http.Header{"Authorization": {"Bearer token"}, "Content-Type": {"application/json"}}
	return &client{t: t, sandbox: s, server: server, header: header}
}

// reply is a response as far as tests look at it.
type reply struct {
	status int
	header http.Header
	body   string

	Success bool
	Errors  []struct {
		Code    int
		Message string
	}
	Result any
	Info   map[string]any `json:"result_info"`
}

// do sends a request to a path below the base path, and fails the test if there is no response at all.
func (c *client) do(method, path, body string) reply {
	c.t.Helper()
	answer, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

// try sends a request, and returns what of a response came and why no more did.
func (c *client) try(method, path, body string) (reply, error) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+sandbox.BasePath+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header = c.header
	response, err := c.server.Client().Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	answer := reply{status: response.StatusCode, header: response.Header, body: string(text)}
	if err != nil {
		return answer, err
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		err = json.Unmarshal(text, &answer)
	}
	return answer, err
}

// refused fails the test unless the response is this refusal, in an envelope.
func (r reply) refused(t *testing.T, status, code int) {
	t.Helper()
	if r.status != status || r.Success || r.Result != nil || len(r.Errors) != 1 || r.Errors[0].Code != code ||
		!strings.Contains(r.body, `"result":null`) {
		t.Errorf("status %d, want %d with success false, code %d and a null result\n%s", r.status, status, code, r.body)
	}
}

// succeeded fails the test unless the response is a success, in an envelope.
func (r reply) succeeded(t *testing.T) {
	t.Helper()
	if r.status != http.StatusOK || !r.Success || len(r.Errors) != 0 || !strings.Contains(r.body, `"errors":[],"messages":[]`) {
		t.Fatalf("status %d, want 200 with success true\n%s", r.status, r.body)
	}
}

// items returns the elements of a list.
func (r reply) items(t *testing.T) []map[string]any {
	t.Helper()
	list, ok := r.Result.([]any)
	if !ok {
		t.Fatalf("the result is no list\n%s", r.body)
	}
	items := make([]map[string]any, len(list))
	for i, item := range list {
		items[i] = item.(map[string]any)
	}
	return items
}

// emails returns the addresses of a list of users.
func (r reply) emails(t *testing.T) []string {
	t.Helper()
	var emails []string
	for _, item := range r.items(t) {
		email, _ := item["email"].(string)
		emails = append(emails, email)
	}
	return emails
}

// jane returns Jane Doe as she is in the main account now.
func (c *client) jane() sandbox.Record { return c.user(janeDoe) }

func (c *client) user(id string) sandbox.Record {
	c.t.Helper()
	record, ok := c.sandbox.User(sandbox.MainAccount, id)
	if !ok {
		c.t.Fatalf("there is no user %s", id)
	}
	return record
}

func (c *client) byEmail(email string) sandbox.Record {
	c.t.Helper()
	record, ok := c.sandbox.UserByEmail(sandbox.MainAccount, email)
	if !ok {
		c.t.Fatalf("there is no user %s", email)
	}
	return record
}

// text returns a field's value, "" if it has none.
func text(field sandbox.Field[string]) string {
	value, _ := field.Get()
	return value
}
