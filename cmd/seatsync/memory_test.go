//go:build linux && !race

// The race detector takes several times the memory: make unit runs these tests by themselves.

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// enoughMemory is what docs/operations.md promises to be enough for up to 100,000 users, whatever comes.
const enoughMemory = 512 << 20

// watchMemory looks at what a process holds, and returns a function that fails the test when that was more than is
// promised. What wait4 says of a process includes what its parent held before exec.
func watchMemory(t *testing.T, p *process) func() {
	t.Helper()
	highWater := regexp.MustCompile(`VmHWM:\s*([0-9]+) kB`)
	var taken int
	ended := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)) // it may have ended
			if found := highWater.FindSubmatch(status); found != nil {
				taken, _ = strconv.Atoi(string(found[1]))
			}
			select {
			case <-ended:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() {
		t.Helper()
		close(ended)
		<-watching
		wantLittleMemory(t, taken<<10)
	}
}

func wantLittleMemory(t *testing.T, taken int) {
	t.Helper()
	t.Logf("%d MiB at most", taken>>20)
	if taken == 0 {
		t.Error("nobody knows what the process took")
	}
	if taken > enoughMemory {
		t.Errorf("the process took %d MiB, want at most %d", taken>>20, enoughMemory>>20)
	}
}

// newCrowd sets up an account of many people, each idle for so many days, of whom the file releases the idle.
func newCrowd(t *testing.T, people int, idleDays func(i int) float64) *rig {
	t.Helper()
	r := newRig(t, nil, func(o *sandbox.Options) { o.MaxPerPage = 1000 })
	records := make([]sandbox.Record, people)
	for i := range records {
		records[i] = sandbox.Record{
			ID: sandbox.Value(fmt.Sprintf("00000000-0000-4000-8000-%012d", i)), SeatUID: sandbox.Value(fmt.Sprintf("5ea70000-0000-4000-8000-%012d", i)),
			Email: sandbox.Value(fmt.Sprintf("person-%d@example.com", i)), Name: sandbox.Value("A Name of Some Length"),
			AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(false),
			CreatedAt: sandbox.At(daysBack(600)), LastSuccessfulLogin: sandbox.At(daysBack(idleDays(i))),
		}
	}
	r.box.Replace(sandbox.MainAccount, records...)
	check(t, os.WriteFile(r.path("desired-state.yaml"), []byte("version: 1\npolicy: {inactive: {after: 90d}, limits: {releases: 100%}}\n"), 0o600))
	return r
}

func TestAPlanOfAHundredThousandUsersTakesLittleMemory(t *testing.T) {
	r := newCrowd(t, 100_000, func(i int) float64 { return float64(i % 400) })
	p := r.start(t.Context(), "plan", "--format", "json", "--out", r.path("plan.json"))
	wantLittle := watchMemory(t, p)
	if code := r.wait(p); code != codeOK {
		t.Errorf("exit code %d: %s", code, p.stderr.String())
	}
	wantLittle()
}

// rosterFile reads a roster beside the crowd's rule.
const rosterFile = "version: 1\nroster: {file: people.csv, email: Login, status: Status, active: [ACTIVE], group: Department, complete: true}\n" +
	"policy: {inactive: {after: 90d}, departed: release, limits: {releases: 100%}, groups: [{name: sales, roster: [Sales], inactive: never}]}\n"

func TestARosterOfAHundredThousandRowsTakesLittleMemory(t *testing.T) {
	r := newCrowd(t, 100_000, func(i int) float64 { return float64(i % 400) })
	var rows strings.Builder
	rows.WriteString("Login,Status,Department,Name\n")
	for i := range 100_000 {
		fmt.Fprintf(&rows, "Person-%d@Example.com,%s,%s,A Name of Some Length\n", i, []string{"ACTIVE", "LEFT"}[i%10/9], []string{"Sales", "Research"}[i%2])
	}
	check(t, os.WriteFile(r.path("people.csv"), []byte(rows.String()), 0o600))
	check(t, os.WriteFile(r.path("desired-state.yaml"), []byte(rosterFile), 0o600))
	p := r.start(t.Context(), "plan", "--format", "json", "--out", r.path("plan.json"))
	wantLittle := watchMemory(t, p)
	if code := r.wait(p); code != codeOK || !strings.Contains(p.stdout.String(), `"reason": "departed"`) {
		t.Errorf("exit code %d: %s", code, p.stderr.String())
	}
	wantLittle()
}

