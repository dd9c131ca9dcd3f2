package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong with requests. See ParseFault for how to write one down.
type Fault struct {
	// Method limits the fault to requests of one method; empty means all.
	Method string
	// Path limits the fault to one operation, by its name, or to paths that contain it; empty means all.
	Path string
	// Kind is what goes wrong.
	Kind Kind
	// When says which of the requests that match meet the fault.
	When When

	// RetryAfter is how many seconds the header of KindThrottled says; 0 means that there is no such header.
	RetryAfter int
	// Delay is how long KindSlow and KindLateEffect take; 0 means one second.
	Delay time.Duration
	// To is where KindRedirect points to, scheme and host; empty means https://elsewhere.example.net.
	To string
	// Drop is how many items KindShortPage leaves out; 0 means one.
	Drop int
	// Offset is how far ahead the Date header of KindSkewedDate is; 0 means ten minutes.
	Offset time.Duration
	// By is how far off the total of KindWrongTotal is; 0 means one too many.
	By int
}

// When says which of the requests that match meet a fault. The zero value means all.
type When struct {
	// After leaves the first requests in peace.
	After int
	// Every is met by every so-manieth request only; 0 means 1.
	Every int
	// Times ends the fault after it was met so often; 0 means never.
	Times int
}

// Kind is what goes wrong.
type Kind string

// What can go wrong. Those that say "after" or "the response" have had their effect; the others have not.
const (
	KindThrottled    Kind = "429"
	KindInvalidToken Kind = "401"
	KindForbidden    Kind = "403"
	KindInternal     Kind = "500"
	KindBadGateway   Kind = "502"
	KindUnavailable  Kind = "503"
	KindEdge         Kind = "520"
	KindFailure      Kind = "failure"
	KindTruncated    Kind = "truncated"
	KindCutBody      Kind = "cut-body"
	KindWrongTypes   Kind = "wrong-types"
	KindResetBefore  Kind = "reset-before"
	KindResetAfter   Kind = "reset-after"
	KindHang         Kind = "hang"
	KindHangAfter    Kind = "hang-after"
	KindSlow         Kind = "slow"
	KindEndless      Kind = "endless"
	KindRedirect     Kind = "redirect"
	KindShortPage    Kind = "short-page"
	KindDoubledPage  Kind = "doubled-page"
	KindUserAdded    Kind = "user-added"
	KindUserRemoved  Kind = "user-removed"
	KindWrongTotal   Kind = "wrong-total"
	KindMissingTotal Kind = "missing-total"
	KindMissingInfo  Kind = "missing-info"
	KindSameCursor   Kind = "same-cursor"
	KindLostPage     Kind = "lost-page"
	KindNotTaken     Kind = "not-taken"
	KindSkewedDate   Kind = "skewed-date"
	KindMissingDate  Kind = "missing-date"
	KindLateEffect   Kind = "late-effect"
)

// kindInfo describes a kind: in words, the parameters it takes, and the operations it can happen to (none means all).
type kindInfo struct {
	kind       Kind
	about      string
	parameters []string
	operations []Operation
}

