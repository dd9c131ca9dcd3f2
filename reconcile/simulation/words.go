package simulation

import (
	"fmt"
	"strings"
	"time"
)

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
	text += idle("team 2 is", s.GroupAfter)
	if s.TellsTeams {
		text += "; it says who is in which department"
	}
	text += idle("sales are", s.SalesAfter)
	if s.FreesSeats {
		text += "; the API frees the whole seat where half is taken"
	}
	if s.HasReceivers {
		text += "; notifications are sent"
	}
	return text + "."
}

// idle says after how many days a group is idle: 0 is no group, below 0 never.
func idle(whose string, after int) string {
	switch {
	case after > 0:
		return fmt.Sprintf("; %s idle after %dd", whose, after)
	case after < 0:
		return "; " + whose + " never idle"
	}
	return ""
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
