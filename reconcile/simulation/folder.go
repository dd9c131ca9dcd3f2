package simulation

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/simulation/judge"
)

// folder is the desired state as administrators keep it: a root file and a file for
// each team, written from what they mean.
type folder struct {
	path  string
	setup Setup
	begin time.Time

	entries map[string]*entry // by address
	frozen  []judge.Span
	shields map[string]bool // addresses that are protected
	// What is wrong with the files for the time being.
	dropped     map[int]bool // teams
	isForgotten bool
	isBroken    bool

	// What HR knows and exports of all staff, by address.
	staff    map[string]*employee
	exported time.Time
	isStale  bool
	isShort  bool
	shortest int // how many people an export has that is short
}

// entry is what an administrator means by an entry of a file.
type entry struct {
	team int
	judge.Entry
}

// employee is what HR knows of somebody.
type employee struct {
	isGone     bool
	department string
}

const teams = 2

func newFolder(path string, story *Story, begin time.Time) *folder {
	f := &folder{
		path: path, setup: story.Setup, begin: begin,
		entries: make(map[string]*entry), shields: make(map[string]bool), dropped: make(map[int]bool),
		staff: make(map[string]*employee), exported: begin,
	}
	for i := range story.People {
		p := &story.People[i]
		if p.IsAbsent {
			continue
		}
		if !p.IsUnknown {
			f.staff[p.Email] = &employee{department: p.Department}
		}
		if p.Team > 0 {
			f.entries[p.Email] = &entry{team: p.Team, Entry: judge.Entry{Name: p.Name}}
			f.entries[p.Email].wants(p.IsAsked, p.IsHalved)
		}
		if p.IsProtected {
			f.shields[p.Email] = true
		}
	}
	return f
}

// stand takes out of the files what would keep the account from becoming what they ask
// for: mistakes, freezes and limits.
func (f *folder) stand(now time.Time) {
	f.isBroken, f.isForgotten, f.frozen = false, false, nil
	f.isStale, f.isShort, f.exported = false, false, now
	clear(f.dropped)
	f.setup.PerRun, f.setup.PerRunPercent, f.setup.PerWeek, f.setup.Beyond = 0, 100, 0, ""
	f.setup.Announced = false
}

// wants writes down what an entry asks for.
func (e *entry) wants(access, noGateway bool) {
	yes, no := true, false
	if access {
		e.Access = &yes
	}
	if noGateway {
		e.Gateway = &no
	}
}

// root is the path of the root file.
func (f *folder) root() string { return filepath.Join(f.path, "desired-state.yaml") }

func teamFile(team int) string { return fmt.Sprintf("teams/team-%d.yaml", team) }

// write writes all files, and returns what they say: nil for nothing that makes sense.
func (f *folder) write(now time.Time) *judge.File {
	f.save("desired-state.yaml", f.rootText(), now)
	for team := 1; team <= teams; team++ {
		f.save(teamFile(team), f.teamText(team), now)
	}
	if f.setup.HasRoster {
		f.save("people.csv", f.rosterText(), now)
	}
	return f.meaning()
}

// save writes a file as an editor does that writes it anew and renames it. The
// content does not change its time where it does not change.
func (f *folder) save(name, text string, now time.Time) {
	path := filepath.Join(f.path, filepath.FromSlash(name))
	if before, err := os.ReadFile(path); err == nil && string(before) == text {
		return
	}
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	must(os.WriteFile(path+"~", []byte(text), 0o644))
	must(os.Chtimes(path+"~", now, now))
	must(os.Rename(path+"~", path))
}

func (f *folder) remove(name string) {
	must(os.Remove(filepath.Join(f.path, filepath.FromSlash(name))))
}

// must stops a simulation whose own machine fails.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (f *folder) rootText() string {
	var b strings.Builder
	line := func(format string, arguments ...any) { fmt.Fprintf(&b, format+"\n", arguments...) }
	line("version: 1\naccount: %s", sandbox.MainAccount)
	if !f.isForgotten {
		line("include: [teams/*.yaml]")
	}
	if f.setup.HasRoster {
		group := ""
		if f.setup.TellsTeams {
			group = ", group: Department"
		}
		line("roster: {file: people.csv, email: Login, status: Status, active: [ACTIVE]%s, complete: %t, as_of: Exported, max_age: %dd}",
			group, f.setup.RosterIsComplete, f.setup.RosterMaxAge)
	}
	line("license: {purchased: 50, price: 7.00, currency: USD}")
	line("policy:")
	line("  unlisted: %s", map[bool]string{true: "release", false: "keep"}[f.setup.ReleasesUnlisted])
	line("  inactive: {after: %dd, never_after: %dd, notice: %dd, announced: %t}",
		f.setup.After, f.setup.NeverAfter, f.setup.Notice, f.setup.Announced)
	if f.setup.HasRoster {
		line("  departed: release")
	}
	if f.setup.SalesAfter != 0 || f.setup.GroupAfter != 0 {
		line("  groups:")
	}
	group := func(name, whose string, after int) {
		switch {
		case after > 0:
			line("    - {name: %s, %s, inactive: {after: %dd}}", name, whose, after)
		case after < 0:
			line("    - {name: %s, %s, inactive: never}", name, whose)
		}
	}
	group("sales", "roster: [Sales]", f.setup.SalesAfter)
	group("field", "files: ["+teamFile(2)+"]", f.setup.GroupAfter)
	if protected := slices.Sorted(maps.Keys(f.shields)); len(protected) > 0 {
		line("  protected: [%s]", strings.Join(protected, ", "))
	}
	line("  limits: %s", f.limitsText())
	if len(f.frozen) > 0 {
		line("  freeze:")
		for _, span := range f.frozen {
			line("    - {from: %s, until: %s, reason: quiet days}", span.From.Format(time.DateOnly), span.To.Add(-day).Format(time.DateOnly))
		}
	}
	line("schedule:\n  - {cron: \"0 6 * * *\", mode: apply}\n  - {cron: \"0 18 * * 2\", mode: dry-run}")
	line("users: []")
	if f.isBroken {
		line("  - email: [")
	}
	return b.String()
}