// kinds is the table of everything that can go wrong.
func kinds() []kindInfo {
	byCursor := []Operation{OperationDevices, OperationRegistrations}
	listings := append([]Operation{OperationUsers}, byCursor...)
	return []kindInfo{
		{kind: KindThrottled, about: "429 and code 971, with Retry-After if retry-after=SECONDS is given", parameters: []string{"retry-after"}},
		{kind: KindInvalidToken, about: "401 and code 1000"},
		{kind: KindForbidden, about: "403 and code 10000"},
		{kind: KindInternal, about: "500 in an envelope"},
		{kind: KindBadGateway, about: "502 with a page of HTML"},
		{kind: KindUnavailable, about: "503 with an empty body"},
		{kind: KindEdge, about: "520 with a page of HTML"},
		{kind: KindFailure, about: "200, and success is false"},
		{kind: KindTruncated, about: "the response's JSON ends in the middle, in sound HTTP"},
		{kind: KindCutBody, about: "the connection closes in the middle of the response"},
		{kind: KindWrongTypes, about: "the response's flags and numbers come as strings, its strings as numbers"},
		{kind: KindResetBefore, about: "the connection is reset before the request has an effect"},
		{kind: KindResetAfter, about: "the connection is reset after the request has had its effect"},
		{kind: KindHang, about: "no effect, and a response that never comes"},
		{kind: KindHangAfter, about: "the effect, and a response that never comes"},
		{kind: KindSlow, about: "a response that takes delay=DURATION, 1s unless given", parameters: []string{"delay"}},
		{kind: KindEndless, about: "a body that never ends"},
		{kind: KindRedirect, about: "307 to another host, to=URL", parameters: []string{"to"}},
		{kind: KindShortPage, about: "the response leaves out its last drop=N items, 1 unless given", parameters: []string{"drop"}, operations: append(listings, OperationSeats)},
		{kind: KindDoubledPage, about: "the page before (after, for the first) comes instead", operations: listings},
		{kind: KindUserAdded, about: "after the response a user comes in at the top of the list", operations: []Operation{OperationUsers}},
		{kind: KindUserRemoved, about: "after the response its first user disappears", operations: []Operation{OperationUsers}},
		{kind: KindWrongTotal, about: "total_count is off by=N, 1 unless given; total_pages follows", parameters: []string{"by"}, operations: listings},
		{kind: KindMissingTotal, about: "no total_count and no total_pages", operations: listings},
		{kind: KindMissingInfo, about: "no result_info at all", operations: listings},
		{kind: KindSameCursor, about: "the cursor leads to the same page again", operations: byCursor},
		{kind: KindLostPage, about: "the cursor leads past the next page", operations: byCursor},
		{kind: KindSkewedDate, about: "the Date header is off by offset=DURATION, 10m unless given", parameters: []string{"offset"}},
		{kind: KindMissingDate, about: "no Date header"},
		{kind: KindLateEffect, about: "the connection is reset, and the effect comes delay=DURATION later, 1s unless given", parameters: []string{"delay"}},
		{kind: KindNotTaken, about: "success, no effect, and the response shows the old state", operations: []Operation{OperationSeats}},
	}
}

// info returns the description of a kind.
func (k Kind) info() (kindInfo, bool) {
	all := kinds()
	i := slices.IndexFunc(all, func(info kindInfo) bool { return info.kind == k })
	if i < 0 {
		return kindInfo{}, false
	}
	return all[i], true
}

// faults are the faults in force and how often each was met.
type faults struct {
	mu    sync.Mutex
	armed []*armedFault
}

type armedFault struct {
	Fault
	info    kindInfo
	matched int // requests that matched
	met     int // requests that met the fault
}

func (f *faults) add(more []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range more {
		info, _ := fault.Kind.info()
		f.armed = append(f.armed, &armedFault{Fault: fault, info: info})
	}
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = nil
}

// next returns the fault that a request meets, if any: the first of those due. One that is due but comes too late for
// this request has not been met; all that match have counted it.
func (f *faults) next(r *http.Request, operation Operation) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var first *armedFault
	for _, fault := range f.armed {
		if !fault.matches(r, operation) {
			continue
		}
		fault.matched++
		if first == nil && fault.due() {
			first = fault
		}
	}
	if first == nil {
		return Fault{}, false
	}
	first.met++
	return first.Fault, true
}

func (f *armedFault) matches(r *http.Request, operation Operation) bool {
	switch {
	case f.Method != "" && f.Method != r.Method:
		return false
	case f.Method != "" && f.Path == "" && operation.isOptional():
		return false // read at any time, beside what a run rests on: a count of requests would mean nothing
	case len(f.info.operations) > 0 && !slices.Contains(f.info.operations, operation):
		return false
	case f.Path == "" || Operation(f.Path).covers(operation):
		return true
	default:
		return strings.Contains(f.Path, "/") && strings.Contains(r.URL.Path, f.Path)
	}
}

// due reports whether the request counted last meets the fault.
func (f *armedFault) due() bool {
	number := f.matched - f.When.After
	return number > 0 && number%max(f.When.Every, 1) == 0 && (f.When.Times == 0 || f.met < f.When.Times)
}
