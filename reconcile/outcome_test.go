package reconcile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
)

func TestJudgeOutcome(t *testing.T) {
	const id, seat = "id-1", "seat-1"
	release := Change{
		Kind: Release, Email: "a@b.c", UserID: id, SeatUID: seat,
		Before: State{AccessSeat: True, GatewaySeat: True, Name: "Old"}, After: State{AccessSeat: False, GatewaySeat: False, Name: "Old"},
	}
	halfKnown := release
	halfKnown.Before.GatewaySeat = Unknown
	grant := release
	grant.Kind, grant.Before, grant.After = Grant, release.After, release.Before
	rename := release
	rename.Kind, rename.After = Rename, State{AccessSeat: True, GatewaySeat: True, Name: "New"}
	user := func(access, gateway Flag, name string) *User {
		return &User{ID: id, SeatUID: seat, AccessSeat: access, GatewaySeat: gateway, Name: name}
	}
	elsewhere := user(True, True, "Old")
	elsewhere.SeatUID = "seat-2"
	seatless := user(False, False, "Old")
	seatless.SeatUID = ""
	accessOnly := release
	accessOnly.Before.GatewaySeat = False
	back := user(True, True, "Old")
	back.LastLogin = MomentOf(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
	gone := errors.New("connection reset by peer")

	for _, test := range []struct {
		name    string
		change  Change
		cause   error
		user    *User
		readErr error
		status  Status
		message string
	}{
		{"the response shows what was asked for", release, nil, user(False, False, "Old"), nil, Applied, ""},
		{"the response shows the old state", release, nil, user(True, True, "Old"), nil, NotTaken, "the API reported success but shows access_seat true, gateway_seat true"},
		{"the response shows a seat that is not given", grant, nil, user(False, False, "Old"), nil, NotTaken, "the API reported success but shows access_seat false, gateway_seat false: a seat comes with the next login"},
		{"the response shows one flag of two changed", release, nil, user(False, True, "Old"), nil, Failed, "release a@b.c: the user now has access_seat false, gateway_seat true, which is neither what was there nor what was asked for"},
		{"the response does not show a flag", release, nil, user(False, Unknown, "Old"), nil, Failed, "release a@b.c: whether it took effect is not known yet, since the API did not return the user's flags"},
		{"not mentioned, and read as asked for", release, ErrNotInResponse, user(False, False, "Old"), nil, Applied, ""},
		{"not mentioned, and read as before", release, ErrNotInResponse, user(True, True, "Old"), nil, NotTaken, "the API reported success but shows access_seat true, gateway_seat true"},
		{"not mentioned, and one flag of two changed", release, ErrNotInResponse, user(True, False, "Old"), nil, Failed, "release a@b.c: the API's response does not mention the seat; the user now has access_seat true, gateway_seat false, which is neither what was there nor what was asked for"},
		{"not mentioned, and read as before after a login", release, ErrNotInResponse, back, nil, Failed, "release a@b.c: the API's response does not mention the seat; the user has the seat as before, and has logged in since: it may have taken effect and been undone"},
		{"failed, and read as asked for", release, gone, user(False, False, "Old"), nil, Applied, ""},
		{"failed, and the seat record is gone with the seat", release, gone, seatless, nil, Applied, ""},
		{"failed, and read as before", release, gone, user(True, True, "Old"), nil, Failed, "release a@b.c: connection reset by peer; reading the user shows that it took no effect, unless a device has enrolled again since"},
		{"failed, and read as before by somebody who has no devices", accessOnly, gone, user(True, False, "Old"), nil, Failed, "release a@b.c: connection reset by peer; reading the user shows that it took no effect"},
		{"failed, and read as before after a login", release, gone, back, nil, Failed, "release a@b.c: connection reset by peer; the user has the seat as before, and has logged in since: it may have taken effect and been undone"},
		{"failed, and not readable", release, gone, nil, errors.New("down"), Failed, "release a@b.c: connection reset by peer; whether it took effect is not known yet, since reading the user failed: down"},
		{"failed, and no longer in the account", release, gone, nil, nil, Failed, "release a@b.c: connection reset by peer; the user is no longer in the account"},
		{"failed, and another user was read", release, gone, &User{ID: "id-2", SeatUID: seat, AccessSeat: True, GatewaySeat: True}, nil, Failed, "release a@b.c: connection reset by peer; whether it took effect is not known yet, since what was read is about another user"},
		{"failed, and another user was read who is as asked for", release, gone, &User{ID: "id-2", SeatUID: seat, AccessSeat: False, GatewaySeat: False}, nil, Failed, "release a@b.c: connection reset by peer; whether it took effect is not known yet, since what was read is about another user"},
		{"failed, and the user holds another seat", release, gone, elsewhere, nil, Failed, "release a@b.c: connection reset by peer; the user now has access_seat true, gateway_seat true on another seat, which is neither what was there nor what was asked for"},
		{"killed, and not read since", release, ErrKilled, nil, ErrNotRead, Failed, "release a@b.c: the run was killed while this was being written; whether it took effect is not known yet"},
		{"killed, and the flags are not known", release, ErrKilled, user(Unknown, Unknown, "Old"), nil, Failed, "release a@b.c: the run was killed while this was being written; whether it took effect is not known yet, since the API did not return the user's flags"},
		{"killed, and one flag is not known", release, ErrKilled, user(True, Unknown, "Old"), nil, Failed, "release a@b.c: the run was killed while this was being written; whether it took effect is not known yet, since the API did not return the user's flags"},
		{"killed, and one flag of two changed", release, ErrKilled, user(False, True, "Old"), nil, Failed, "release a@b.c: the run was killed while this was being written; the user now has access_seat false, gateway_seat true, which is neither what was there nor what was asked for"},
		{"killed, and a flag that was not known before", halfKnown, ErrKilled, user(True, True, "Old"), nil, Failed, "release a@b.c: the run was killed while this was being written; the user now has access_seat true, gateway_seat true, which is not what was asked for"},
		{"killed, and as before", release, ErrKilled, user(True, True, "Old"), nil, Failed, "release a@b.c: the run was killed while this was being written; reading the user shows that it took no effect, unless a device has enrolled again since"},
		{"in flight, and as before", release, InFlight(gone), user(True, True, "Old"), nil, Failed, "release a@b.c: connection reset by peer; whether it took effect is not known yet: the user has access_seat true, gateway_seat true, and the request may still be in flight"},
		{"in flight, and read as asked for", release, InFlight(ErrKilled), user(False, False, "Old"), nil, Applied, ""},
		{"in flight, and no longer in the account", release, InFlight(ErrKilled), nil, nil, Failed, "release a@b.c: the run was killed while this was being written; the user is no longer in the account"},
		{"renamed as asked for", rename, nil, user(Unknown, Unknown, "New"), nil, Applied, ""},
		{"the response shows the old name", rename, nil, user(True, True, "Old"), nil, NotTaken, "the API reported success but shows another name"},
		{"the response shows a third name", rename, nil, user(True, True, "Third"), nil, Failed, "rename a@b.c: the user now has another name, which is neither what was there nor what was asked for"},
		{"a rename was killed, and the old name is there", rename, ErrKilled, user(True, True, "Old"), nil, Failed, "rename a@b.c: the run was killed while this was being written; reading the user shows that it took no effect, unless somebody has undone it since"},
		{"a rename was killed, and a third name is there", rename, ErrKilled, user(True, True, "Third"), nil, Failed, "rename a@b.c: the run was killed while this was being written; the user now has another name, which is neither what was there nor what was asked for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := JudgeOutcome(3, &test.change, test.cause, test.user, test.readErr)
			want := Outcome{Change: 3, Status: test.status, Error: test.message, Open: strings.Contains(test.message, "not known yet")}
			for _, words := range []string{"no longer in the account", "which is neither", "which is not what", "may have taken effect"} {
				want.Uncertain = want.Uncertain || strings.Contains(test.message, words)
			}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// Whatever was asked and whatever is read: done is said only of what is there, and
// "no effect" only of a user who is known to be as before.
func TestAnOutcomeSaysNoMoreThanWhatIsKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flag := rapid.SampledFrom([]Flag{Unknown, False, True})
		name := rapid.SampledFrom([]string{"", "Old", "New", "Third"})
		uid := rapid.SampledFrom([]string{"seat-1", "seat-1", "seat-2", ""})
		state := func(label string) State {
			return State{AccessSeat: flag.Draw(t, label), GatewaySeat: flag.Draw(t, label), Name: name.Draw(t, label)}
		}
		change := Change{
			Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind"), UserID: "id-1", SeatUID: "seat-1",
			Before: state("before"), After: state("after"),
		}
		if change.IsSeatChange() { // which is held while it would send a flag that nobody knows
			change.After.AccessSeat = FlagOf(rapid.Bool().Draw(t, "access"))
			change.After.GatewaySeat = FlagOf(rapid.Bool().Draw(t, "gateway"))
		}
		now := state("now")
		user := &User{
			ID: rapid.SampledFrom([]string{"id-1", "id-1", "id-2"}).Draw(t, "id"), SeatUID: uid.Draw(t, "seat"),
			AccessSeat: now.AccessSeat, GatewaySeat: now.GatewaySeat, Name: now.Name,
		}
		cause := rapid.SampledFrom([]error{nil, ErrNotInResponse, ErrKilled, errors.New("503"), InFlight(ErrKilled)}).Draw(t, "cause")
		outcome := JudgeOutcome(0, &change, cause, user, nil)

		seatIs := func(s State) bool {
			return user.AccessSeat == s.AccessSeat && user.GatewaySeat == s.GatewaySeat && now.AccessSeat != Unknown && now.GatewaySeat != Unknown
		}
		is := seatIs
		if change.Kind == Rename {
			is = func(s State) bool { return user.Name == s.Name }
		}
		if (outcome.Status == Applied) != (user.ID == "id-1" && is(change.After)) {
			t.Fatalf("%s: %+v of %+v with %+v", outcome.Status, outcome, change, user)
		}
		saysNoEffect := outcome.Status == NotTaken || strings.Contains(outcome.Error, "no effect")
		if saysNoEffect && IsInFlight(cause) {
			t.Fatalf("no effect is said while a request is in flight: %+v", outcome)
		}
		if outcome.Open != strings.Contains(outcome.Error, "not known yet") || outcome.Open && outcome.Status != Failed {
			t.Fatalf("open is not what the error says: %+v", outcome)
		}
		if saysNoEffect && (user.ID != "id-1" || !is(change.Before)) {
			t.Fatalf("no effect is said of what is not as before: %+v of %+v with %+v", outcome, change, user)
		}
	})
}

func TestAnOutcomeWhoseChangeIsLostStaysOpen(t *testing.T) {
	got := JudgeOutcome(3, nil, ErrKilled, nil, ErrNotRead)
	if got.Change != 3 || !got.Open || got.Status != Failed || got.Error != ErrKilled.Error()+"; whether it took effect is not known yet" {
		t.Errorf("%+v", got)
	}
}
