package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

// carryOut lets the sandbox carry a request out, and throws its response away.
func (r *rig) carryOut(request *http.Request) {
	r.box.Handler().ServeHTTP(httptest.NewRecorder(), request)
}

// answerTo makes the server answer requests of some methods by itself, and leave the others to the sandbox.
func (r *rig) answerTo(methods string, answer http.HandlerFunc) {
	r.serve(func(w http.ResponseWriter, request *http.Request) {
		if slices.Contains(strings.Fields(methods), request.Method) {
			answer(w, request)
			return
		}
		r.box.Handler().ServeHTTP(w, request)
	})
}

func TestAFailureThatHadItsEffectIsNotTakenForNone(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 404, 500, 520} {
		for _, methods := range []string{"PATCH", "PUT", "PATCH PUT"} {
			t.Run(fmt.Sprintf("%d to %s", status, methods), func(t *testing.T) {
				r := newRig(t, company())
				r.answerTo(methods, func(w http.ResponseWriter, request *http.Request) {
					r.carryOut(request)
					w.WriteHeader(status)
					_, _ = io.WriteString(w, `{"success":false,"errors":[{"code":10001,"message":"Internal server error"}],"messages":[],"result":null}`)
				})
				done := r.run(t.Context(), r.applyArgs()...)
				r.wantNoWrongWrite(done.sent)
				r.wantTold(done)
				r.serve(r.box.Handler().ServeHTTP)
				r.wantConvergence()
			})
		}
	}
}

// endlessly writes a text again and again until nobody listens, and returns how much that was.
func endlessly(w io.Writer, text string) (written int64) {
	chunk := strings.Repeat(text, 64<<10/len(text))
	for {
		n, err := io.WriteString(w, chunk)
		if written += int64(n); err != nil {
			return written
		}
	}
}

func TestAnAnswerOfTenGigabytesIsGivenUp(t *testing.T) {
	t.Parallel()
	const most = 80 << 20 // 64 MiB are read, and some more is on its way
	const start = `{"success":true,"errors":[],"messages":[],"result":[{"id":"`
	tests := []struct {
		name, method string
		times        int64 // that there is such a response
		isDeclared   bool
		code         int
	}{
		{"a listing", "GET", 1000, true, codeError},
		{"the answers to PATCH", "PATCH", 1000, true, codeOK},
		{"the answers to PUT", "PUT", 1000, true, codeOK},
		{"an answer that does not say how long it is", "PATCH", 1, false, codeOK},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, company())
			var answers, longest atomic.Int64
			r.answerTo(test.method, func(w http.ResponseWriter, request *http.Request) {
				if answers.Add(1) > test.times {
					r.box.Handler().ServeHTTP(w, request)
					return
				}
				r.carryOut(request)
				w.Header().Set("Content-Type", "application/json")
				if test.isDeclared {
					w.Header().Set("Content-Length", fmt.Sprint(int64(10<<30)))
				}
				_, _ = io.WriteString(w, start)
				longest.Store(max(longest.Load(), endlessly(w, "x")))
			})
			done := r.run(t.Context(), r.applyArgs()...)
			if done.code != test.code {
				t.Errorf("exit code %d, want %d\n%s", done.code, test.code, done.stderr)
			}
			if test.code == codeError && !strings.Contains(done.stderr, "larger than 64 MiB") {
				t.Errorf("the error does not say that it is too large\n%s", done.stderr)
			}
			r.wantNoWrongWrite(done.sent)
			r.wantTold(done)
			r.quiet()
			if longest.Load() > most {
				t.Errorf("%d MiB were taken in", longest.Load()>>20)
			}
			r.serve(r.box.Handler().ServeHTTP)
			r.wantConvergence()
		})
	}
}

func TestNoRedirectIsFollowedAndNobodyElseGetsTheCredentials(t *testing.T) {
	t.Parallel()
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, method := range []string{"GET", "PATCH", "PUT"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, host := range []string{elsewhere.URL, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)} {
				t.Run(fmt.Sprintf("%s %d to %s", method, status, host[:12]), func(t *testing.T) {
					r := newRig(t, company())
					r.answerTo(method, func(w http.ResponseWriter, request *http.Request) {
						http.Redirect(w, request, host+request.URL.RequestURI(), status)
					})
					done := r.run(t.Context(), r.applyArgs()...)
					if want := map[string]int{"GET": codeError, "PATCH": codePartial, "PUT": codePartial}[method]; done.code != want {
						t.Errorf("exit code %d, want %d", done.code, want)
					}
					if told := done.stderr + done.stdout; !strings.Contains(told, "redirects to "+strings.TrimPrefix(host, "http://")) {
						t.Errorf("nobody says where it redirects to\n%s", told)
					}
					r.wantTold(done)
					r.wantNoWrongWrite(done.sent)
				})
			}
		}
	}
	if visits.Load() > 0 {
		t.Errorf("the other host got %d requests", visits.Load())
	}
}

func TestABatchThatIsRefusedIsHalvedDownToTheGuiltyItem(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	guilty := r.memberOf("leaver")
	r.answerTo("PATCH", func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err == nil && strings.Contains(string(body), guilty.seatUID()) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"success":false,"errors":[{"code":12130,"message":"no such seat"}],"messages":[],"result":null}`)
			return
		}
		request.Body = io.NopCloser(strings.NewReader(string(body)))
		r.box.Handler().ServeHTTP(w, request)
	})
	done := r.run(t.Context(), r.applyArgs()...)
	r.wantTold(done)
	plan := done.plan(t)
	for _, outcome := range plan.Run.Outcomes {
		change := plan.Changes[outcome.Change]
		isGuilty := change.UserID == guilty.id()
		if isGuilty != (outcome.Status == reconcile.Failed) || isGuilty && !strings.Contains(outcome.Error, "12130 no such seat") {
			t.Errorf("%s: %s %s", change.Email, outcome.Status, outcome.Error)
		}
	}
	r.serve(r.box.Handler().ServeHTTP)
	r.wantConvergence()
}

// memberOf returns the first member whose address begins with a word.
func (r *rig) memberOf(word string) *member {
	r.t.Helper()
	var found []*member
	for _, m := range r.members {
		if strings.HasPrefix(m.email(), word+"-") {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		r.t.Fatalf("nobody is a %s", word)
	}
	return slices.MinFunc(found, func(a, b *member) int { return strings.Compare(a.id(), b.id()) })
}
