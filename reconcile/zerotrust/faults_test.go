package zerotrust

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// Everything that can go wrong, for each of the calls that a run is made of,
// met once, by every third request, and always: through the real HTTP client
// and server, against an API that knows what really happened. Time is that of a
// bubble, so that the waits are those of production and cost nothing.

// outcome is what an error says to whoever called.
type outcome string

const (
	succeeds   outcome = "succeeds"
	refused    outcome = "the API refused"          // an APIError
	throttled  outcome = "nothing was written"      // a ThrottledError
	uncertain  outcome = "nobody knows"             // any other error
	incomplete outcome = "the listing is not whole" // an IncompleteError
)

// outcomeOf tells what an error says, the way package reconcile does.
func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return succeeds
	case isA[*reconcile.ThrottledError](err):
		return throttled
	case isA[*IncompleteError](err):
		return incomplete
	case isA[*reconcile.APIError](err):
		return refused
	}
	return uncertain
}

// faultCase is one kind of fault with the outcome of a request that meets it.
// What reads is sent again, what writes is not.
type faultCase struct {
	kind string
	// onceRead and alwaysRead are for a reading that meets it at the first attempt,
	// or at every one.
	onceRead, alwaysRead outcome
	written              outcome
}

// faultCases are the faults of every call.
func faultCases() []faultCase {
	return []faultCase{
		{"429", succeeds, throttled, throttled},
		{"429(retry-after=3)", succeeds, throttled, throttled},
		{"429(retry-after=400)", throttled, throttled, throttled},
		{"500", succeeds, refused, refused},
		{"502", succeeds, refused, refused},
		{"503", succeeds, refused, refused},
		{"520", succeeds, refused, refused},
		{"401", refused, refused, refused},
		{"403", refused, refused, refused},
		{"failure", refused, refused, refused},
		{"truncated", succeeds, incomplete, uncertain},
		{"wrong-types", succeeds, incomplete, uncertain},
		{"endless", succeeds, incomplete, uncertain},
		{"cut-body", succeeds, uncertain, uncertain},
		{"reset-before", succeeds, uncertain, uncertain},
		{"reset-after", succeeds, uncertain, uncertain},
		{"hang", succeeds, uncertain, uncertain},
		{"hang-after", succeeds, uncertain, uncertain},
		{"redirect", uncertain, uncertain, uncertain},
	}
}

// calls is how often each call is made in a row; enough for 'every third'.
const calls = 4

// faultTest is a sandbox of a few pages and a connection to it.
type faultTest struct {
	*testing.T
	box        *sandbox.Sandbox
	connection *Connection
}

func newFaultTest(t *testing.T, text string) *faultTest {
	box, config := startSandbox(t, sandbox.Options{Users: 60, MaxPerPage: 20})
	// A connection for each request, or the transport repeats a GET by itself
	// when one that it has used before breaks, and nobody can count.
	config.Transport.(*http.Transport).DisableKeepAlives = true
	connection := connect(t, config)
	connection.responseLimit = 256 << 10
	fault(t, box, text)
	return &faultTest{t, box, connection}
}

// call is one call of an adapter, which returns what it came to and whether the
// account shows its effect.
type call struct {
	method string
	make   func(*faultTest, int) (err error, effect bool)
}

// list reads all users and compares them with those who are there.
func list(t *faultTest, _ int) (error, bool) {
	live, err := t.connection.Source().Snapshot(t.Context())
	if err != nil {
		if len(live.Users) > 0 || !live.ReadAt.IsZero() {
			t.Errorf("%d users came along with the error %v", len(live.Users), err)
		}
		return err, false
	}
	if diff := cmp.Diff(asTheSandboxHasThem(t.box), live.Users, comparingMoments); diff != "" {
		t.Errorf("the snapshot is not the account (-account +snapshot):\n%s", diff)
	}
	return nil, true
}

// release releases a seat, another one each time.
func release(t *faultTest, number int) (error, bool) {
	var seat, user string
	for _, record := range t.box.Users(account) {
		access, _ := record.AccessSeat.Get()
		if uid, _ := record.SeatUID.Get(); access && uid != "" {
			seat, _ = record.SeatUID.Get()
			user, _ = record.ID.Get()
			break
		}
	}
	var answers []reconcile.User
	release, err := t.connection.Sink().Acquire(t.Context(), 0)
	if err == nil {
		answers, err = t.connection.Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: seat}})
		release()
	}
	want := []reconcile.User{{SeatUID: seat, AccessSeat: reconcile.False, GatewaySeat: reconcile.False}}
	if diff := cmp.Diff(want, answers, comparingMoments); err == nil && diff != "" {
		t.Errorf("call %d: the answer differs (-want +got):\n%s", number, diff)
	}
	after, _ := t.box.User(account, user)
	access, _ := after.AccessSeat.Get()
	return err, !access
}

// rename renames a user, to another name each time.
func rename(t *faultTest, number int) (error, bool) {
	const id, email = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415", "jdoe@example.com"
	name := fmt.Sprintf("Jane Doe the %d.", number)
	var user reconcile.User
	release, err := t.connection.Sink().Acquire(t.Context(), 0)
	if err == nil {
		user, err = t.connection.Sink().RenameUser(t.Context(), 0, reconcile.User{ID: id, Email: email, Name: name})
		release()
	}
	if err == nil && (user.ID != id || user.Name != name) {
		t.Errorf("call %d: the answer is %+v", number, user)
	}
	after, _ := t.box.User(account, id)
	return err, after.Name == sandbox.Value(name)
}

