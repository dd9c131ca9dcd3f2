package simulation

import (
	"fmt"
	"strings"
	"time"
)

// Story is everything that happens to one account, as data: a shorter story is a
// story too, and what is left of it happens as before.
type Story struct {
	Seed   uint64
	Days   int
	Setup  Setup
	People []Person
	Events []Event // in the order of time

	// Watch, when not nil, is called once a day, while no run is on its way.
	Watch func(today int)
}

// Setup is how an account is kept: its policy, its API and its machine.
type Setup struct {
	// IsDaemon is true for a process that lives as long as its machine; otherwise
	// one is started for each run.
	IsDaemon bool
	// ReleasesUnlisted, and the thresholds in days, are those of the policy.
	ReleasesUnlisted        bool
	After, NeverAfter       int
	Notice                  int
	Announced               bool
	PerRun, PerRunPercent   int
	PerWeek                 int // 0 for no limit of a week
	Beyond                  string
	PageSize                int  // the most items on a page of the API
	GrantsAreTaken          bool // the API gives seats that are asked for
	BatchSize               int
	RegistrationsAreRefused bool // physical devices have to do
	// HasRoster is true where an export says who works here, and takes seats. Who is not
	// in it does not work here where RosterIsComplete.
	HasRoster, RosterIsComplete bool
	RosterMaxAge                int // in days
	// GroupAfter is after how many days people of the second team are idle: 0 for the
	// policy's, below 0 for never.
	GroupAfter int
	// TellsTeams is true where the roster says in which department people are. Those of sales
	// are idle after SalesAfter days: 0 for the policy's, below 0 for never.
	TellsTeams bool
	SalesAfter int
	// FreesSeats is true for an API that frees the whole seat of whom half is taken.
	FreesSeats bool
	// HasReceivers is true where notifications are sent to a mailbox and a chat.
	HasReceivers bool
}

// Person is somebody with habits.
type Person struct {
	Name, Email string
	// Team is the file that lists them: 1, 2, or 0 for none.
	Team int
	// Uses says what they use.
	Uses Product
	// Every is how many days are between two signs of activity; 0 for none ever.
	Every int
	// First is the day of the first sign; it may be before the story begins.
	First int
	// Last is the day of the last one; 0 for no such day.
	Last int
	// IsLate is true for whom activity falls into the minutes around the daily run.
	IsLate bool
	// Joined is the day on which the account gets to know them, 0 for before.
	Joined int
	// IsProtected is true for people whom the file protects, IsUnclear for those
	// whose last login the API writes in a form that nobody can read.
	IsProtected, IsUnclear bool
	// IsUncounted is true for people of whom the API does not say how many devices they have.
	IsUncounted bool
	// IsAbsent is true for who has no part in a story that was made shorter.
	IsAbsent bool
	// IsAsked is true for people whose entry asks for the Access half of a seat, IsHalved for
	// those whose entry gives the Gateway half away.
	IsAsked, IsHalved bool
	// Department is what the roster says of them, empty for a blank cell. IsUnknown is true
	// for those whom it does not name.
	Department string
	IsUnknown  bool
	// Shares is true for those who also use the machine at the desk.
	Shares bool
}

// Product is what somebody uses.
type Product string

// The products.
const (
	Access Product = "Access"
	WARP   Product = "WARP"
	Both   Product = "Access and WARP"
)

// Event is something that happens once.
type Event struct {
	At   time.Duration // since the story began
	Kind Kind
	Who  int           // the person, where it is about one
	For  time.Duration // how long it lasts, where it does
	N    int           // how many, where it is about a number
	Text string        // a fault of the sandbox
}

// Kind is what kind of thing happens.
type Kind string

// The kinds of events.
const (
	// People.
	Login   Kind = "login"
	Connect Kind = "connect"
	Leave   Kind = "leave"
	Quit    Kind = "quit"
	Marry   Kind = "marry"
	Move    Kind = "move"
	// Administrators and their files.
	Dismiss  Kind = "dismiss"
	End      Kind = "end"
	Exempt   Kind = "exempt"
	Protect  Kind = "protect"
	Freeze   Kind = "freeze"
	Halve    Kind = "halve"
	Ask      Kind = "ask"
	Correct  Kind = "correct-name"
	Drop     Kind = "drop-team"
	Forget   Kind = "forget-include"
	Break    Kind = "break-file"
	Tear     Kind = "tear-file"
	Checkout Kind = "checkout"
	Stale    Kind = "stale-roster"
	Short    Kind = "short-roster"
	// Administrators and the dashboard, and their terminal.
	Click  Kind = "click-release"
	Delete Kind = "click-remove"
	Busy   Kind = "busy-dashboard"
	Apply  Kind = "manual-apply"
	Plan   Kind = "manual-plan"
	Allow  Kind = "allow-releases"
	Saved  Kind = "saved-plan"
	Revert Kind = "revert"
	// The API and the way to it.
	Fault   Kind = "fault"
	Delay   Kind = "delay"
	Reset   Kind = "reset"
	Mute    Kind = "mute"
	Outage  Kind = "outage"
	APITime Kind = "api-clock"
	Restart Kind = "api-restart"
	// The machine.
	Kill      Kind = "kill"
	KillWrite Kind = "kill-before-write"
	KillLater Kind = "kill-after-write"
	Off       Kind = "machine-off"
	Clock     Kind = "machine-clock"
	Disk      Kind = "disk"
	Full      Kind = "disk-full"
	Sleep     Kind = "machine-sleeps"
	Silent    Kind = "receiver-down"
)

