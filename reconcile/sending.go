package reconcile

import (
	"errors"
	"fmt"
	"time"
)

// sending is a call on its way: it is sent, and sent again, until it is known what
// became of each change in it.
type sending struct {
	*writer
	call Call
	left []int // the changes of it that are still to be written

	outcomes []Outcome
	accepted bool  // the last attempt was accepted
	intended bool  // the journal has an intent and no result
	cause    error // what the last attempt came to
	// uncertainSince is when the last attempt ended that may still take effect, the zero
	// time while there is none, and uncertainCause what that attempt came to.
	uncertainSince time.Time
	uncertainCause error
}

// run sends the call, and returns the halves to try where it was refused as a whole.
//
// Each attempt waits for a slot first, and checks after that whether what is known
// of the users is fresh. An attempt that was throttled or never left is repeated;
// one that may have taken effect only when reading shows that it has not so far,
// and that nothing else has happened to the user.
func (s *sending) run() (halves []Call) {
	defer s.finish()
	s.left = s.call.Changes
	for attempt := 0; len(s.left) > 0; attempt++ {
		if s.isStopped() || !s.tallies.begin(s.call.Kind) {
			break
		}
		came := unsent
		if release := s.prepare(attempt); release != nil {
			came, halves = s.try(attempt, release)
		}
		s.tallies.end(s.call.Kind, came, s.cause)
		switch {
		case len(halves) > 0:
			s.left = nil
		case !IsWorthRetrying(s.cause):
			return nil
		case attempt == s.options.Retries:
			if isThrottled(s.cause) {
				s.stop(s.cause.Error())
			}
			return nil
		}
	}
	return halves
}

// maxQueuing is how often a call queues for a slot and finds when it has one that
// what is known of its users has grown old meanwhile.
const maxQueuing = 3

// prepare waits until what is left of the call may be sent and the journal has it, and
// drops from it whose user has moved by then. The slot that it returns is nil where nothing is to be sent.
func (s *sending) prepare(attempt int) (release func()) {
	for range maxQueuing {
		release, err := s.sink.Acquire(s.start, attempt)
		if err != nil {
			s.stopFor(err)
			return nil
		}
		if s.isStopped() {
			release()
			return nil
		}
		if s.readings.areFresh(s.left, s.uncertainSince) {
			if s.dropMoved(); len(s.left) == 0 || !s.intend() {
				release()
				return nil
			}
			if s.readings.areFresh(s.left, s.uncertainSince) {
				return release
			}
			s.forget() // the disk took its time
		}
		release()
		if err := s.readAgain(s.start, s.left, s.uncertainSince); err != nil {
			s.stopFor(err)
			return nil
		}
		if !s.readings.areFresh(s.left, s.uncertainSince) {
			break
		}
		attempt = 0 // the backoff is over
	}
	if s.uncertainSince.IsZero() {
		s.conclude(NotReached, fmt.Errorf("the user could not be read within %v before the request", s.options.MaxReadAge))
	}
	return nil
}

// stopFor stops the run for an error of waiting or of reading again.
func (s *sending) stopFor(err error) {
	switch {
	case s.isStopped(): // which is why
	case isThrottled(err):
		s.stop(err.Error())
	default:
		s.stop(fmt.Sprintf("the account could not be read again: %v", withoutURL(err)))
	}
}

// dropMoved drops the changes that must not be sent, each with its outcome.
func (s *sending) dropMoved() {
	var left []int
	for _, change := range s.left {
		known := s.readings.of(change)
		moved := ""
		if known.again {
			moved = s.plan.Changes[change].movedSince(s.plan.CreatedAt, known.user, &known.devices)
		}
		switch {
		case moved == "":
			left = append(left, change)
		case s.uncertainSince.IsZero():
			s.outcomes = append(s.outcomes, Outcome{Change: change, Status: Stale, Error: moved})
		default:
			s.outcomes = append(s.outcomes, s.judgeMoved(change, known, moved))
		}
	}
	s.left = left
}

// judgeMoved judges a change that is not sent again, since its user has moved after
// an attempt that may have taken effect.
func (s *sending) judgeMoved(change int, known known, moved string) Outcome {
	outcome := s.outcomeOf(change, s.uncertainCause, known.user, known.at)
	switch {
	case outcome.Open:
		outcome.Error += "; it was not sent again: " + moved
	case outcome.Status != Applied && known.user != nil && s.plan.Changes[change].isUnaffected(known.user):
		outcome = Outcome{Change: change, Status: Stale, Error: moved} // the attempt has had no effect
	}
	return outcome
}