func TestAHostileRosterTakesLittleMemory(t *testing.T) {
	const header = "Login,Status,Department\n"
	for _, test := range []struct{ name, text string }{
		{"a cell of 60 MiB", header + "a@example.com," + strings.Repeat("x", 60<<20) + ",Sales\n"},
		{"a quotation mark that is never closed", header + `"` + strings.Repeat("a@example.com,ACTIVE,Sales\n", 2<<20)},
		{"cells without end", header + strings.Repeat(",", 60<<20)},
		{"columns without end", strings.Repeat("Login,", 10<<20) + "\n"},
		{"bad rows without end", header + strings.Repeat("x\n", 30<<20)},
		{"addresses that are none, without end", header + strings.Repeat("x,ACTIVE,Sales\n", 3<<20)},
		{"one person, again and again", header + strings.Repeat("a@example.com,ACTIVE,Sales\n", 2<<20)},
		{"a group for everybody", header + func() string {
			var rows strings.Builder
			for i := range 1_000_000 {
				fmt.Fprintf(&rows, "p%d@example.com,ACTIVE,group %d\n", i, i)
			}
			return rows.String()
		}()},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, company())
			check(t, os.WriteFile(r.path("people.csv"), []byte(test.text), 0o600))
			check(t, os.WriteFile(r.path("desired-state.yaml"), []byte(rosterFile), 0o600))
			r.wantRefusedWithLittleMemory(t, "plan", "--format", "json")
		})
	}
}

func TestAHostileAPITakesLittleMemory(t *testing.T) {
	user := func(i int, text string) string {
		return fmt.Sprintf(`{"id":"%d%s","email":"%d%s","name":"%s","seat_uid":"%s","access_seat":true}`, i, text, i, text, text, text)
	}
	page := func(total int, users ...string) []byte {
		return fmt.Appendf(nil, `{"success":true,"result":[%s],"result_info":{"per_page":%d,"total_count":%d}}`, strings.Join(users, ","), len(users), total)
	}
	many := func(number int, text string) []string {
		users := make([]string, number)
		for i := range users {
			users[i] = user(i, text)
		}
		return users
	}
	for _, test := range []struct {
		name string
		body []byte
	}{
		{"texts as long as they may be, on page after page", page(100_000, many(1000, strings.Repeat("x", 4000))...)},
		{"a name of 60 MiB", page(1, user(1, strings.Repeat("x", 15<<20)))},
		{"half a million users in one page", page(500_000, many(500_000, "")...)},
		{"a field of 60 MiB that nobody reads", page(1, `{"id":"1","avatar":"`+strings.Repeat("x", 60<<20)+`"}`)},
		{"nothing but opened lists", append([]byte(`{"success":true,"result":`), bytes.Repeat([]byte("["), 60<<20)...)},
		{"keys without end", append([]byte(`{"success":true,"result":[{`), bytes.Repeat([]byte(`"a":1,`), 10<<20)...)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, company())
			r.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(test.body) // the client may have had enough
			})
			p := r.start(t.Context(), "plan", "--concurrency", "32")
			wantLittle := watchMemory(t, p)
			if code := r.wait(p); code != codeError {
				t.Errorf("exit code %d: %s", code, p.stderr.String())
			}
			wantLittle()
		})
	}
}

func TestAHostileFileTakesLittleMemory(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"nothing but opened lists", "version: 1\nusers: " + strings.Repeat("[", 20<<20)},
		{"a key that is unknown, a million times", "version: 1\n" + strings.Repeat("x: 1\n", 1_000_000)},
		{"a scalar of 60 MiB", "version: 1\naccount: " + strings.Repeat("x", 60<<20)},
		{"aliases of aliases", "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d]\n"},
		{"bad users, without end", "version: 1\nusers:\n" + strings.Repeat("  - {email: x}\n", 1_000_000)},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, nil)
			check(t, os.WriteFile(r.path("desired-state.yaml"), []byte(test.text), 0o600))
			r.wantRefusedWithLittleMemory(t, "validate")
		})
	}
}

func TestManyReadersOfALargeReportTakeLittleMemory(t *testing.T) {
	r := newCrowd(t, 30_000, func(int) float64 { return 200 })
	first := r.start(t.Context(), "run", "--once")
	if code := r.wait(first); code != codeOK {
		t.Fatalf("exit code %d: %s", code, first.stderr.String())
	}
	ids, err := r.store().IDs()
	check(t, err)
	p := r.start(t.Context(), "run", "--cron", "@yearly", "--listen", "127.0.0.1:0")
	address := r.listening(p)
	wantLittle := watchMemory(t, p)
	var readers sync.WaitGroup
	for range 24 {
		for path, least := range map[string]int64{"/runs/" + ids[0]: 1 << 20, "/": 1 << 10} {
			readers.Go(func() {
				response, err := http.Get("http://" + address + path)
				if err != nil {
					t.Error(err)
					return
				}
				defer response.Body.Close()
				if size, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK || size < least {
					t.Errorf("%s: %s with %d bytes (%v)", path, response.Status, size, err)
				}
			})
		}
	}
	readers.Wait()
	http.DefaultClient.CloseIdleConnections()
	wantLittle()
	check(t, p.cmd.Process.Signal(os.Interrupt))
	r.wait(p)
}

// wantRefusedWithLittleMemory fails the test unless a command says in few words, and
// with little memory, that it cannot work.
func (r *rig) wantRefusedWithLittleMemory(t *testing.T, args ...string) {
	t.Helper()
	p := r.start(t.Context(), args...)
	wantLittle := watchMemory(t, p)
	if code := r.wait(p); code != codeError {
		t.Errorf("exit code %d: %.300s", code, p.stderr.String())
	}
	wantLittle()
	if said := len(p.stderr.String()); said > 1<<20 {
		t.Errorf("%d bytes are said about it", said)
	}
}
