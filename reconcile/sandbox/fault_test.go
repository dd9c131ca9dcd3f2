package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// faulty serves a sandbox of 50 people with faults in their text form.
func faulty(t *testing.T, texts ...string) *client {
	t.Helper()
	var faults []sandbox.Fault
	for _, text := range texts {
		fault, err := sandbox.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		faults = append(faults, fault)
	}
	return serve(t, sandbox.Options{Users: 50, Faults: faults})
}

// release is a PATCH that takes Jane's seat away.
func (c *client) release() (reply, error) {
	c.t.Helper()
	return c.try("PATCH", seatsPath, "["+item(janeDoe, false, false)+"]")
}

// released reports whether Jane has lost her seat.
func (c *client) released() bool { return c.jane().AccessSeat == sandbox.Value(false) }

func TestFaultsThatAnswerInPlaceOfTheAPI(t *testing.T) {
	tests := []struct {
		fault  string
		status int
		code   int               // in an envelope; 0: there is none
		body   string            // part of it
		header map[string]string // "" must not be there
	}{
		{fault: "PATCH:429", status: 429, code: 971, header: map[string]string{"Retry-After": ""}},
		{fault: "PATCH:429(retry-after=7)", status: 429, code: 971, header: map[string]string{"Retry-After": "7"}},
		{fault: "PATCH:401", status: 401, code: 1000},
		{fault: "PATCH:403", status: 403, code: 10000},
		{fault: "PATCH:500", status: 500, code: 10001},
		{fault: "PATCH:failure", status: 200, code: 10001},
		{fault: "PATCH:502", status: 502, body: "<h1>502 Bad Gateway</h1>", header: map[string]string{"Content-Type": "text/html; charset=UTF-8"}},
		{fault: "PATCH:503", status: 503, header: map[string]string{"Content-Type": "", "Content-Length": "0"}},
		{fault: "PATCH:520", status: 520, body: "520: Web server is returning an unknown error"},
		{fault: "PATCH:redirect", status: 307, header: map[string]string{"Location": "https://elsewhere.example.net" + sandbox.BasePath + seatsPath}},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			c := faulty(t, test.fault)
			answer, err := c.release()
			if err != nil {
				t.Fatal(err)
			}
			if test.code != 0 {
				answer.refused(t, test.status, test.code)
			} else if answer.status != test.status || !strings.Contains(answer.body, test.body) {
				t.Errorf("status %d, want %d with %q in the body\n%s", answer.status, test.status, test.body, answer.body)
			}
			if test.status == 503 && answer.body != "" {
				t.Errorf("body %q, want none", answer.body)
			}
			for name, want := range test.header {
				if got := answer.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if answer.header.Get("Ratelimit") == "" {
				t.Error("the response says nothing of the quota")
			}
			if c.released() {
				t.Error("the request had an effect")
			}
		})
	}
}

func TestFaultsOfTheConnection(t *testing.T) {
	tests := []struct {
		fault  string
		want   error
		effect bool
	}{
		{"PATCH:reset-before", syscall.ECONNRESET, false},
		{"PATCH:reset-after", syscall.ECONNRESET, true},
		{"PATCH:cut-body", io.ErrUnexpectedEOF, true},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			c := faulty(t, test.fault)
			answer, err := c.release()
			if !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if test.fault == "PATCH:cut-body" && (answer.status != 200 || !strings.HasPrefix(answer.body, `{"success":true`)) {
				t.Errorf("status %d, want 200 and the start of a body\n%s", answer.status, answer.body)
			}
			if c.released() != test.effect {
				t.Errorf("effect: %t, want %t", c.released(), test.effect)
			}
		})
	}
}

func TestAnAnswerThatNeverComes(t *testing.T) {
	for _, fault := range []string{"PATCH:hang", "PATCH:hang-after"} {
		t.Run(fault+" ends when the client gives up", func(t *testing.T) {
			c := faulty(t, fault)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, "PATCH", c.server.URL+sandbox.BasePath+seatsPath,
				strings.NewReader("["+item(janeDoe, false, false)+"]"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header = c.header
			if _, err := c.server.Client().Do(request); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want the deadline", err)
			}
			if want := fault == "PATCH:hang-after"; c.released() != want {
				t.Errorf("effect: %t, want %t", c.released(), want)
			}
		})
		t.Run(fault+" ends when the sandbox closes", func(t *testing.T) {
			c := faulty(t, fault)
			done := make(chan error)
			go func() {
				_, err := c.release()
				done <- err
			}()
			c.sandbox.Close()
			if err := <-done; !errors.Is(err, io.EOF) {
				t.Errorf("error %v, want the end of the connection", err)
			}
		})
	}
}