// intend tells the journal what is about to be sent, and reports whether it has it.
func (s *sending) intend() bool {
	if err := s.journal.Intent(Call{Kind: s.call.Kind, Changes: s.left}); err != nil {
		s.cause = nil
		s.stopForJournal(err)
		return false
	}
	s.intended = true
	return true
}

// try sends what is left of the call once, and gives the slot back.
func (s *sending) try(attempt int, release func()) (came effect, halves []Call) {
	defer release()
	var judged []Outcome
	var unmentioned []int
	if s.call.Kind == CallPatchSeats {
		judged, unmentioned, s.cause = s.updateSeats(attempt)
	} else {
		judged, unmentioned, s.cause = s.renameUser(attempt)
	}
	release()
	switch {
	case s.cause == nil:
		s.accepted = true
		s.outcomes = append(s.outcomes, judged...)
		s.verify(unmentioned, unmentionedBecause(s.call.Kind))
		s.left = nil
		if !s.hasApplied() {
			return wasted, nil
		}
		return effective, nil
	case HadNoEffect(s.cause):
		s.forget()
		if isThrottled(s.cause) {
			return unsent, nil
		}
		return wastedAlone, nil
	case isRefusal(s.cause):
		halves = s.halve()
		switch {
		case s.hasApplied():
			return effective, halves
		case len(halves) > 0:
			return wasted, halves
		}
		return wastedAlone, nil
	}
	s.uncertainSince, s.uncertainCause = s.options.Clock(), s.cause
	return wastedAlone, nil
}

// halve splits what a refusal has left undone. What it may have carried out anyhow,
// or an earlier attempt, is found by reading first. One guilty item says nothing of
// the others; a refusal for lack of rights does.
func (s *sending) halve() []Call {
	var refused *APIError
	errors.As(s.cause, &refused)
	switch {
	case !s.uncertainSince.IsZero():
		s.verify(s.left, s.cause)
		s.left = nil
	case refused.IsMixed() || refused.IsNotFound():
		s.verifyRefused()
	case len(s.left) == 1 || refused.IsDenied():
		s.conclude(Failed, s.cause)
	}
	switch len(s.left) {
	case 0:
		return nil
	case 1:
		return []Call{{Kind: s.call.Kind, Changes: s.left}}
	}
	middle := len(s.left) / 2
	return []Call{{Kind: s.call.Kind, Changes: s.left[:middle]}, {Kind: s.call.Kind, Changes: s.left[middle:]}}
}

// verifyRefused keeps what an uncertain refusal has carried out, as reading shows. The
// rest is still to be tried, unless it was tried alone.
func (s *sending) verifyRefused() {
	before := len(s.outcomes)
	s.verify(s.left, s.cause)
	tried := len(s.left)
	s.left = nil
	if tried == 1 {
		return
	}
	judged := s.outcomes[before:]
	s.outcomes = s.outcomes[:before:before]
	for _, outcome := range judged {
		if outcome.Status == Applied {
			s.outcomes = append(s.outcomes, outcome)
		} else {
			s.left = append(s.left, outcome.Change)
		}
	}
}

// conclude gives everything that is left the same outcome.
func (s *sending) conclude(status Status, err error) {
	for _, change := range s.left {
		text := s.plan.Changes[change].subject() + withoutURL(err).Error()
		s.outcomes = append(s.outcomes, Outcome{Change: change, Status: status, Error: text})
	}
	s.left = nil
}

// hasApplied reports whether reading or a response has shown the effect of a change.
func (s *sending) hasApplied() bool {
	for i := range s.outcomes {
		if s.outcomes[i].Status == Applied {
			return true
		}
	}
	return false
}

// forget tells the journal that the attempt did nothing.
func (s *sending) forget() {
	if s.uncertainSince.IsZero() {
		s.report(nil)
	}
}

// finish verifies what is still uncertain, and records the outcomes.
func (s *sending) finish() {
	switch {
	case len(s.left) == 0:
	case !s.uncertainSince.IsZero():
		s.verify(s.left, s.uncertainCause)
	case s.cause != nil && !isThrottled(s.cause):
		s.conclude(Failed, s.cause) // it never left
	}
	if !s.uncertainSince.IsZero() && s.hasApplied() {
		s.tallies.retract(s.call.Kind)
	}
	s.report(s.outcomes)
	s.record(s.outcomes)
}

// report tells the journal what became of the call, once for each intent.
func (s *sending) report(outcomes []Outcome) {
	if !s.intended {
		return
	}
	s.intended = false
	if err := s.journal.Result(s.call, outcomes); err != nil {
		s.stopForJournal(err)
	}
}

func (s *sending) stopForJournal(err error) {
	s.stop(fmt.Sprintf("the journal cannot be written: %v", err))
}
