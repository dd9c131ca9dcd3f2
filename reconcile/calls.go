package reconcile

import "slices"

// DefaultBatchSize is the number of seats in one request when nothing else is
// said. The API's own limit is not documented; others send 50 to 100.
const DefaultBatchSize = 100

// CallKind is a writing request of the API.
type CallKind string

// The writing requests.
const (
	CallPatchSeats CallKind = "PATCH"
	CallPutUser    CallKind = "PUT"
)

// Call is one writing request of a plan.
type Call struct {
	Kind CallKind
	// Changes are indexes in Plan.Changes: up to a batch for seats, one for a user.
	Changes []int
	// IsTrial is set on the first change of a kind that may free a whole seat where half of
	// it is to be taken: no other request starts before it has been judged.
	IsTrial bool
}

// Calls returns the fewest requests that carry a plan out: the seats in batches,
// then a request a name. The first swap of the halves goes before everything, in a request
// of its own, and so does the first narrow while none has been seen to keep the other half
// of the seat. Held changes are in no call. A batch size below 1 means
// [DefaultBatchSize].
func Calls(plan *Plan, batchSize int) []Call { return callsExcept(plan, batchSize, nil) }

// callsExcept returns the calls of a plan without the changes that are stale.
func callsExcept(plan *Plan, batchSize int, stale map[int]string) []Call {
	if batchSize < 1 {
		batchSize = DefaultBatchSize
	}
	var trials, calls, renames []Call
	tried := make(map[Kind]bool)
	for i := range plan.Changes {
		change := &plan.Changes[i]
		_, isStale := stale[i]
		isTrial := plan.Limit.isUnproven(change) && !tried[change.Kind]
		switch {
		case !change.WillBeDone() || isStale:
		case change.Kind == Rename:
			renames = append(renames, Call{Kind: CallPutUser, Changes: []int{i}})
		case isTrial:
			tried[change.Kind] = true
			trials = append(trials, Call{Kind: CallPatchSeats, Changes: []int{i}, IsTrial: true})
		case len(calls) == 0 || len(calls[len(calls)-1].Changes) == batchSize:
			calls = append(calls, Call{Kind: CallPatchSeats, Changes: []int{i}})
		default:
			last := &calls[len(calls)-1]
			last.Changes = append(last.Changes, i)
		}
	}
	return slices.Concat(trials, calls, renames)
}
