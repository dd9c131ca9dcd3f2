package zerotrust

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestARefusalIsToldAsTheAPITellsIt(t *testing.T) {
	message := func(code int, text string) []reconcile.APIMessage {
		return []reconcile.APIMessage{{Code: code, Message: text}}
	}
	tests := []struct {
		name string
		body string
		want []reconcile.APIMessage
	}{
		{"one error", `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}`, message(10000, "Authentication error")},
		{"several", `{"errors":[{"code":1,"message":"a"},{"code":2,"message":"b"}]}`, append(message(1, "a"), message(2, "b")...)},
		{"a code that is a fraction of nothing", `{"errors":[{"code":971.0,"message":"a"}]}`, message(971, "a")},
		{"a code that is no number", `{"errors":[{"code":"971","message":"a"}]}`, message(0, "a")},
		{"a message that is no text", `{"errors":[{"code":971,"message":{}}]}`, message(971, "")},
		{"errors that are no list", `{"errors":"no"}`, nil},
		{"HTML", `<html><body><h1>502 Bad Gateway</h1></body></html>`, nil},
		{"nothing", ``, nil},
		{"null", `null`, nil},
		{
			"what would move the cursor or reorder the line", `{"errors":[{"code":1,"message":"a\u001b[2Jb\r\nc\u202ed\u0000\u200be\u0085f"}]}`,
			message(1, `a\u001b[2Jb c\u202ed\u0000\u200be f`),
		},
		{"what is very long", `{"errors":[{"code":1,"message":"` + strings.Repeat("é", 1000) + `"}]}`, message(1, strings.Repeat("é", maxMessageLength)+"… (700 characters more)")},
		{"very many", `{"errors":[` + strings.Repeat(`{"code":1,"message":"a"},`, 100) + `{}]}`, []reconcile.APIMessage{{Code: 1, Message: "a"}, {Code: 1, Message: "a"}, {Code: 1, Message: "a"}, {Code: 1, Message: "a"}, {Code: 1, Message: "a"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := connect(t, serve(t, answering(418, test.body))).Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
				want := &reconcile.APIError{Method: "PATCH", Path: "/accounts/" + account + "/access/seats", Status: 418, Messages: test.want}
				if diff := cmp.Diff(error(want), err); diff != "" {
					t.Errorf("error (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestASuccessThatIsNoneIsAnAPIErrorOfStatus200(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := `{"result":[{"seat_uid":"a","access_seat":false,"gateway_seat":false}],"success":false,"errors":[{"code":7,"message":"no"}]}`
		answers, err := connect(t, serve(t, answering(200, body))).Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
		wantStatus(t, err, 200)
		checkError(t, err, "200 7 no")
		if answers != nil {
			t.Errorf("answers %v came along", answers)
		}
	})
}

func TestAnotherSuccessThan200IsNotBelieved(t *testing.T) {
	for _, status := range []int{201, 202, 204, 206} {
		synctest.Test(t, func(t *testing.T) {
			body := emptyList
			if status == 204 {
				body = ""
			}
			_, err := connect(t, serve(t, answering(status, body))).Source().Snapshot(t.Context())
			wantStatus(t, err, status)
		})
	}
}

// TestAnAPIThatRepeatsTheCredentialsDoesNotMakeUsShowThem has the API put what
// it was sent into every place of a response that ends up in a message.
func TestAnAPIThatRepeatsTheCredentialsDoesNotMakeUsShowThem(t *testing.T) {
	answers := map[string]func(w http.ResponseWriter, sent string){
		"in an error": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"success":false,"errors":[{"code":6003,"message":"bad header %s"}]}`, sent)
		},
		"in an error of a success": func(w http.ResponseWriter, sent string) {
			fmt.Fprintf(w, `{"success":false,"errors":[{"code":6003,"message":"bad header %s"}],"result":null}`, sent)
		},
		"in a field of the wrong type": func(w http.ResponseWriter, sent string) {
			fmt.Fprintf(w, `{"success":true,"result":[{"id":"a","seat_uid":"a","access_seat":%q}]}`, sent)
		},
		"in a count": func(w http.ResponseWriter, sent string) {
			fmt.Fprintf(w, `{"success":true,"result":[],"result_info":{"total_count":%q}}`, sent)
		},
		"in a throttle": func(w http.ResponseWriter, sent string) {
			w.Header().Set("Retry-After", "400")
			w.WriteHeader(429)
			fmt.Fprintf(w, `{"errors":[{"code":971,"message":%q}]}`, sent)
		},
		"in a status": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, sent)
		},
		"in a redirect": func(w http.ResponseWriter, sent string) {
			w.Header().Set("Location", "https://"+sent+".example.com/"+sent)
			w.WriteHeader(302)
		},
		"in a kind of content": func(w http.ResponseWriter, sent string) {
			w.Header().Set("Content-Type", "text/"+sent)
			_, _ = io.WriteString(w, "x")
		},
		"in what is no HTTP": func(w http.ResponseWriter, sent string) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				fmt.Fprintf(conn, "HTTP/9 %s\r\n%s: %s\r\n\r\n", sent, sent, sent)
				conn.Close()
			}
		},
	}
	for name, answer := range answers {
		for _, credentials := range []Credentials{TokenCredentials(secret), KeyCredentials("a@example.com", secret)} {
			t.Run(name+" with an "+credentials.Origin(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					config := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Content-Type", "application/json")
						answer(w, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+r.Header.Get("X-Auth-Key"))
					}))
					config.Credentials = credentials
					config.Retries = 1
					connection := connect(t, config) // which looks at the log
					_, err := connection.Source().Snapshot(t.Context())
					checkError(t, err)
					_, err = connection.Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
					checkError(t, err)
					_, err = connection.Sink().RenameUser(t.Context(), 0, reconcile.User{ID: "a", Email: "b"})
					checkError(t, err)
					devices, err := connection.Source().Devices(t.Context(), []reconcile.User{{ID: "a"}})
					checkError(t, firstOf(err, devices.Err))
				})
			})
		}
	}
}

// TestFaultsOverTheRealNetwork repeats what only a real connection can show:
// resets, answers cut in the middle, and waits that are really waited.
func TestFaultsOverTheRealNetwork(t *testing.T) {
	for _, kind := range []string{"429", "500", "502", "503", "520", "cut-body", "reset-before", "reset-after", "hang", "hang-after"} {
		for _, one := range []call{{"GET", list}, {"PATCH", release}, {"PUT", rename}} {
			for when, want := range map[string]bool{"once": true, "every=3": true, "always": false} {
				t.Run(one.method+" "+kind+" "+when, func(t *testing.T) {
					t.Parallel()
					box, err := sandbox.New(sandbox.Options{Users: 30, MaxPerPage: 20, Quota: &sandbox.Quota{}})
					if err != nil {
						t.Fatal(err)
					}
					server := httptest.NewServer(box.Handler())
					t.Cleanup(server.Close)
					t.Cleanup(box.Close)
					fault(t, box, one.method+":"+kind+":"+when)
					connection := connect(t, Config{
						BaseURL: server.URL + sandbox.BasePath, AccountID: account, Credentials: TokenCredentials(secret),
						Retries: 3, RetryWait: time.Microsecond, RetryWaitMax: time.Microsecond,
						RequestTimeout: timeoutFor(kind), Transport: &http.Transport{DisableKeepAlives: true},
					})
					test := &faultTest{t, box, connection}
					for number := range 2 {
						err, effect := one.make(test, number)
						test.check(err, effect, one.method)
						if (err == nil) != want && one.method == http.MethodGet {
							t.Errorf("call %d: %v", number, err)
						}
					}
				})
			}
		}
	}
}

// timeoutFor is short for answers that never come, which it has to wait out,
// and long for those that do come, however busy the machine.
func timeoutFor(kind string) time.Duration {
	if strings.HasPrefix(kind, "hang") {
		return 300 * time.Millisecond
	}
	return time.Minute
}