func (f *folder) limitsText() string {
	var limits []string
	var perRun []string
	if f.setup.PerRun > 0 {
		perRun = append(perRun, fmt.Sprint(f.setup.PerRun))
	}
	if f.setup.PerRunPercent > 0 {
		perRun = append(perRun, fmt.Sprintf("%d%%", f.setup.PerRunPercent))
	}
	if len(perRun) > 0 {
		limits = append(limits, "releases: ["+strings.Join(perRun, ", ")+"]")
	}
	if f.setup.PerWeek > 0 {
		limits = append(limits, fmt.Sprintf("releases_per: {7d: %d}", f.setup.PerWeek))
	}
	if f.setup.Beyond != "" {
		limits = append(limits, "beyond: "+f.setup.Beyond)
	}
	return "{" + strings.Join(append(limits, "returned: 100%"), ", ") + "}"
}

func (f *folder) teamText(team int) string {
	lines := []string{"users:"}
	for _, email := range slices.Sorted(maps.Keys(f.entries)) {
		if e := f.entries[email]; e.team == team && !f.dropped[team] {
			lines = append(lines, e.text(email))
		}
	}
	if len(lines) == 1 {
		lines[0] = "users: []"
	}
	return strings.Join(lines, "\n") + "\n"
}

// rosterText is the export of HR.
func (f *folder) rosterText() string {
	var b strings.Builder
	b.WriteString("Login,Status,Department,Exported\n")
	for _, email := range f.named() {
		status := "ACTIVE"
		if f.staff[email].isGone {
			status = "GONE"
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s\n", email, status, f.staff[email].department, f.exported.Format(time.DateOnly))
	}
	return b.String()
}

// named are the addresses in the export of HR.
func (f *folder) named() []string {
	emails := slices.Sorted(maps.Keys(f.staff))
	if f.isShort {
		emails = emails[:min(f.shortest, len(emails))]
	}
	return emails
}

// roster is what the export means, nil for none.
func (f *folder) roster() *judge.Roster {
	if !f.setup.HasRoster {
		return nil
	}
	r := &judge.Roster{
		Works: make(map[string]bool), Departments: make(map[string]string), IsComplete: f.setup.RosterIsComplete, Exported: f.exported.Truncate(day),
		MaxAge: time.Duration(f.setup.RosterMaxAge) * day,
	}
	for _, email := range f.named() {
		r.Works[email] = !f.staff[email].isGone
		r.Departments[email] = f.staff[email].department
	}
	return r
}

// text is the entry as a line of YAML.
func (e *entry) text(email string) string {
	text := fmt.Sprintf("  - {email: %s, name: %s", email, e.Name)
	if e.Access != nil {
		text += fmt.Sprintf(", access_seat: %t", *e.Access)
	}
	if e.Gateway != nil {
		text += fmt.Sprintf(", gateway_seat: %t", *e.Gateway)
	}
	if !e.Ends.IsZero() {
		text += ", until: " + e.Ends.Add(-day).Format(time.DateOnly)
	}
	if !e.ExemptUntil.IsZero() {
		text += fmt.Sprintf(", exempt: {from: inactive, until: %s, owner: hr@example.com, reason: leave}", e.ExemptUntil.Add(-day).Format(time.DateOnly))
	}
	return text + "}"
}

// meaning is what the files say.
func (f *folder) meaning() *judge.File {
	if f.isBroken || f.isForgotten && f.setup.GroupAfter != 0 { // a group names a file that is not included
		return nil
	}
	file := &judge.File{
		Roster: f.roster(),
		Listed: make(map[string]judge.Entry), ReleasesUnlisted: f.setup.ReleasesUnlisted,
		After: time.Duration(f.setup.After) * day, NeverAfter: time.Duration(f.setup.NeverAfter) * day,
		Protected: maps.Clone(f.shields), Frozen: slices.Clone(f.frozen),
		SalesAfter: time.Duration(f.setup.SalesAfter) * day,
		PerRun:     f.setup.PerRun, PerRunPercent: f.setup.PerRunPercent, Windows: make(map[int]int),
	}
	if f.setup.Announced {
		file.Notice = time.Duration(f.setup.Notice) * day
	}
	if f.setup.PerWeek > 0 {
		file.Windows[7] = f.setup.PerWeek
	}
	for email, e := range f.entries {
		if !f.isForgotten && !f.dropped[e.team] {
			listed := e.Entry
			if e.team == 2 {
				listed.IdleAfter = time.Duration(f.setup.GroupAfter) * day
			}
			file.Listed[email] = listed
		}
	}
	if len(file.Listed) == 0 {
		file.ReleasesUnlisted = false // which is refused
	}
	return file
}

// employee is what HR knows of somebody, under the address of the story or the one after it;
// nil for nothing.
func (f *folder) employee(email string) *employee {
	if of := f.staff[email]; of != nil {
		return of
	}
	return f.staff[strings.Replace(email, "@", ".new@", 1)]
}

// rename gives somebody another address, which HR knows at once.
func (f *folder) rename(email, address string) {
	if of := f.staff[email]; of != nil {
		delete(f.staff, email)
		f.staff[address] = of
	}
}
