package simulation

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/simulation/judge"
)

const day = 24 * time.Hour

// runAt is the time of day at which the schedule of every story applies.
const runAt = 6 * time.Hour

// Played is what came of a story.
type Played struct {
	// Broken are the promises that were not kept.
	Broken []judge.Violation
	Counts Counts
	// Requests and Records name all requests, with their times, and all records that
	// the story left: two plays of one story have the same.
	Requests, Records string
	// Notes are what runs told people beside their reports.
	Notes []string
}

// Play lives a story, in a directory of its own. It must be called in a bubble of
// testing/synctest.
func Play(story *Story, mutation Mutation, directory string) Played {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	time.Sleep(time.Until(begin))
	w := newWorld(story, mutation, directory, begin)
	w.live()
	w.conclude()
	w.box.Close()
	w.mu.Lock()
	for _, p := range w.machine.processes {
		p.stop(nil)
	}
	w.mu.Unlock()
	w.group.Wait()
	return Played{
		Broken: w.judge.Broken, Counts: w.counts, Notes: w.notes,
		Requests: hex.EncodeToString(w.requests.Sum(nil)), Records: w.fingerprint(),
	}
}

// world is a story on its way.
type world struct {
	story     *Story
	mutation  Mutation
	directory string
	begin     time.Time
	box       *sandbox.Sandbox
	network   *network
	machine   *machine
	files     *folder
	group     sync.WaitGroup
	apiSkew   atomic.Int64

	mu        sync.Mutex // guards what follows, and what is wrong with network, machine and files
	judge     *judge.Judge
	seats     map[string]judge.Seat // by user id, as they were when it was looked last
	owners    map[string]string     // user ids by seat
	away      []awaySpan            // in which people do nothing
	edits     int                   // of the files
	reading   loaded
	summaries map[string]summaryOf
	noDisk    bool
	names     map[string]string // by user id, as they were when it was looked last
	silent    [receivers]bool
	flights   []*flight
	open      []openRun
	counts    Counts
	requests  hash.Hash
	notes     []string
}

// awaySpan is a time in which somebody is not there.
type awaySpan struct {
	who      int
	from, to time.Duration
}

// openRun is a run whose record is looked at again once everything has landed.
type openRun struct {
	id    string
	ended time.Time
}

func newWorld(story *Story, mutation Mutation, directory string, begin time.Time) *world {
	w := &world{
		story: story, mutation: mutation, directory: directory, begin: begin,
		judge: judge.New(), seats: make(map[string]judge.Seat), owners: make(map[string]string), summaries: make(map[string]summaryOf), names: make(map[string]string), requests: sha256.New(),
	}
	w.counts = newCounts()
	w.counts.Days = story.Days
	has := func(kind Kind) bool {
		return slices.ContainsFunc(story.Events, func(e Event) bool { return e.Kind == kind })
	}
	w.judge.Retention, w.judge.PathOf = retention, w.recordPath
	if has(Clock) {
		w.judge.ClockOff = mostClockOff
	}
	if has(Clock) && has(APITime) {
		w.judge.BothOff = mostClockOff
	}
	w.network = &network{world: w, seen: make(map[string]int)}
	w.machine = newMachine(w)
	options := sandbox.Options{
		Users: 1, Now: w.apiNow, MaxPerPage: story.Setup.PageSize, RequestLog: 1, Quota: &sandbox.Quota{Requests: 1200},
	}
	if story.Setup.GrantsAreTaken {
		options.Seats.Grant = sandbox.ChangeTaken
	}
	if story.Setup.FreesSeats {
		options.Seats.Narrow = sandbox.ChangeFreesSeat
	}
	if story.Setup.RegistrationsAreRefused {
		options.Faults = []sandbox.Fault{{Path: "registrations", Kind: sandbox.KindForbidden}}
	}
	var err error
	w.box, err = sandbox.New(options)
	must(err)
	w.box.Replace(sandbox.MainAccount)
	w.files = newFolder(filepath.Join(directory, "files"), story, begin)
	must(os.MkdirAll(filepath.Join(w.files.path, ".git"), 0o755))
	w.edit(func() {})
	for i := range story.People {
		if story.People[i].Joined == 0 {
			w.join(i)
		}
	}
	return w
}

// apiNow is the clock of the API.
func (w *world) apiNow() time.Time { return time.Now().Add(time.Duration(w.apiSkew.Load())) }

// spawn does something beside the story, which waits for it at its end.
func (w *world) spawn(do func()) { w.group.Go(do) }

// act is something that happens at a time.
type act struct {
	at time.Duration
	do func()
}

// live plays the story day by day.
func (w *world) live() {
	w.machine.startDaemon()
	events := w.story.Events
	for today := range w.story.Days {
		acts := w.routine(today)
		for len(events) > 0 && events[0].At < time.Duration(today+1)*day {
			event := events[0]
			acts = append(acts, act{event.At, func() { w.happen(event) }})
			events = events[1:]
		}
		slices.SortStableFunc(acts, func(a, b act) int { return cmp.Compare(a.at, b.at) })
		for _, a := range acts {
			time.Sleep(time.Until(w.begin.Add(a.at)))
			a.do()
		}
	}
	time.Sleep(time.Until(w.begin.Add(time.Duration(w.story.Days) * day)))
}

