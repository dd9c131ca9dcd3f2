package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Imagine makes a story of a seed. What it tells is likelier than in life to fall
// into the minutes in which a run reads, waits and writes.
func Imagine(seed uint64) *Story {
	i := &imagination{Rand: rand.New(rand.NewPCG(seed, 0x5ea75))}
	i.story = &Story{Seed: seed, Days: 40 + i.IntN(60)}
	i.setUp()
	i.people()
	for range 8 + i.IntN(40) {
		i.event()
	}
	for range 1 + i.IntN(3) {
		i.scene()
	}
	i.more()
	slices.SortStableFunc(i.story.Events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return i.story
}

// imagination draws a story.
type imagination struct {
	*rand.Rand
	story *Story
	// critical are the days on which somebody works at the last moment.
	critical []int
}

// oneIn is true once in so many times.
func (i *imagination) oneIn(n int) bool { return i.IntN(n) == 0 }

// span draws a duration.
func (i *imagination) span(low, high time.Duration) time.Duration {
	return low + time.Duration(i.Int64N(int64(high-low)))
}

func (i *imagination) setUp() {
	s := &i.story.Setup
	s.IsDaemon = i.oneIn(8)
	s.ReleasesUnlisted = i.oneIn(2)
	s.After = 5 + i.IntN(20)
	s.NeverAfter = 3 + i.IntN(10)
	s.Notice = 1 + i.IntN(3)
	s.Announced = i.oneIn(4)
	switch i.IntN(5) {
	case 0:
		s.PerRun = 1 + i.IntN(3)
	case 1:
		s.PerRunPercent = 10 + i.IntN(50)
	case 2, 3:
		s.PerRunPercent = 100
	}
	if i.oneIn(4) {
		s.PerWeek = 1 + i.IntN(4)
	}
	if i.oneIn(2) {
		s.Beyond = "longest-idle"
	}
	s.PageSize = []int{3, 5, 1000, 1000}[i.IntN(4)]
	s.GrantsAreTaken = i.oneIn(3)
	s.BatchSize = []int{1, 2, 100}[i.IntN(3)]
	s.RegistrationsAreRefused = i.oneIn(8)
	s.HasRoster, s.RosterIsComplete, s.RosterMaxAge = i.oneIn(5), i.oneIn(2), 2+i.IntN(3)
	switch i.IntN(6) {
	case 0:
		s.GroupAfter = s.After + 1 + i.IntN(10)
	case 1:
		s.GroupAfter = -1
	}
	s.HasReceivers = i.oneIn(4) && (!s.IsDaemon || i.oneIn(16)) // a daemon looks every minute whether something waits
}

func (i *imagination) people() {
	names := []string{
		"Ada", "Ben", "Cem", "Dag", "Eva", "Fay", "Gus", "Hal", "Ivo", "Jan", "Kim", "Lea", "Max", "Nia", "Ole", "Pia", "Quy", "Rio", "Sam", "Tua",
	}
	after, isUncounted := i.story.Setup.After, i.oneIn(3)
	size := 4 + i.IntN(11)
	if i.oneIn(40) {
		size = 30 + i.IntN(21)
	}
	for n := range size {
		name := names[n%len(names)]
		if n >= len(names) {
			name += fmt.Sprint(n / len(names))
		}
		p := Person{Name: name, Email: fmt.Sprintf("%s@example.com", lower(name)), Team: 1 + i.IntN(teams)}
		p.Uses = []Product{Access, Access, WARP, Both}[i.IntN(4)]
		p.Every, p.First = 1+i.IntN(3), 0
		switch i.IntN(8) {
		case 0: // goes idle some day
			p.Last = 1 + i.IntN(i.story.Days)
		case 1, 2: // comes back at the last moment, when a run is due
			p.Every, p.IsLate = after, true
			p.First = i.IntN(after)
		case 3: // comes back a little too late
			p.Every, p.IsLate = after+1+i.IntN(3), i.oneIn(2)
			p.First = i.IntN(after)
		case 4: // never comes
			p.Every = 0
		}
		if i.oneIn(10) {
			p.Joined = 1 + i.IntN(i.story.Days-2)
			p.First = max(p.First, p.Joined)
		}
		p.Shares = p.Uses != Access && i.oneIn(2)
		p.IsUncounted = isUncounted || i.oneIn(8)
		p.IsProtected = i.oneIn(8)
		p.IsUnclear = p.Uses == Access && i.oneIn(15)
		if i.oneIn(6) {
			p.Team = 0
		}
		i.story.People = append(i.story.People, p)
		for today := p.First; p.IsLate && today < i.story.Days; today += p.Every {
			i.critical = append(i.critical, today)
		}
	}
}

func lower(name string) string { return string(name[0]|0x20) + name[1:] }

// scene draws what a guard is for: something that lasts while a run is on its way, which
// by chance alone would meet one too seldom.
func (i *imagination) scene() {
	at := time.Duration(1+i.IntN(i.story.Days-1)) * day
	if len(i.critical) > 0 {
		at = time.Duration(i.critical[i.IntN(len(i.critical))]) * day
	}
	e := Event{At: at + runAt - i.span(0, time.Second), Who: i.IntN(len(i.story.People))}
	switch i.IntN(6) {
	case 0: // a run that waits before it writes
		e.Kind, e.For = Fault, time.Duration(1+i.IntN(4))*time.Minute
		e.Text = fmt.Sprintf("PATCH:429(retry-after=%d):once", 61+i.IntN(100))
	case 1: // a run that is suspended
		e.Kind, e.At, e.For = Sleep, at+runAt+i.span(0, time.Second), i.span(time.Minute, 4*time.Minute)
	case 2: // a run that reads a part of the registrations
		e.Kind, e.For = Fault, i.span(time.Second, time.Minute)
		e.Text = []string{"registrations:short-page(drop=2):always", "registrations:lost-page:always", "registrations:short-page:times=2"}[i.IntN(3)]
	case 3: // a run that reads files while git writes them
		e.Kind, e.For = Checkout, i.span(time.Second, 4*time.Second)
	case 4: // a run beside another one
		e.Kind, e.At, e.For = Apply, at+runAt+i.span(-500*time.Millisecond, 500*time.Millisecond), i.span(time.Millisecond, time.Second)
	case 5: // somebody comes back before it is too late
		e.Kind, e.At = Login, at+runAt+i.span(-time.Minute, 2*time.Second)
	}
	i.story.Events = append(i.story.Events, e)
}

// moreOf is where the numbers of more come from. It is chosen so that more leaves the earlier
// stories alone that the track record in docs/reliability.md names.
const moreOf = 464699

// more draws, from numbers of its own, what stories had nothing of for a long time: half of
// them still have nothing, and so tell what they told then.
func (i *imagination) more() {
	i.Rand = rand.New(rand.NewPCG(i.story.Seed, moreOf))
	if i.oneIn(2) {
		return
	}
	s := &i.story.Setup
	s.FreesSeats = i.oneIn(2)
	s.GrantsAreTaken = i.oneIn(2)
	if i.oneIn(2) {
		s.HasRoster, s.TellsTeams = true, true
		s.SalesAfter = []int{-1, s.After + 1 + i.IntN(10)}[i.IntN(2)]
	}
	isHalved := i.oneIn(3)
	for n := range i.story.People {
		p := &i.story.People[n]
		p.IsAsked = p.Team > 0 && i.oneIn(4)
		p.IsHalved = isHalved && p.Team > 0 && p.Uses == Both && i.oneIn(2)
		p.Department = []string{"", "Sales", "Operations"}[i.IntN(3)]
		p.IsUnknown = i.oneIn(6)
	}
	for range i.IntN(5) {
		i.moreScene()
	}
}

// moreScene draws what the guards are for that the other scenes do not meet.
func (i *imagination) moreScene() {
	today := time.Duration(1+i.IntN(i.story.Days-1)) * day
	who := i.IntN(len(i.story.People))
	happens := func(at time.Duration, kind Kind, lasting time.Duration, n int, text string) {
		i.story.Events = append(i.story.Events, Event{At: today + at, Kind: kind, Who: who, For: lasting, N: n, Text: text})
	}
	switch i.IntN(5) {
	case 0: // half of the seats of several people, in one run
		for n := range i.story.People {
			if who = n; i.story.People[n].Uses == Both && !i.oneIn(4) {
				happens(runAt-i.span(time.Minute, time.Hour), Halve, 0, 0, "")
			}
		}
		if i.oneIn(2) { // by requests that land once nobody waits for them
			happens(runAt-i.span(0, time.Second), Reset, 5*time.Minute, 20+i.IntN(30), "")
		}
	case 1: // a name that is corrected while its correction by the file waits
		happens(runAt-i.span(time.Minute, time.Hour), Marry, 0, 0, "")
		happens(runAt-i.span(0, time.Second), Fault, time.Minute, 0, fmt.Sprintf("PUT:429(retry-after=%d):once", 90+i.IntN(100)))
		happens(runAt+i.span(time.Second, 20*time.Second), Correct, 0, 0, "")
	case 2: // a seat that is asked for, used, and taken back
		half, use := 0, Login
		for n := range i.story.People { // of somebody who has the other half
			if p := &i.story.People[n]; p.Team > 0 && p.Uses != Both && i.oneIn(2) {
				who = n
			}
		}
		if i.story.People[who].Uses == Access {
			half, use = 1, Connect
		}
		happens(runAt-i.span(time.Minute, time.Hour), Ask, 0, half, "")
		if i.oneIn(2) {
			happens(runAt+i.span(time.Hour, 3*time.Hour), use, 0, 0, "")
		}
		happens(runAt+i.span(3*time.Hour, 5*time.Hour), Revert, 0, 0, "")
	case 3: // a freeze that begins while somebody thinks
		happens(day/2, Freeze, time.Duration(1+i.IntN(3))*day, 0, "")
		happens(day-i.span(time.Minute, 20*time.Minute), Dismiss, 0, 0, "")
		happens(day-i.span(10*time.Second, time.Minute), Apply, i.span(time.Minute, 4*time.Minute), 0, "")
	case 4: // a saved plan that is applied twice
		happens(runAt+i.span(time.Hour, 10*time.Hour), Saved, i.span(time.Minute, 10*time.Hour), 1, "")
	}
}

// event draws something that happens, and often something else that goes with it.
func (i *imagination) event() {
	at := i.moment()
	i.add(at)
	for i.oneIn(2) { // troubles come together
		i.add(at - at%day + i.aroundRun())
	}
}

// moment draws when something happens: at any time, or while a run is on its way, most
// often one that is about to release somebody who comes back.
func (i *imagination) moment() time.Duration {
	today := time.Duration(i.IntN(i.story.Days-1)) * day
	switch {
	case i.oneIn(6):
		return today + i.span(0, day)
	case len(i.critical) > 0 && !i.oneIn(3):
		today = time.Duration(i.critical[i.IntN(len(i.critical))]) * day
	}
	return today + i.aroundRun()
}

// aroundRun draws a time of day shortly before or after a run is due.
func (i *imagination) aroundRun() time.Duration {
	switch i.IntN(4) {
	case 0:
		return runAt + i.span(-time.Minute, 5*time.Minute)
	case 1:
		return runAt + i.span(0, 2*time.Second)
	}
	return runAt - i.span(0, 2*time.Second)
}

// add draws what happens at a time, and adds it. What makes a run wait, or meets one that
// does, comes more often.
func (i *imagination) add(at time.Duration) {
	kinds := slices.DeleteFunc(Kinds(), func(kind Kind) bool { return kind == Ask || kind == Correct }) // see more
	kinds = append(kinds, Fault, Fault, Fault, Apply, Checkout, Checkout, Delay)
	e := Event{At: at, Kind: kinds[i.IntN(len(kinds))], Who: i.IntN(len(i.story.People))}
	switch e.Kind {
	case Leave, Freeze, Stale:
		e.For = time.Duration(1+i.IntN(10)) * day
	case Quit:
		if i.oneIn(2) {
			e.For = time.Duration(1+i.IntN(30)) * day
		}
	case Short:
		e.N = i.IntN(3)
		e.For = i.span(time.Hour, 50*time.Hour)
	case Silent:
		e.N = i.IntN(receivers)
		e.For = i.span(time.Minute, 50*time.Hour)
	case Full:
		e.N = i.IntN(30000)
		e.For = i.span(time.Second, 30*time.Hour)
	case Sleep:
		e.For = i.span(time.Second, 10*time.Minute)
		if i.oneIn(3) {
			e.For = i.span(10*time.Minute, 10*time.Hour)
		}
	case Restart:
		e.For = i.span(time.Millisecond, 2*time.Minute)
	case Exempt:
		e.N = 1 + i.IntN(30)
	case Drop, Forget, Break:
		e.For = i.span(time.Hour, 30*time.Hour)
		e.N = 1 + i.IntN(teams)
	case Tear:
		e.For = i.span(time.Millisecond, 30*time.Millisecond)
		e.N = 1 + i.IntN(teams)
	case Checkout:
		e.For = i.span(100*time.Millisecond, 3*time.Second)
	case Busy:
		e.N = 200 + i.IntN(1000)
	case Apply:
		e.For = i.span(time.Millisecond, 5*time.Minute)
	case Allow:
		e.N = 1 + i.IntN(5)
	case Saved:
		e.For = i.span(time.Minute, 30*time.Hour)
	case Fault:
		e.Text = i.fault()
		e.For = i.span(time.Second, 20*time.Minute)
	case Delay:
		e.N = 31 + i.IntN(55)
		e.For = i.span(time.Second, 10*time.Minute)
	case Reset:
		e.N = 1 + i.IntN(55)
		e.For = i.span(time.Second, 10*time.Minute)
	case Mute, Outage:
		e.For = i.span(time.Second, 10*time.Minute)
	case APITime, Clock:
		e.N = i.IntN(2*int(mostClockOff/time.Second)) - int(mostClockOff/time.Second)
		e.For = i.span(time.Minute, day)
	case Kill, KillWrite, KillLater:
		e.For = i.span(time.Second, 10*time.Minute)
	case Off:
		e.For = i.span(time.Minute, 2*day)
	case Disk:
		e.For = i.span(time.Second, day)
	}
	i.story.Events = append(i.story.Events, e)
}

// fault draws something that the sandbox does wrong.
func (i *imagination) fault() string {
	when := []string{"once", "times=2", "times=3", "always"}[i.IntN(4)]
	faults := []string{
		"PATCH:429(retry-after=100)", "PATCH:429(retry-after=20)", "PATCH:503", "PATCH:502", "PATCH:hang", "PATCH:slow(delay=25s)",
		"PATCH:truncated", "PATCH:cut-body", "PATCH:failure", "PATCH:not-taken", "PATCH:wrong-types", "seats:short-page(drop=1)",
		"users:429(retry-after=90)", "users:503", "users:slow(delay=20s)", "users:hang", "users:short-page(drop=1)", "users:doubled-page",
		"users:wrong-total(by=-1)", "users:missing-total", "users:missing-info", "users:truncated", "users:wrong-types",
		"registrations:429(retry-after=90)", "registrations:503", "registrations:short-page(drop=1)", "registrations:lost-page",
		"registrations:doubled-page", "registrations:same-cursor", "registrations:missing-info", "registrations:wrong-total(by=-1)",
		"registrations:slow(delay=20s)", "PUT:503", "PUT:429(retry-after=50)", "PUT:hang", "PUT:wrong-types",
		"users:skewed-date(offset=20m)", "users:missing-date", "PATCH:500", "PATCH:520",
	}
	return faults[i.IntN(len(faults))] + ":" + when
}