func TestASlowAnswerIsSlowAndRight(t *testing.T) {
	c := faulty(t, "PATCH:slow(delay=30ms)")
	start := time.Now()
	answer, err := c.release()
	if err != nil {
		t.Fatal(err)
	}
	answer.succeeded(t)
	if took := time.Since(start); took < 30*time.Millisecond || !c.released() {
		t.Errorf("took %v with effect %t, want 30ms and an effect", took, c.released())
	}
}

func TestLatencyDelaysEveryRequest(t *testing.T) {
	c := serve(t, sandbox.Options{Latency: 20 * time.Millisecond})
	start := time.Now()
	c.do("GET", usersPath, "").succeeded(t)
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("took %v, want 20ms at least", took)
	}
}

func TestABodyWithoutEndEndsWithTheClient(t *testing.T) {
	c := faulty(t, "GET:endless")
	request, err := http.NewRequestWithContext(t.Context(), "GET", c.server.URL+sandbox.BasePath+usersPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = c.header
	response, err := c.server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got, err := io.CopyN(io.Discard, response.Body, 8<<20); err != nil {
		t.Errorf("the body ended after %d bytes: %v", got, err)
	}
	if response.Header.Get("Content-Length") != "" {
		t.Error("a body without end has a length")
	}
}

func TestATruncatedAnswerIsSoundHTTPAndNoJSON(t *testing.T) {
	c := faulty(t, "GET:truncated")
	answer, err := c.try("GET", usersPath, "")
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || answer.status != 200 {
		t.Errorf("status %d and error %v, want 200 and JSON that ends too soon", answer.status, err)
	}
}

func TestWrongTypesReachEveryField(t *testing.T) {
	c := faulty(t, "GET:wrong-types")
	answer := c.do("GET", usersPath+"?per_page=1", "")
	answer.succeeded(t)
	user := answer.items(t)[0]
	if user["access_seat"] != "true" || user["email"] != 16. || user["active_device_count"] != "0" || answer.Info["per_page"] != "1" {
		t.Errorf("types are still right: %v %v", user, answer.Info)
	}
}

func TestARedirectCanLeadToAnotherServer(t *testing.T) {
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	c := faulty(t, "GET:redirect(to="+elsewhere.URL+")")
	answer := c.do("GET", usersPath+"?page=2", "")
	if got, want := answer.header.Get("Location"), elsewhere.URL+sandbox.BasePath+usersPath+"?page=2"; answer.status != 307 || got != want {
		t.Errorf("status %d to %s, want 307 to %s", answer.status, got, want)
	}
}

func TestListingsThatMislead(t *testing.T) {
	sound := faulty(t)
	page := func(number string) []string {
		return sound.do("GET", usersPath+"?per_page=10&page="+number, "").emails(t)
	}
	first, second, third := page("1"), page("2"), page("3")
	tests := []struct {
		fault string
		query string
		want  []string
		info  map[string]any // what differs from the truth; nil is missing
	}{
		{fault: "users:short-page", want: first[:9]},
		{fault: "users:short-page(drop=4)", want: first[:6]},
		{fault: "users:short-page(drop=100)", want: nil},
		{fault: "users:doubled-page", query: "&page=3", want: second, info: map[string]any{"page": 3.}},
		{fault: "users:doubled-page", query: "&page=1", want: second},
		{fault: "users:wrong-total", want: first, info: map[string]any{"total_count": 51., "total_pages": 6.}},
		{fault: "users:wrong-total(by=-30)", want: first, info: map[string]any{"total_count": 20., "total_pages": 2.}},
		{fault: "users:missing-total", want: first, info: map[string]any{"total_count": nil, "total_pages": nil}},
		{fault: "users:missing-info", want: first, info: map[string]any{
			"count": nil, "page": nil, "per_page": nil, "total_count": nil, "total_pages": nil,
		}},
		{fault: "users:user-added", want: first},
		{fault: "users:user-removed", query: "&page=3", want: third, info: map[string]any{"page": 3.}},
	}
	for _, test := range tests {
		t.Run(test.fault+test.query, func(t *testing.T) {
			c := faulty(t, test.fault)
			answer := c.do("GET", usersPath+"?per_page=10"+test.query, "")
			answer.succeeded(t)
			if diff := cmp.Diff(test.want, answer.emails(t)); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
			info := map[string]any{"count": 10., "page": 1., "per_page": 10., "total_count": 50., "total_pages": 5.}
			for name, value := range test.info {
				if info[name] = value; value == nil {
					delete(info, name)
				}
			}
			if diff := cmp.Diff(info, answer.Info, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("result_info (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPeopleComeAndGoBetweenPages(t *testing.T) {
	t.Run("a user added at the top is missed, and another comes twice", func(t *testing.T) {
		c := faulty(t, "users:user-added:once")
		first := c.do("GET", usersPath, "").emails(t)
		answer := c.do("GET", usersPath+"?page=2", "")
		if second := answer.emails(t); second[0] != first[19] || answer.Info["total_count"] != 51. {
			t.Errorf("page 2 starts with %s of %v, want %s of 51", second[0], answer.Info["total_count"], first[19])
		}
	})
	t.Run("a user removed makes the next page skip one", func(t *testing.T) {
		c := faulty(t, "users:user-removed:once")
		want := c.sandbox.Users(sandbox.MainAccount)[21]
		c.do("GET", usersPath, "")
		answer := c.do("GET", usersPath+"?page=2", "")
		if second := answer.emails(t); second[0] != text(want.Email) || answer.Info["total_count"] != 49. {
			t.Errorf("page 2 starts with %s of %v, want %v of 49", second[0], answer.Info["total_count"], want.Email)
		}
	})
}

func TestDeviceListingsThatMislead(t *testing.T) {
	ids := func(answer reply) (ids []string) {
		for _, device := range answer.items(t) {
			ids = append(ids, device["id"].(string))
		}
		return ids
	}
	sound := faulty(t).do("GET", devices+"?per_page=3", "")
	next := "&cursor=" + sound.Info["cursor"].(string)
	t.Run("doubled-page repeats the first page", func(t *testing.T) {
		answer := faulty(t, "devices:doubled-page").do("GET", devices+"?per_page=3"+next, "")
		if diff := cmp.Diff(ids(sound), ids(answer)); diff != "" {
			t.Errorf("devices (-want +got):\n%s", diff)
		}
	})
	t.Run("doubled-page doubles the first page itself", func(t *testing.T) {
		answer := faulty(t, "devices:doubled-page").do("GET", devices+"?per_page=3", "")
		if diff := cmp.Diff(append(ids(sound), ids(sound)...), ids(answer)); diff != "" {
			t.Errorf("devices (-want +got):\n%s", diff)
		}
	})
	t.Run("same-cursor leads nowhere", func(t *testing.T) {
		c := faulty(t, "devices:same-cursor")
		answer := c.do("GET", devices+"?per_page=3", "")
		again := c.do("GET", devices+"?per_page=3&cursor="+answer.Info["cursor"].(string), "")
		if diff := cmp.Diff(ids(answer), ids(again)); diff != "" || again.Info["cursor"] != answer.Info["cursor"] {
			t.Errorf("the cursor went from %v to %v:\n%s", answer.Info["cursor"], again.Info["cursor"], diff)
		}
	})
}

func TestSeatAnswersThatMislead(t *testing.T) {
	t.Run("not-taken shows the old state and keeps it", func(t *testing.T) {
		c := faulty(t, "seats:not-taken:once")
		answer, err := c.release()
		if err != nil {
			t.Fatal(err)
		}
		answer.succeeded(t)
		if seat := answer.items(t)[0]; seat["access_seat"] != true || c.released() {
			t.Errorf("the seat was taken away: %v", seat)
		}
	})
	t.Run("short-page leaves an item out that was carried out", func(t *testing.T) {
		c := faulty(t, "seats:short-page")
		answer, err := c.release()
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.items(t)) != 0 || !c.released() {
			t.Errorf("effect %t, want an effect and an empty answer\n%s", c.released(), answer.body)
		}
	})
	t.Run("a refusal stays a refusal", func(t *testing.T) {
		c := faulty(t, "seats:not-taken:once", "seats:short-page")
		for range 2 {
			c.do("PATCH", seatsPath, "{}").refused(t, 400, 12130)
		}
	})
}

func TestWhenAFaultIsMet(t *testing.T) {
	tests := []struct{ when, want string }{ // x: met
		{"always", "xxxxxx"},
		{"once", "x....."},
		{"every=3", "..x..x"},
		{"after=2", "..xxxx"},
		{"times=2", "xx...."},
		{"after=1+once", ".x...."},
		{"after=1+every=2+times=2", "..x.x."},
	}
	for _, test := range tests {
		t.Run(test.when, func(t *testing.T) {
			c := faulty(t, "GET@users:500:"+test.when)
			var got bytes.Buffer
			for range len(test.want) {
				c.do("GET", "/user/tokens/verify", "").succeeded(t) // matches nothing and counts for nothing
				if c.do("GET", usersPath, "").status == 500 {
					got.WriteByte('x')
				} else {
					got.WriteByte('.')
				}
			}
			if got.String() != test.want {
				t.Errorf("met %s, want %s", &got, test.want)
			}
		})
	}
	t.Run("of two that are due, the first is met and the second waits", func(t *testing.T) {
		c := faulty(t, "*@/access/:500:once", "GET:503:once")
		for _, want := range []int{500, 503, 200} {
			if got := c.do("GET", usersPath, "").status; got != want {
				t.Errorf("status %d, want %d", got, want)
			}
		}
	})
	t.Run("none after they are cleared", func(t *testing.T) {
		c := faulty(t, "*:500")
		c.sandbox.ClearFaults()
		c.do("GET", usersPath, "").succeeded(t)
	})
}
