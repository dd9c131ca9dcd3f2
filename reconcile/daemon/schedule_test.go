package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// In a bubble of synctest the clock begins at midnight UTC on 2000-01-01, a
// Saturday, and moves when everyone sleeps.

func TestAMonthOfTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("0 6 * * 1-5"), apply("0 7 1 * *"))
		d, _ := newDaemon(t, Options{}, s)
		stop, _ := begin(d)
		time.Sleep(31 * 24 * time.Hour)
		synctest.Wait()
		stop()
		var dryRuns, applies int
		for _, run := range s.made() {
			at := run.StartedAt.UTC()
			switch {
			case run.Mode == reconcile.ModeApply && at.Day() == 1 && at.Hour() == 7:
				applies++
			case run.Mode == reconcile.ModeDryRun && at.Hour() == 6 && at.Minute() == 0 && at.Weekday() != time.Saturday && at.Weekday() != time.Sunday:
				dryRuns++
			default:
				t.Errorf("nothing was due at %s, but a run was made: %s", at, run.Mode)
			}
		}
		if dryRuns != 21 || applies != 1 {
			t.Errorf("%d dry runs and %d applies, want 21 and 1", dryRuns, applies)
		}
	})
}

func TestExpressionsOfEveryForm(t *testing.T) {
	for _, test := range []struct {
		expression string
		runs       int // in a day and a half
	}{
		{"@every 1h30m", 24}, {"@daily", 1}, {"@hourly", 36}, {"30 0 6 * * *", 2}, {"*/30 6 * * *", 4}, {"0 0 30 2 *", 0},
	} {
		t.Run(test.expression, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStand(dryRun(test.expression))
				d, _ := newDaemon(t, Options{}, s)
				stop, _ := begin(d)
				time.Sleep(36*time.Hour + time.Second)
				stop()
				if made := len(s.made()); made != test.runs {
					t.Errorf("%d runs, want %d", made, test.runs)
				}
			})
		})
	}
}

// On the last Sunday of March 2000 the clocks of Berlin went from 02:00 to 03:00,
// and on the last of October from 03:00 to 02:00.
func TestDaylightSaving(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, expression, from string
		want                   []string
	}{
		{"a time that is skipped is due when the clocks skip it", "30 2 * * *", "2000-03-24T12:00:00Z", []string{
			"2000-03-25T02:30:00+01:00", "2000-03-26T03:00:00+02:00", "2000-03-27T02:30:00+02:00",
		}},
		{"a time that occurs twice is due once", "30 2 * * *", "2000-10-28T12:00:00Z", []string{
			"2000-10-29T02:30:00+02:00", "2000-10-30T02:30:00+01:00", "2000-10-31T02:30:00+01:00",
		}},
		{"it is due once also for who looks in between", "30 2 * * *", "2000-10-29T01:10:00Z", []string{"2000-10-30T02:30:00+01:00"}},
		{"only on the days that it names", "30 2 * * 0", "2000-03-20T12:00:00Z", []string{"2000-03-26T03:00:00+02:00", "2000-04-02T02:30:00+02:00"}},
		{"two times that are skipped are due together", "10,50 2 * * *", "2000-03-25T12:00:00Z", []string{"2000-03-26T03:00:00+02:00", "2000-03-27T02:10:00+02:00"}},
		{"what comes every hour is left alone", "30 * * * *", "2000-10-29T00:00:00Z", []string{
			"2000-10-29T02:30:00+02:00", "2000-10-29T02:30:00+01:00", "2000-10-29T03:30:00+01:00",
		}},
		{"a time at noon is due once on both days", "0 12 * * *", "2000-03-25T12:00:00Z", []string{
			"2000-03-26T12:00:00+02:00", "2000-03-27T12:00:00+02:00", "2000-03-28T12:00:00+02:00",
		}},
		{"an interval does not care", "@every 12h", "2000-03-25T20:00:00Z", []string{
			"2000-03-26T10:00:00+02:00", "2000-03-26T22:00:00+02:00", "2000-03-27T10:00:00+02:00",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, test.from)
			if err != nil {
				t.Fatal(err)
			}
			var table timetable
			if err := table.follow(Settings{Schedule: []reconcile.ScheduleEntry{dryRun(test.expression)}, Zone: berlin}, 0, now); err != nil {
				t.Fatal(err)
			}
			var got []string
			for range test.want {
				next, _ := table.next()
				got = append(got, next.Format(time.RFC3339))
				if _, _, due := table.due(next); !due {
					t.Fatalf("nothing is due at %s", next)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnApplyWinsOverADryRunThatIsDueWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("0 6 * * *"), apply("0 6 1 * *"), dryRun("0 6 * * 6"))
		d, _ := newDaemon(t, Options{}, s)
		stop, _ := begin(d)
		time.Sleep(7 * time.Hour)
		stop()
		if made := s.made(); len(made) != 1 || made[0].Mode != reconcile.ModeApply {
			t.Errorf("made %v", made)
		}
	})
}