func TestFaultsOfEveryCall(t *testing.T) {
	for _, one := range []call{{"GET", list}, {"PATCH", release}, {"PUT", rename}} {
		for _, fault := range faultCases() {
			once, always := fault.written, fault.written
			if one.method == "GET" {
				once, always = fault.onceRead, fault.alwaysRead
			}
			for _, when := range []string{"once", "every=3", "always"} {
				t.Run(one.method+" "+fault.kind+" "+when, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						test := newFaultTest(t, one.method+":"+fault.kind+":"+when)
						for number := range calls {
							err, effect := one.make(test, number)
							test.check(err, effect, one.method)
							got := outcomeOf(err)
							switch when {
							case "once":
								want := succeeds
								if number == 0 {
									want = once
								}
								// What was asked of all requests lasts longer than the one that heard it.
								if fault.kind == "429(retry-after=400)" {
									want = throttled
								}
								if got != want {
									t.Errorf("call %d: %s (%v), want: %s", number, got, err, want)
								}
							case "every=3":
								if got != succeeds && got != once && got != always {
									t.Errorf("call %d: %s (%v)", number, got, err)
								}
							case "always":
								if got != always {
									t.Errorf("call %d: %s (%v), want: %s", number, got, err, always)
								}
							}
						}
						test.converges(one)
					})
				})
			}
		}
	}
}

// check holds what must be true of any call, whatever it met.
func (t *faultTest) check(err error, effect bool, method string) {
	t.Helper()
	switch {
	case err == nil && !effect:
		t.Error("success, and the account does not show it")
	case outcomeOf(err) == throttled && effect && method != http.MethodGet:
		t.Errorf("a throttled request took effect: %v", err)
	case outcomeOf(err) == refused && effect && method != http.MethodGet:
		var answer *reconcile.APIError
		if errors.As(err, &answer) && answer.IsRefusal() && !answer.IsMixed() {
			t.Errorf("a refused request took effect: %v", err)
		}
	}
	if err != nil {
		checkSilence(t.T, err.Error())
		if strings.ContainsAny(err.Error(), "\n\r\x1b<") {
			t.Errorf("the error would leave its line, or a page: %q", err)
		}
		if strings.Contains(err.Error(), "?") {
			t.Errorf("the error shows a query: %v", err)
		}
	}
	made := t.connection.Counts()
	sent := len(t.box.Requests())
	// Of a listing that is given up, some requests never arrive.
	if got := made.Get + made.Patch + made.Put + made.Retries; got < sent || got > sent && method != http.MethodGet {
		t.Errorf("%d attempts were counted, and %d arrived", got, sent)
	}
}

// converges checks that the next run succeeds once the faults are over. A pause
// that the API asked for may still be on, and is waited out by nobody.
func (t *faultTest) converges(one call) {
	t.Helper()
	t.box.ClearFaults()
	t.connection.Close()
	synctest.Wait() // for faults that take effect after a response has arrived
	fresh := newConnectionLike(t)
	err, effect := one.make(&faultTest{t.T, t.box, fresh}, calls)
	if err != nil || !effect {
		t.Errorf("after the faults: %v", err)
	}
}

// newConnectionLike connects again, as the next run does.
func newConnectionLike(t *faultTest) *Connection {
	config := t.connection.config
	config.RateLimiter = nil
	return connect(t.T, config)
}

func TestFaultsOfAListing(t *testing.T) {
	tests := []struct {
		fault string
		want  outcome
		words string
	}{
		{"users:short-page:once", succeeds, ""},
		{"users:short-page(drop=5):always", incomplete, "where 20 of 60 belong"},
		{"users:short-page:every=3", incomplete, "belong"},
		{"users:doubled-page:once", succeeds, ""},
		{"users:doubled-page:every=3", incomplete, "is on page"},
		{"users:doubled-page:always", incomplete, ""},
		{"users:user-added:once", succeeds, ""},
		{"users:user-added:always", incomplete, "in total"},
		{"users:user-removed:once", succeeds, ""},
		{"users:user-removed:always", incomplete, ""},
		{"users:wrong-total:once", succeeds, ""},
		// A total that is short by whole pages cannot be distinguished from the truth
		// without asking for a page that should not be there.
		{"users:wrong-total(by=-5):always", incomplete, ""},
		{"users:wrong-total(by=1000000):always", incomplete, ""},
		{"users:wrong-total:every=3", incomplete, ""},
		{"users:missing-total:once", succeeds, ""},
		{"users:missing-total:always", incomplete, "does not say how many"},
		{"users:missing-info:always", incomplete, "does not say how many"},
		{"users:missing-info:after=1+times=1", succeeds, ""},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faulty := newFaultTest(t, test.fault)
				err, effect := list(faulty, 0)
				faulty.check(err, effect, http.MethodGet)
				if got := outcomeOf(err); got != test.want {
					t.Errorf("%s (%v), want: %s", got, err, test.want)
				}
				if test.words != "" {
					checkError(t, err, test.words, "in 3 attempts")
				}
				if sent := faulty.box.Count(sandbox.OperationUsers); sent > 3*(1+32) {
					t.Errorf("%d requests for a listing that is not whole", sent)
				}
				faulty.converges(call{"GET", list})
			})
		})
	}
}