// Kinds returns all kinds of events.
func Kinds() []Kind {
	return []Kind{
		Login, Connect, Leave, Quit, Marry, Move,
		Dismiss, End, Exempt, Protect, Freeze, Halve, Ask, Correct, Drop, Forget, Break, Tear, Checkout, Stale, Short,
		Click, Delete, Busy, Apply, Plan, Allow, Saved, Revert,
		Fault, Delay, Reset, Mute, Outage, APITime, Restart,
		Kill, KillWrite, KillLater, Off, Clock, Disk, Full, Sleep, Silent,
	}
}

// isAboutSomebody reports whether the event is about one person.
func (e Event) isAboutSomebody() bool {
	switch e.Kind {
	case Login, Connect, Leave, Quit, Marry, Move, Dismiss, End, Exempt, Protect, Halve, Ask, Correct, Click, Delete:
		return true
	}
	return false
}

// sentence says what happens, for the story that a person reads.
func (e Event) sentence(who string) string {
	lasting := e.For.Round(time.Millisecond).String()
	switch e.Kind {
	case Login:
		return who + " logs in"
	case Connect:
		return who + " connects a device"
	case Leave:
		return fmt.Sprintf("%s goes on leave for %s", who, days(e.For))
	case Quit:
		if e.For > 0 {
			return fmt.Sprintf("%s leaves the company, and is back after %s", who, days(e.For))
		}
		return who + " leaves the company"
	case Marry:
		return who + " gets another name in the account"
	case Move:
		return who + " gets another address in the account"
	case Dismiss:
		return "the file says that " + who + " is to have no seat"
	case End:
		return "the entry of " + who + " gets a last day, today"
	case Exempt:
		return "the file exempts " + who
	case Protect:
		return "the file protects " + who
	case Freeze:
		return fmt.Sprintf("the file freezes applies for %s", days(e.For))
	case Halve:
		return "the file takes the Gateway half of the seat of " + who
	case Ask:
		half := []string{"Access", "Gateway"}[e.N]
		return fmt.Sprintf("the file asks for the %s half of a seat for %s", half, who)
	case Correct:
		return "somebody corrects the name of " + who + " in the dashboard and in the file"
	case Drop:
		return fmt.Sprintf("a wrong merge loses everybody in teams/team-%d.yaml, for %s", e.N, days(e.For))
	case Forget:
		return fmt.Sprintf("the include is forgotten, for %s", days(e.For))
	case Break:
		return fmt.Sprintf("the file is saved with a mistake in it, for %s", days(e.For))
	case Tear:
		return fmt.Sprintf("an editor takes %s to save teams/team-%d.yaml", lasting, e.N)
	case Checkout:
		return fmt.Sprintf("git checkout takes %s", lasting)
	case Stale:
		return fmt.Sprintf("no roster is exported for %s", days(e.For))
	case Short:
		return fmt.Sprintf("the export of the roster ends after %d people, for %s", e.N, days(e.For))
	case Click:
		return "somebody releases " + who + " in the dashboard"
	case Delete:
		return "somebody removes " + who + " in the dashboard"
	case Busy:
		return fmt.Sprintf("others use %d requests of the quota", e.N)
	case Apply:
		return fmt.Sprintf("somebody runs apply and thinks for %s", lasting)
	case Plan:
		return "somebody runs plan"
	case Allow:
		return fmt.Sprintf("somebody runs apply --allow-releases %d", e.N)
	case Saved:
		if e.N > 0 {
			return fmt.Sprintf("somebody saves a plan and applies it %s later, and again as much later", lasting)
		}
		return fmt.Sprintf("somebody saves a plan and applies it %s later", lasting)
	case Revert:
		return "somebody runs apply --revert last"
	case Fault:
		return fmt.Sprintf("the API answers with %s for %s", e.Text, lasting)
	case Delay:
		return fmt.Sprintf("requests that write are on their way for %s, those of the next %s", time.Duration(e.N)*time.Second, lasting)
	case Reset:
		return fmt.Sprintf("connections are reset under requests that write, which land %ds later, for %s", e.N, lasting)
	case Mute:
		return fmt.Sprintf("requests that write take effect and are not answered, for %s", lasting)
	case Outage:
		return fmt.Sprintf("the API cannot be reached for %s", lasting)
	case APITime:
		return fmt.Sprintf("the API's clock is off by %ds for %s", e.N, lasting)
	case Restart:
		return fmt.Sprintf("the API restarts, which breaks all connections and takes %s", lasting)
	case Kill:
		return fmt.Sprintf("the machine dies, and is back after %s", lasting)
	case KillWrite:
		return fmt.Sprintf("the machine dies at the next request that writes, before it leaves, and is back after %s", lasting)
	case KillLater:
		return fmt.Sprintf("the machine dies at the next request that writes, after it landed, and is back after %s", lasting)
	case Off:
		return fmt.Sprintf("the machine is off for %s", lasting)
	case Clock:
		return fmt.Sprintf("the machine's clock is off by %ds for %s", e.N, lasting)
	case Disk:
		return fmt.Sprintf("the state directory cannot be written for %s", lasting)
	case Full:
		return fmt.Sprintf("the disk has room for %d bytes more, for %s", e.N, lasting)
	case Sleep:
		return fmt.Sprintf("the machine sleeps for %s", lasting)
	case Silent:
		return fmt.Sprintf("receiver %d of notifications is down for %s", e.N, days(e.For))
	}
	return string(e.Kind)
}