func TestARunThatIsStillGoingMakesTheNextOneBeSkippedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("@every 1m"))
		s.run = func(context.Context, Request) (*reconcile.Plan, error) {
			time.Sleep(150 * time.Second)
			return emptyPlan(), nil
		}
		d, log := newDaemon(t, Options{}, s)
		stop, _ := begin(d)
		time.Sleep(6*time.Minute + time.Second) // begins at 1 and 4, skips 2, 3, 5 and 6
		stop()
		if made := len(s.made()); made != 2 {
			t.Errorf("%d runs, want 2", made)
		}
		if n := d.metrics.runs.Value(testAccount, "dry-run", "skipped"); n != 4 {
			t.Errorf("%v skipped, want 4", n)
		}
		if !strings.Contains(log.String(), `msg="run skipped: the one before is still going"`) {
			t.Error(log)
		}
	})
}

func TestAPanicDoesNotStopTheRunsAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("@every 1m"))
		panics := 2
		s.run = func(context.Context, Request) (*reconcile.Plan, error) {
			if panics > 0 {
				panics--
				panic("a bug")
			}
			return emptyPlan(), nil
		}
		d, log := newDaemon(t, Options{}, s)
		stop, _ := begin(d)
		time.Sleep(2*time.Minute + time.Second)
		synctest.Wait()
		if err := d.readiness(); err == nil || !strings.Contains(err.Error(), "panicked") {
			t.Errorf("ready after a panic: %v", err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if err := d.readiness(); err != nil {
			t.Error(err)
		}
		stop()
		if made := len(s.made()); made != 2 {
			t.Errorf("%d runs after the panics, want 2", made)
		}
		if n := d.metrics.runs.Value(testAccount, "dry-run", "failed"); n != 2 {
			t.Errorf("%v failed, want 2", n)
		}
		if strings.Count(log.String(), "level=ERROR msg=panic run=run-") != 2 {
			t.Error(log)
		}
	})
}

func TestTheScheduleOfTheFileIsFollowedWithoutARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("@every 10h"))
		d, log := newDaemon(t, Options{}, s)
		stop, reload := begin(d)
		time.Sleep(time.Hour)
		s.change(Settings{}, errors.New("desired-state.yaml:3:1: not valid YAML"))
		time.Sleep(2 * time.Minute)
		s.change(Settings{AccountID: testAccount, Schedule: []reconcile.ScheduleEntry{dryRun("@every 10h"), apply("0 2 * * *")}}, nil)
		time.Sleep(90 * time.Second)
		if n := strings.Count(log.String(), "the file cannot be read"); n != 1 {
			t.Errorf("the same error was logged %d times", n)
		}
		reload <- struct{}{}
		time.Sleep(10*time.Hour - time.Hour)
		stop()
		var got []string
		for _, run := range s.made() {
			got = append(got, run.StartedAt.UTC().Format("15:04")+" "+string(run.Mode))
		}
		// What was there before keeps its time.
		if diff := cmp.Diff([]string{"02:00 apply", "10:00 dry-run"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReloadReadsTheFileAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("@every 10h"))
		d, _ := newDaemon(t, Options{}, s)
		stop, reload := begin(d)
		time.Sleep(10 * time.Second)
		s.change(Settings{AccountID: testAccount, Schedule: []reconcile.ScheduleEntry{dryRun("@every 10s")}}, nil)
		reload <- struct{}{}
		time.Sleep(15 * time.Second)
		stop()
		if made := len(s.made()); made != 1 || s.reread != 1 {
			t.Errorf("%d runs, and the file was read anew %d times", made, s.reread)
		}
	})
}

