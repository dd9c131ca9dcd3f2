package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestAFaultIsReadAndWritten(t *testing.T) {
	tests := []struct {
		text  string
		want  sandbox.Fault
		again string // how it is written, if not as it was read
	}{
		{text: "PATCH:500:once", want: sandbox.Fault{Method: "PATCH", Kind: sandbox.KindInternal, When: sandbox.When{Times: 1}}},
		{text: "GET:short-page:always", want: sandbox.Fault{Method: "GET", Kind: sandbox.KindShortPage}},
		{text: "PUT:reset-after:every=3", want: sandbox.Fault{Method: "PUT", Kind: sandbox.KindResetAfter, When: sandbox.When{Every: 3}}},
		{
			text: "GET:429(retry-after=2):once",
			want: sandbox.Fault{Method: "GET", Kind: sandbox.KindThrottled, RetryAfter: 2, When: sandbox.When{Times: 1}},
		},
		{text: "*:429", want: sandbox.Fault{Kind: sandbox.KindThrottled}, again: "*:429:always"},
		{text: "users:hang:after=2", want: sandbox.Fault{Path: "users", Kind: sandbox.KindHang, When: sandbox.When{After: 2}}},
		{text: "*@users:hang:times=1", want: sandbox.Fault{Path: "users", Kind: sandbox.KindHang, When: sandbox.When{Times: 1}}, again: "users:hang:once"},
		{text: "GET@/tokens/verify:502:always", want: sandbox.Fault{Method: "GET", Path: "/tokens/verify", Kind: sandbox.KindBadGateway}},
		{text: "/access/:503:always", want: sandbox.Fault{Path: "/access/", Kind: sandbox.KindUnavailable}},
		{
			text: "devices:slow(delay=1.5s):after=1+every=2+times=3",
			want: sandbox.Fault{Path: "devices", Kind: sandbox.KindSlow, Delay: 1500 * time.Millisecond, When: sandbox.When{After: 1, Every: 2, Times: 3}},
		},
		{
			text: "GET:redirect(to=http://127.0.0.1:8080):once",
			want: sandbox.Fault{Method: "GET", Kind: sandbox.KindRedirect, To: "http://127.0.0.1:8080", When: sandbox.When{Times: 1}},
		},
		{text: "users:wrong-total(by=-3):always", want: sandbox.Fault{Path: "users", Kind: sandbox.KindWrongTotal, By: -3}},
		{text: "seats:short-page(drop=2):always", want: sandbox.Fault{Path: "seats", Kind: sandbox.KindShortPage, Drop: 2}},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			got, err := sandbox.ParseFault(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
			if test.again == "" {
				test.again = test.text
			}
			if got.String() != test.again {
				t.Errorf("written as %s, want %s", got, test.again)
			}
		})
	}
}

func TestAFaultThatMakesNoSenseIsExplained(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "write TARGET:KIND or TARGET:KIND:WHEN, as in PATCH:500:once"},
		{"PATCH", "write TARGET:KIND"},
		{":500", "use * for every request"},
		{"FETCH:500", "use a method (GET, PATCH, PUT), an operation (users, devices, seats, rename, verify, registrations, organization, providers, subscriptions), a part of the path with a slash, or *"},
		{"GET@:500", "nothing after @"},
		{"GET@people:500", "use one of users, devices, seats, rename, verify, registrations, organization, providers, subscriptions, or a part of the path with a slash"},
		{"GET@/a@b:500", "no path has : or @"},
		{"GET:gremlin", "unknown kind \"gremlin\": use one of 429, 401, 403, 500, 502, 503, 520, failure, truncated, cut-body"},
		{"GET:429(retry-after=2", "no closing parenthesis"},
		{"GET:429(retry-after=2)once", "write : and when"},
		{"GET:429(retry-after=soon)", "\"soon\" is not a whole number of at least 1"},
		{"GET:429(retry-after)", "write NAME=VALUE"},
		{"GET:429(delay=1s)", "429 takes retry-after"},
		{"GET:500(delay=1s)", "500 takes none"},
		{"GET:slow(delay=long)", "as in 500ms"},
		{"GET:redirect(to=nowhere)", "not a valid URL"},
		{"GET:wrong-total(by=0)", "not a number other than 0"},
		{"GET:500:sometimes", "use once, always, every=N, after=N or times=N"},
		{"GET:500:every=0", "\"0\" is not a whole number of at least 1"},
		{"GET:500:every=2+every=3", "every is said twice"},
		{"GET:500:always+once", "unknown time \"always\""},
		{"seats:user-added", "user-added cannot happen to seats: it can to users"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			fault, err := sandbox.ParseFault(test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v and error %v, want an error with %q", fault, err, test.want)
			}
		})
	}
}

func TestTheHelpExplainsEveryKind(t *testing.T) {
	help := sandbox.FaultHelp()
	for _, kind := range []sandbox.Kind{sandbox.KindThrottled, sandbox.KindNotTaken, sandbox.KindSameCursor} {
		if !strings.Contains(help, "\n"+string(kind)+" ") && !strings.HasPrefix(help, string(kind)+" ") {
			t.Errorf("the help does not explain %s:\n%s", kind, help)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, seed := range []string{
		"PATCH:500:once", "users:429(retry-after=2):after=1+times=2", "GET@/a/b:redirect(to=http://x.example:1)", "*:slow(delay=1h)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := sandbox.ParseFault(text)
		if err != nil {
			return
		}
		again, err := sandbox.ParseFault(fault.String())
		if err != nil || again != fault {
			t.Errorf("%q is read as %#v, written as %s, and read again as %#v, %v", text, fault, fault, again, err)
		}
	})
}