// routine is what happens every day: people work, and where there is no daemon a
// timer starts a process.
func (w *world) routine(today int) (acts []act) {
	start := time.Duration(today) * day
	for i := range w.story.People {
		if at, acts1 := w.story.People[i].sign(w.story.Seed, i, today); acts1 {
			acts = append(acts, act{at, func() { w.work(i) }})
		}
		if p := &w.story.People[i]; p.Joined == today && today > 0 {
			acts = append(acts, act{start + between(0, runAt, w.story.Seed, "joins", i), func() { w.join(i) }})
		}
	}
	if !w.story.Setup.IsDaemon {
		acts = append(acts, act{start + runAt, func() { w.machine.runOnce(reconcile.ModeApply) }})
	}
	if w.story.Setup.HasRoster {
		acts = append(acts, act{start + runAt - time.Hour + 13, w.export})
	}
	if w.story.Watch != nil {
		acts = append(acts, act{start + 2*runAt + 19, func() { w.story.Watch(today) }})
	}
	return append(acts, act{start + runAt/2 + 17, w.audit})
}

// export is what HR does every night, as long as it works.
func (w *world) export() {
	w.edit(func() {
		if !w.files.isStale {
			w.files.exported = time.Now()
		}
	})
}

// audit has the judge look at records again once everything in them must be known.
func (w *world) audit() {
	w.mu.Lock()
	defer w.mu.Unlock()
	keep := w.open[:0]
	for _, run := range w.open {
		if time.Since(run.ended) < 3*day || w.noDisk || !w.judge.LookAgain(run.id, w.recordPath(run.id), false, time.Now()) {
			keep = append(keep, run)
		}
	}
	w.open = keep
}

// recordPath is where the record of a run is.
func (w *world) recordPath(id string) string {
	path := ""
	for _, byHand := range []bool{true, false} {
		for _, runs := range []string{"runs.lost", "runs"} {
			path = filepath.Join(w.mutation.apart(w.machine.disk, byHand), "accounts", sandbox.MainAccount, runs, id+".jsonl")
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
	}
	return path
}

// trace adds a request to those that have reached the API.
func (w *world) trace(method, uri string, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(w.requests, "%d %s %s %s\n", time.Now().UnixNano(), method, uri, body) // a hash never fails
}

// note keeps what a run tells people.
func (w *world) note(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, text)
}

// edit changes what the files say, and writes them.
func (w *world) edit(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	w.edits++
	w.judge.FileIs(w.files.write(time.Now()), time.Now())
}

// later does something after a while.
func (w *world) later(wait time.Duration, do func()) {
	w.spawn(func() {
		time.Sleep(wait)
		do()
	})
}

// conclude ends the faults, lets the file stand still, and holds the account to it:
// after two runs it is what the file asks for, and the third has nothing to do.
func (w *world) conclude() {
	w.box.ClearFaults()
	w.refuseRegistrations()
	w.apiSkew.Store(0)
	w.machine.skew.Store(0)
	w.machine.room.Store(unbounded)
	w.mu.Lock()
	w.machine.dies = ""
	w.silent = [receivers]bool{}
	w.mu.Unlock()
	const quiet = day/2 + 31*time.Second // a time of day at which nobody happens to be idle for long enough
	time.Sleep(quiet)                    // whatever lasts is over
	w.machine.waitUntilOn()
	time.Sleep((day + quiet - time.Since(w.begin)%day) % day)
	w.edit(func() { w.files.stand(time.Now()) })
	final := judge.Final{Names: make(map[string]string), BatchSize: w.story.Setup.BatchSize, FreesSeats: w.story.Setup.FreesSeats}
	for number, pause := range []time.Duration{day / 4, day / 4, 2 * time.Minute} {
		time.Sleep(pause)
		id := w.machine.newID(time.Now())
		p := w.machine.start(func(p *process) {
			p.isByHand = true // it has nothing that would notify
			p.run(p.ctx, order{id: id, mode: reconcile.ModeApply})
		})
		<-p.done
		if number < 2 {
			final.Runs = append(final.Runs, id)
		} else {
			final.Third = id
		}
	}
	if w.story.Setup.HasReceivers { // whatever still waits is delivered after a run
		final.Receivers = receivers
		p := w.machine.start(func(p *process) { p.daemon().Once(p.ctx, reconcile.ModeDryRun) })
		<-p.done
	}
	for _, record := range w.box.Users(sandbox.MainAccount) {
		id, _ := record.ID.Get()
		final.Names[id], _ = record.Name.Get()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, run := range w.open {
		w.judge.LookAgain(run.id, w.recordPath(run.id), true, time.Now())
	}
	w.judge.Settles(final, time.Now())
}

// fingerprint names all records that the story left.
func (w *world) fingerprint() string {
	sum := sha256.New()
	must(filepath.WalkDir(w.directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".jsonl") {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", filepath.Base(path), len(data), data) // a hash never fails
		return err
	}))
	return hex.EncodeToString(sum.Sum(nil))
}