func TestStoppingDrainsTheRunThatIsGoingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(apply("@every 1m"))
		s.run = func(ctx context.Context, _ Request) (*reconcile.Plan, error) {
			<-ctx.Done()
			time.Sleep(20 * time.Second) // what is in flight finishes
			return emptyPlan(), nil
		}
		var states []State
		d, _ := newDaemon(t, Options{Tell: func(state State) { states = append(states, state) }}, s)
		stop, _ := begin(d)
		time.Sleep(70 * time.Second)
		before := time.Now()
		stop()
		if took := time.Since(before); took != 20*time.Second {
			t.Errorf("stopped after %s", took)
		}
		if len(s.made()) != 1 {
			t.Error("the run was lost")
		}
		if err := d.health(time.Now()); err == nil {
			t.Error("healthy after it has stopped")
		}
		if diff := cmp.Diff([]State{StateReady, StateStopping}, states); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTheWatchdogIsFedWhileRunsCanBeScheduled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("@every 1h"))
		var alive atomic.Int64
		d, _ := newDaemon(t, Options{Watchdog: 10 * time.Second, Tell: func(state State) {
			if state == StateAlive {
				alive.Add(1)
			}
		}}, s)
		stop, _ := begin(d)
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if n := alive.Load(); n != 6 {
			t.Errorf("told %d times, want 6", n)
		}
		// A file system that hangs holds up the loop of the account.
		hang := make(chan struct{})
		s.mu.Lock()
		s.hang = hang
		s.mu.Unlock()
		time.Sleep(livenessTimeout + 2*pollInterval)
		synctest.Wait()
		before := alive.Load()
		if err := d.health(time.Now()); err == nil {
			t.Error("healthy, although nobody looks at the clock")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if alive.Load() != before {
			t.Error("the watchdog is fed although nobody looks at the clock")
		}
		close(hang)
		stop()
	})
}

func TestJitterPutsTheRunsOfAnAccountOffByTheSameSpan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("@hourly"))
		d, _ := newDaemon(t, Options{Jitter: time.Hour}, s)
		stop, _ := begin(d)
		time.Sleep(100*time.Hour + time.Hour)
		stop()
		made := s.made()
		if len(made) != 101 {
			t.Errorf("%d runs in a hundred and one hours, want one an hour", len(made))
		}
		for i, run := range made[1:] {
			if between := run.StartedAt.Sub(made[i].StartedAt); between != time.Hour {
				t.Errorf("%v between two runs", between)
			}
		}
	})
}

// An apply that is due soon after a dry run is not skipped for a dry run that has not begun.
func TestJitterMovesAllRunsOfAnAccountAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("0 * * * * *"), apply("5 * * * * *"))
		d, log := newDaemon(t, Options{Jitter: time.Minute}, s)
		span := d.jitter(testAccount)
		if next, _ := d.accounts[0].timetable.next(); !next.Equal(time.Now().Add(span)) {
			t.Errorf("the first run is due at %v", next)
		}
		stop, _ := begin(d)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		stop()
		modes := make(map[reconcile.Mode]int)
		for _, run := range s.made() {
			modes[run.Mode]++
			at := run.StartedAt.Add(-span).Truncate(time.Millisecond)
			if run.Mode == reconcile.ModeDryRun && at.Second() != 0 || run.Mode == reconcile.ModeApply && at.Second() != 5 {
				t.Errorf("%s at %v, which is put off by %v", run.Mode, run.StartedAt, span)
			}
		}
		if modes[reconcile.ModeDryRun] < 9 || modes[reconcile.ModeApply] < 9 || strings.Contains(log.String(), "run skipped") {
			t.Errorf("in ten minutes %v:\n%s", modes, log)
		}
		if late := fmt.Sprintf(`mode=apply late=%v`, span.Round(time.Millisecond)); !strings.Contains(log.String(), late) {
			t.Errorf("the log does not say %s:\n%s", late, log)
		}
	})
}

