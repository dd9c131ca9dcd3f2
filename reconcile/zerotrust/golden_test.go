package zerotrust

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// rawServer answers each request with the next body and keeps the requests as
// the bytes that came over the wire, so that no library's idea of a request
// stands between the test and what Cloudflare would get.
func rawServer(t *testing.T, answers ...string) (config Config, requests func() []string) {
	t.Helper()
	wire := newNetwork()
	var texts []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := wire.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		reader := bufio.NewReader(conn)
		for _, answer := range answers {
			text, err := readRaw(reader)
			if err != nil {
				return
			}
			texts = append(texts, text)
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
		}
	}()
	config = Config{
		BaseURL: "http://localhost/client/v4/", AccountID: account, Credentials: TokenCredentials(secret),
		UserAgent: "seatsync/0.1.0 (+https://github.com/seatsync/seatsync)",
		Transport: &http.Transport{DialContext: wire.dial, DisableCompression: true, MaxConnsPerHost: 1},
	}
	return config, func() []string {
		wire.Close()
		<-done
		return texts
	}
}

// readRaw reads one request as text, with line feeds for line ends.
func readRaw(reader *bufio.Reader) (string, error) {
	var text strings.Builder
	length := 0
	for {
		line, err := textproto.NewReader(reader).ReadLine()
		if err != nil {
			return "", err
		}
		text.WriteString(line + "\n")
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(value)
		}
		if line == "" {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(reader, body)
	return text.String() + string(body), err
}

const emptyList = `{"success":true,"errors":[],"messages":[],"result":[],"result_info":{"total_count":0}}`

// TestEveryRequestIsExactlyWhatTheDocumentationShows holds the raw text of each
// request. It is written by hand from Cloudflare's documentation.
func TestEveryRequestIsExactlyWhatTheDocumentationShows(t *testing.T) {
	const tokenHeaders = "Host: localhost\n" +
		"User-Agent: seatsync/0.1.0 (+https://github.com/seatsync/seatsync)\n"
	const bearer = "Accept: application/json\nAuthorization: Bearer " + secret + "\n"
	tests := []struct {
		name        string
		credentials Credentials
		answer      string
		send        func(*testing.T, *Connection) error
		want        string
	}{
		{
			name: "listing users with a token", credentials: TokenCredentials(secret), answer: emptyList,
			send: func(t *testing.T, c *Connection) error { _, err := c.Source().Snapshot(t.Context()); return err },
			want: "GET /client/v4/accounts/" + account + "/access/users?page=1&per_page=1000 HTTP/1.1\n" +
				tokenHeaders + bearer + "\n",
		},
		{
			name: "listing users with an email address and a key", credentials: KeyCredentials("user@example.com", secret), answer: emptyList,
			send: func(t *testing.T, c *Connection) error { _, err := c.Source().Snapshot(t.Context()); return err },
			want: "GET /client/v4/accounts/" + account + "/access/users?page=1&per_page=1000 HTTP/1.1\n" +
				tokenHeaders + "Accept: application/json\nX-Auth-Email: user@example.com\nX-Auth-Key: " + secret + "\n\n",
		},
		{
			name: "updating seats sends a bare array with both flags of each", credentials: TokenCredentials(secret),
			answer: `{"success":true,"errors":[],"messages":[],"result":[]}`,
			send: func(t *testing.T, c *Connection) error {
				_, err := c.Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{
					{SeatUID: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415"}, {SeatUID: "b", AccessSeat: true},
				})
				return err
			},
			want: "PATCH /client/v4/accounts/" + account + "/access/seats HTTP/1.1\n" + tokenHeaders +
				"Content-Length: 151\n" + bearer + "Content-Type: application/json\n\n" +
				`[{"access_seat":false,"gateway_seat":false,"seat_uid":"f174e90a-fafe-4643-bbbc-4a0ed4fc8415"},` +
				`{"access_seat":true,"gateway_seat":false,"seat_uid":"b"}]`,
		},
		{
			name: "renaming a user sends the address as a confirmation", credentials: TokenCredentials(secret),
			answer: `{"success":true,"errors":[],"messages":[],"result":{"id":"f174e90a-fafe-4643-bbbc-4a0ed4fc8415"}}`,
			send: func(t *testing.T, c *Connection) error {
				_, err := c.Sink().RenameUser(t.Context(), 0, reconcile.User{
					ID: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415", Email: "jdoe@example.com", Name: "Jane Smith",
				})
				return err
			},
			want: "PUT /client/v4/accounts/" + account + "/access/users/f174e90a-fafe-4643-bbbc-4a0ed4fc8415 HTTP/1.1\n" +
				tokenHeaders + "Content-Length: 48\n" + bearer + "Content-Type: application/json\n\n" +
				`{"email":"jdoe@example.com","name":"Jane Smith"}`,
		},
		{
			name: "reading a user back asks by email", credentials: TokenCredentials(secret),
			answer: `{"success":true,"errors":[],"messages":[],"result":[{"id":"a"}]}`,
			send: func(t *testing.T, c *Connection) error {
				_, err := c.Sink().ReadUsers(t.Context(), []reconcile.User{{ID: "a", Email: "jdoe+test@example.com"}}, false)
				return err
			},
			want: "GET /client/v4/accounts/" + account + "/access/users?page=1&per_page=1000&email=jdoe%2Btest%40example.com HTTP/1.1\n" +
				tokenHeaders + bearer + "\n",
		},
		{
			name: "asking for devices of a user includes those without a registration", credentials: TokenCredentials(secret), answer: emptyList,
			send: func(t *testing.T, c *Connection) error {
				_, err := c.Source().readDevices(t.Context(), []reconcile.User{{ID: "a", Email: "jdoe@example.com"}})
				return err
			},
			want: "GET /client/v4/accounts/" + account + "/devices/physical-devices?per_page=1000" +
				"&last_seen_user.email=jdoe%40example.com&active_registrations=include HTTP/1.1\n" + tokenHeaders + bearer + "\n",
		},
		{
			name: "asking for registrations of a user includes those that have ended", credentials: TokenCredentials(secret),
			answer: `{"success":true,"errors":[],"messages":[],"result":[{"id":"r","user":{"id":"a"}}],"result_info":{"cursor":""}}`,
			send: func(t *testing.T, c *Connection) error {
				devices, err := c.Source().Devices(t.Context(), []reconcile.User{{ID: "a", Email: "jdoe@example.com"}})
				return firstOf(err, devices.Err)
			},
			want: "GET /client/v4/accounts/" + account + "/devices/registrations?status=all&user.id=a&per_page=1000 HTTP/1.1\n" +
				tokenHeaders + bearer + "\n",
		},
		{
			name: "verifying a token", credentials: TokenCredentials(secret),
			answer: `{"success":true,"errors":[],"messages":[],"result":{"id":"a","status":"active"}}`,
			send:   func(t *testing.T, c *Connection) error { _, err := c.Probe().Token(t.Context()); return err },
			want:   "GET /client/v4/user/tokens/verify HTTP/1.1\n" + tokenHeaders + bearer + "\n",
		},
		{
			name: "probing asks for one user", credentials: TokenCredentials(secret), answer: emptyList,
			send: func(t *testing.T, c *Connection) error { _, _, err := c.Probe().Users(t.Context()); return err },
			want: "GET /client/v4/accounts/" + account + "/access/users?page=1&per_page=1 HTTP/1.1\n" + tokenHeaders + bearer + "\n",
		},
		{
			name: "probing asks for one registration", credentials: TokenCredentials(secret), answer: emptyList,
			send: func(t *testing.T, c *Connection) error { return c.Probe().Registrations(t.Context()) },
			want: "GET /client/v4/accounts/" + account + "/devices/registrations?status=all&per_page=1 HTTP/1.1\n" +
				tokenHeaders + bearer + "\n",
		},
		{
			name: "probing asks for one device", credentials: TokenCredentials(secret), answer: emptyList,
			send: func(t *testing.T, c *Connection) error { return c.Probe().Devices(t.Context()) },
			want: "GET /client/v4/accounts/" + account + "/devices/physical-devices?per_page=1&active_registrations=include HTTP/1.1\n" +
				tokenHeaders + bearer + "\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config, requests := rawServer(t, test.answer)
			config.Credentials = test.credentials
			if err := test.send(t, connect(t, config)); err != nil {
				t.Errorf("the answer was not accepted: %v", err)
			}
			if diff := cmp.Diff([]string{test.want}, requests()); diff != "" {
				t.Errorf("the request differs from the documentation (-want +got):\n%s", diff)
			}
		})
	}
}

// firstOf returns the first error there is.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

var _ net.Listener = (*network)(nil)
