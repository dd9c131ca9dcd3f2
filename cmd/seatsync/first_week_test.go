package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// TestTheFirstWeekEndsWithReleases runs the commands of the page on the days that its headings name, for an account of
// which somebody is idle. It holds that the week ends with their release, also where a limit comes before it, and with
// one history.
func TestTheFirstWeekEndsWithReleases(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ active, idle, code int }{
		"within the limit": {active: 20, idle: 3, code: codePending},
		"beyond the limit": {active: 20, idle: 12, code: codeHeld},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFirstWeek(t, test.active, test.idle)
			w.live(test.code)
			if w.released != test.idle {
				t.Errorf("%d people are idle, and the week ends with %d releases", test.idle, w.released)
			}
			if histories := w.histories(); len(histories) != 1 {
				t.Errorf("there is more than one history: %q", histories)
			}
		})
	}
}

// firstWeek is what somebody lives who follows the page.
type firstWeek struct {
	*pageShell
	later    *atomic.Int64 // how far the clock of the account is ahead of ours
	allowed  string        // the flag that lets everybody through whom a limit holds
	released int
}

func newFirstWeek(t *testing.T, active, idle int) *firstWeek {
	t.Helper()
	people := []sandbox.Record{seatHolder("ceo", time.Now())}
	for i := range active {
		people = append(people, seatHolder(fmt.Sprint("active", i), time.Now()))
	}
	for i := range idle {
		people = append(people, seatHolder(fmt.Sprint("idle", i), time.Now().AddDate(-1, 0, 0)))
	}
	w := &firstWeek{later: new(atomic.Int64)}
	now := func() time.Time { return time.Now().Add(time.Duration(w.later.Load())) }
	w.pageShell = newPageShellOf(t, sandbox.Options{Users: 1, Now: now})
	w.box.Replace(sandbox.MainAccount, people...)
	check(t, os.MkdirAll(w.directory+"/etc/seatsync", 0o700))
	check(t, os.MkdirAll(w.directory+"/var/lib/seatsync", 0o700))
	writeFile(t, w.directory+"/etc/seatsync/token", "token-of-the-daemon\n")
	return w
}

var dayOfHeading = regexp.MustCompile(`^Days? (\d+)`)

// live runs the commands of the page. The days are counted from the first that records a run, which is of the present
// day, for a recorded run takes no other clock.
func (w *firstWeek) live(codeOfTheLimits int) {
	w.t.Helper()
	page, err := os.ReadFile("../../docs/first-week.md")
	check(w.t, err)
	day, first := 0, 0
	for section := range strings.SplitSeq(string(page), "\n## ") {
		if heading := dayOfHeading.FindStringSubmatch(section); heading != nil {
			day, err = strconv.Atoi(heading[1])
			check(w.t, err)
		}
		for _, fenced := range fencedBlock.FindAllStringSubmatch(section, -1) {
			if fenced[3] == "yaml" {
				addToFile(w.t, filepath.Join(w.directory, "desired-state.yaml"), fenced[4])
				continue
			}
			for _, command := range commandsOf(block{text: fenced[4]}) {
				if first == 0 && strings.HasPrefix(command, "seatsync run ") {
					first = day
				}
				if first != 0 {
					w.later.Store(int64(time.Duration(day-first)*24*time.Hour + time.Duration(min(day-first, 1))*time.Hour))
				}
				w.enter(command, codeOfTheLimits)
			}
		}
	}
}

// enter runs one command, where somebody would who follows the text around it.
func (w *firstWeek) enter(command string, codeOfTheLimits int) {
	w.t.Helper()
	now := time.Now().Add(time.Duration(w.later.Load())).Format(time.RFC3339)
	switch {
	case command == "sudo -u seatsync bash": // which leaves the environment behind
		w.env = slices.DeleteFunc(w.env, func(variable string) bool {
			return strings.HasPrefix(variable, "CLOUDFLARE_") && !strings.HasPrefix(variable, "CLOUDFLARE_BASE_URL=")
		})
	case strings.HasPrefix(command, "export "):
		file, err := os.ReadFile(w.directory + "/desired-state.yaml")
		check(w.t, err)
		writeFile(w.t, w.directory+"/etc/seatsync/desired-state.yaml", string(file))
		w.env = append(w.env, strings.Fields(strings.ReplaceAll(command, "=/", "="+w.directory+"/"))[1:]...)
	case command == "seatsync plan --detailed-exitcode":
		code, output := w.run(command + " --now " + now)
		if code != codeOfTheLimits {
			w.t.Errorf("%s: exit code %d, want %d\n%s", command, code, codeOfTheLimits, output)
		}
		if held := regexp.MustCompile(`(?m)^\d+ releases are held by the limit of \d+; --allow-releases (\d+) `).FindStringSubmatch(output); held != nil {
			w.allowed = " --allow-releases " + held[1]
		}
	case command == "seatsync apply":
		code, output := w.run(command + w.allowed + " --now " + now)
		if code != codeOK {
			w.t.Errorf("%s%s: exit code %d\n%s", command, w.allowed, code, output)
		}
		if released := regexp.MustCompile(`released (\d+) seat`).FindStringSubmatch(output); released != nil {
			w.released, _ = strconv.Atoi(released[1])
		}
	default:
		w.want(command)
	}
}

// histories returns the directories with records.
func (w *firstWeek) histories() (found []string) {
	w.t.Helper()
	check(w.t, filepath.WalkDir(w.directory, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && filepath.Base(filepath.Dir(path)) == "runs" {
			found = append(found, filepath.Dir(path))
		}
		return err
	}))
	return slices.Compact(found)
}