// A process that starts after a moment of the schedule, and before the run that is put off, begins it.
func TestARunThatIsPutOffIsNotLostToARestart(t *testing.T) {
	day := func(clock string) time.Time {
		at, err := time.Parse(time.DateTime, "2026-11-22 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for started, want := range map[string]time.Time{
		"05:59:00": day("06:05:00"), "06:02:00": day("06:05:00"), "06:05:00": day("06:05:00").AddDate(0, 0, 1), "06:10:00": day("06:05:00").AddDate(0, 0, 1),
	} {
		var table timetable
		if err := table.follow(Settings{Schedule: []reconcile.ScheduleEntry{dryRun("0 6 * * *")}}, 5*time.Minute, day(started)); err != nil {
			t.Fatal(err)
		}
		if next, _ := table.next(); !next.Equal(want) {
			t.Errorf("started at %s: next is %v, want %v", started, next, want)
		}
	}
}

func TestJitterPutsTheRunAtStartOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(dryRun("0 12 * * *"))
		d, log := newDaemon(t, Options{Jitter: time.Minute, RunAtStart: true}, s)
		began := time.Now()
		stop, _ := begin(d)
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		if made := s.made(); len(made) != 1 || made[0].StartedAt.Sub(began) != d.jitter(testAccount) {
			t.Errorf("made %v", made)
		}
		if !strings.Contains(log.String(), "late=0s") { // the schedule does not know it
			t.Error(log)
		}
	})
}

func TestJitterSpreadsAccountsEvenly(t *testing.T) {
	d, _ := newDaemon(t, Options{Jitter: time.Hour}, newStand())
	perMinute := make([]int, 60)
	for i := range 6000 {
		perMinute[int(d.jitter(fmt.Sprintf("%032x", i))/time.Minute)]++
	}
	if least, most := slices.Min(perMinute), slices.Max(perMinute); least < 60 || most > 150 {
		t.Errorf("of 6,000 accounts %d to %d run in a minute, want about 100", least, most)
	}
}

func TestOneFailingAccountLeavesTheOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, hanging, broken := newStand(dryRun("@hourly")), newStand(dryRun("@hourly")), newStand()
		hanging.settings.AccountID, hanging.run = "hanging", func(ctx context.Context, _ Request) (*reconcile.Plan, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		broken.unread = errors.New("broken.yaml: no such file")
		d, _ := newDaemon(t, Options{}, good, hanging, broken)
		stop, _ := begin(d)
		time.Sleep(24*time.Hour + time.Second)
		synctest.Wait()
		if made := len(good.made()); made != 24 {
			t.Errorf("%d runs of the good account, want 24", made)
		}
		err := d.readiness()
		if err == nil || !strings.Contains(err.Error(), "broken.yaml: no such file") || strings.Contains(err.Error(), testAccount) {
			t.Errorf("readiness: %v", err)
		}
		broken.change(Settings{AccountID: "broken", Schedule: []reconcile.ScheduleEntry{dryRun("@hourly")}}, nil)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		stop()
		if made := len(broken.made()); made != 2 {
			t.Errorf("%d runs after the file was mended, want 2", made)
		}
	})
}

func TestThatNoFileCanBeReadIsTold(t *testing.T) {
	s := newStand()
	s.unread = errors.New("desired-state.yaml: no such file")
	err := New(Options{Accounts: []Account{{Name: "desired-state.yaml", Runner: s, History: s}}}).Unreadable()
	if err == nil || err.Error() != s.unread.Error() {
		t.Errorf("got %v", err)
	}
}

func TestOnceMakesOneRunOfEachAccount(t *testing.T) {
	first, second := newStand(), newStand()
	second.run = func(context.Context, Request) (*reconcile.Plan, error) { return nil, errors.New("no such account") }
	d, _ := newDaemon(t, Options{}, first, second)
	outcomes := d.Once(t.Context(), reconcile.ModeApply)
	if len(outcomes) != 2 || outcomes[0].Run.Result != reconcile.ResultDone || outcomes[1].Run.Result != reconcile.ResultFailed {
		t.Errorf("got %+v", outcomes)
	}
}