func days(span time.Duration) string {
	if span%day == 0 {
		return fmt.Sprintf("%d days", span/day)
	}
	return span.Round(time.Second).String()
}

// String is the story as a person reads it.
func (s *Story) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, %d days. %s\n", s.Seed, s.Days, s.Setup)
	for i := range s.People {
		if !s.People[i].IsAbsent {
			fmt.Fprintf(&b, "  %s\n", &s.People[i])
		}
	}
	for _, event := range s.Events {
		who := "nobody"
		if event.Who < len(s.People) {
			who = s.People[event.Who].Name
		}
		fmt.Fprintf(&b, "  %s  %s\n", stamp(event.At), event.sentence(who))
	}
	return b.String()
}

// stamp writes a time of the story.
func stamp(at time.Duration) string {
	return "day " + fmt.Sprintf("%3d ", at/day) + time.Time{}.Add(at%day).Format("15:04:05.000")
}

// String says how the account is kept.
func (s Setup) String() string {
	text := "A process for each run"
	if s.IsDaemon {
		text = "A daemon"
	}
	text += fmt.Sprintf("; idle after %dd, never active after %dd", s.After, s.NeverAfter)
	if s.Announced {
		text += fmt.Sprintf(", announced %dd before", s.Notice)
	}
	if s.ReleasesUnlisted {
		text += "; the unlisted are released"
	}
	if s.PerRun > 0 {
		text += fmt.Sprintf("; at most %d a run", s.PerRun)
	}
	if s.PerRunPercent > 0 {
		text += fmt.Sprintf("; at most %d%% a run", s.PerRunPercent)
	}
	if s.PerWeek > 0 {
		text += fmt.Sprintf("; at most %d a week", s.PerWeek)
	}
	if s.Beyond != "" {
		text += ", beyond: " + s.Beyond
	}
	text += fmt.Sprintf("; %d on a page", s.PageSize)
	if s.RegistrationsAreRefused {
		text += "; registrations are refused"
	}
	if s.HasRoster {
		text += fmt.Sprintf("; a roster says who is gone, complete: %t, max_age: %dd", s.RosterIsComplete, s.RosterMaxAge)
	}
	switch {
	case s.GroupAfter > 0:
		text += fmt.Sprintf("; team 2 is idle after %dd", s.GroupAfter)
	case s.GroupAfter < 0:
		text += "; team 2 is never idle"
	}
	if s.TellsTeams {
		text += "; it says who is in which department"
	}
	switch {
	case s.SalesAfter > 0:
		text += fmt.Sprintf("; sales are idle after %dd", s.SalesAfter)
	case s.SalesAfter < 0:
		text += "; sales are never idle"
	}
	if s.FreesSeats {
		text += "; the API frees the whole seat where half is taken"
	}
	if s.HasReceivers {
		text += "; notifications are sent"
	}
	return text + "."
}

// String says who somebody is.
func (p *Person) String() string {
	text := fmt.Sprintf("%s uses %s", p.Name, p.Uses)
	switch {
	case p.Every == 0:
		text += ", and never does"
	case p.Every == 1:
		text += " every day"
	default:
		text += fmt.Sprintf(" every %d days", p.Every)
	}
	if p.Every > 0 {
		text += fmt.Sprintf(" from day %d", p.First)
	}
	if p.Last != 0 {
		text += fmt.Sprintf(" to day %d", p.Last)
	}
	if p.IsLate {
		text += ", about when the run is due"
	}
	if p.Joined > 0 {
		text += fmt.Sprintf(", joins on day %d", p.Joined)
	}
	if p.Shares {
		text += ", at the shared desk"
	}
	if p.Team == 0 {
		text += ", is in no file"
	} else {
		text += fmt.Sprintf(", is in teams/team-%d.yaml", p.Team)
	}
	if p.IsAsked {
		text += ", is to have the Access half"
	}
	if p.IsHalved {
		text += ", is to lose the Gateway half"
	}
	switch {
	case p.IsUnknown:
		text += ", is not in the roster"
	case p.Department != "":
		text += ", is in " + p.Department
	}
	if p.IsProtected {
		text += ", is protected"
	}
	if p.IsUncounted {
		text += ", whose devices the API does not count"
	}
	if p.IsUnclear {
		text += ", has a last login that nobody can read"
	}
	return text
}
