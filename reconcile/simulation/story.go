package simulation

import "time"

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
