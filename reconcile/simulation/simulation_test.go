package simulation_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatsync/seatsync/reconcile/simulation"
	"github.com/seatsync/seatsync/reconcile/simulation/judge"
)

// TestMain hides git, which each reading of the files would ask for their commit.
func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(2000)
	if err := os.Setenv("PATH", ""); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// play plays a story in a bubble of its own, on a disk in memory where there is one. Records
// name the files that they are about, so that the directory has a name of the same length
// each time: a disk fills up at the same byte.
func play(t *testing.T, stage int, story *simulation.Story, mutation simulation.Mutation) (played simulation.Played) {
	t.Helper()
	base := os.TempDir()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		base = "/dev/shm"
	}
	directory := filepath.Join(base, fmt.Sprintf("seatsync-simulation-%09d-%d", os.Getpid(), stage))
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(directory)
	synctest.Test(t, func(*testing.T) { played = simulation.Play(story, mutation, directory) })
	return played
}

// stages is how many stories are played side by side.
const stages = 2

// search plays the stories of seeds side by side, until there are no more, or next says
// that it is enough.
func search(t *testing.T, mutation simulation.Mutation, next func() (seed uint64, ok bool), came func(*simulation.Story, simulation.Played)) {
	t.Helper()
	var mu sync.Mutex
	t.Run("stages", func(t *testing.T) {
		for stage := range stages {
			t.Run(fmt.Sprint(stage), func(t *testing.T) {
				t.Parallel()
				for {
					mu.Lock()
					seed, ok := next()
					mu.Unlock()
					if !ok {
						return
					}
					story := simulation.Imagine(seed)
					played := play(t, stage, story, mutation)
					mu.Lock()
					came(story, played)
					mu.Unlock()
				}
			})
		}
	})
}

// judged reports the promises that a story has broken, and the shortest story that
// still breaks the first of them.
func judged(t *testing.T, story *simulation.Story, played simulation.Played) {
	t.Helper()
	if len(played.Broken) == 0 {
		return
	}
	for _, violation := range played.Broken {
		t.Errorf("seed %d: %v", story.Seed, violation)
	}
	t.Logf("again: make simulate SEED=%d; the shortest story found that still breaks the first promise:\n%s",
		story.Seed, shortest(t, story, "", played.Broken[0].Promise))
}

// mostShrinking is how many stories are played to make one shorter.
const mostShrinking = 150

// shortest returns the shortest story found that still breaks a promise.
func shortest(t *testing.T, story *simulation.Story, mutation simulation.Mutation, promise string) *simulation.Story {
	t.Helper()
	return simulation.Shrink(story, mostShrinking, func(shorter *simulation.Story) bool {
		return slices.ContainsFunc(play(t, stages, shorter, mutation).Broken, func(v judge.Violation) bool { return v.Promise == promise })
	})
}

func TestAFailingStoryIsMadeAsShortAsItCanBe(t *testing.T) {
	story := simulation.Imagine(2)
	kept := story.Events[len(story.Events)/2]
	short := simulation.Shrink(story, 1000, func(shorter *simulation.Story) bool {
		return slices.Contains(shorter.Events, kept) && !shorter.People[3].IsAbsent
	})
	present := 0
	for i := range short.People {
		if !short.People[i].IsAbsent {
			present++
		}
	}
	wanted := int(kept.At/(24*time.Hour)) + 1
	if !slices.Equal(short.Events, []simulation.Event{kept}) || short.Days != wanted || present > 2 {
		t.Errorf("%d days, want %d, and %d people:\n%s", short.Days, wanted, present, short)
	}
}

func TestTheSameSeedRepeatsExactly(t *testing.T) {
	for seed := range uint64(3) / slow {
		first, second := play(t, 0, simulation.Imagine(seed), ""), play(t, 0, simulation.Imagine(seed), "")
		if first.Requests != second.Requests || first.Records != second.Records {
			t.Errorf("seed %d: requests %s and %s, records %s and %s", seed, first.Requests, second.Requests, first.Records, second.Records)
		}
	}
}

// fixed is how many seeds, from 0 on, are played each time.
const fixed = 16

// mended are seeds whose stories have found a fault of seatsync that is mended; see the
// track record in docs/reliability.md.
func mended() []uint64 {
	return []uint64{30000048, 70000399, 13200000077, 140000059, 140000109, 110008654, 150002069, 174000588, 1795999875252793077}
}

// freshFor is how long stories of seeds are played that nobody has seen before.
const freshFor = 20 * time.Second

func TestNoPromiseIsBroken(t *testing.T) {
	begin := time.Now()
	first := uint64(begin.UnixNano())
	seeds := mended()
	for seed := range uint64(fixed / slow) {
		seeds = append(seeds, seed)
	}
	var counts simulation.Counts
	next := 0
	search(t, "", func() (uint64, bool) {
		next++
		if next <= len(seeds) {
			begin = time.Now()
			return seeds[next-1], true
		}
		return first + uint64(next-len(seeds)), !testing.Short() && time.Since(begin) < freshFor
	}, func(story *simulation.Story, played simulation.Played) {
		counts.Add(played.Counts)
		judged(t, story, played)
	})
	told(t, fmt.Sprintf("seeds %v, and fresh ones from %d on\n%s", seeds, first+1, &counts))
}

// told says what was simulated, also to make test: go test is silent of tests that pass.
func told(t *testing.T, summary string) {
	t.Helper()
	t.Log(summary)
	path := os.Getenv("SEATSYNC_SIMULATION_SUMMARY")
	if path == "" {
		return
	}
	if err := os.WriteFile(path, []byte(summary), 0o600); err != nil {
		t.Error(err)
	}
}

// size is what a process takes.
type size struct {
	goroutines, files int
	heap              uint64
}

func sizeNow() (s size) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	files, _ := os.ReadDir("/proc/self/fd") // none where there is no /proc
	return size{runtime.NumGoroutine(), len(files), stats.HeapAlloc}
}

// worldGrows is how much the world and its judge may grow in a hundred days: they remember
// what people did.
const worldGrows = 4 << 20

func TestADaemonStaysAsSmallAsItWas(t *testing.T) {
	story := simulation.Imagine(5)
	story.Events, story.Days = nil, 130
	story.Setup.IsDaemon, story.Setup.HasReceivers = true, false
	var early, late size
	story.Watch = func(today int) {
		switch today {
		case 30:
			early = sizeNow()
		case 129:
			late = sizeNow()
		}
	}
	judged(t, story, play(t, 0, story, ""))
	if early.goroutines == 0 || late.goroutines > early.goroutines || late.files > early.files || late.heap > early.heap+worldGrows {
		t.Errorf("after 30 days %+v, after 129 days %+v", early, late)
	}
	t.Logf("after 30 days %+v, after 129 days %+v", early, late)
}

// What make simulate asks for.
var (
	seedFlag     = flag.Uint64("seed", 0, "play the story of this seed, and print it")
	hoursFlag    = flag.Float64("hours", 0, "search for so long")
	mutationFlag = flag.String("mutation", "", "take out these guards, one after the other, and search for stories that notice")
	fromFlag     = flag.Uint64("from", 0, "the first seed of the search; one that depends on the clock when 0")
)

func TestSeed(t *testing.T) {
	if *seedFlag == 0 {
		t.Skip("no -seed is given")
	}
	story := simulation.Imagine(*seedFlag)
	t.Log(story)
	judged(t, story, play(t, 0, story, ""))
}

func TestHours(t *testing.T) {
	if *hoursFlag == 0 {
		t.Skip("no -hours are given")
	}
	begin := time.Now()
	first := *fromFlag
	if first == 0 {
		first = uint64(begin.UnixNano())
	}
	h := hours{begin: begin, first: first, next: first, lasting: time.Duration(*hoursFlag * float64(time.Hour)), told: begin}
	search(t, "", h.seed, h.came)
	fmt.Printf("%s\n%s", &h, &h.counts)
	for _, story := range h.failed[:min(len(h.failed), mostShrunk)] {
		judged(t, story, play(t, 0, story, ""))
	}
	if len(h.failed) > 0 {
		t.Errorf("%d stories break a promise", len(h.failed))
	}
}

// mostShrunk is how many stories that fail are made shorter at the end of a search.
const mostShrunk = 3

// hours is a search for stories that break a promise. What it finds, and how far it is, it
// prints at once: it may be ended at any time.
type hours struct {
	begin, told time.Time
	lasting     time.Duration
	first, next uint64
	counts      simulation.Counts
	failed      []*simulation.Story
}

func (h *hours) seed() (uint64, bool) {
	h.next++
	return h.next - 1, time.Since(h.begin) < h.lasting
}

func (h *hours) came(story *simulation.Story, played simulation.Played) {
	h.counts.Add(played.Counts)
	for _, violation := range played.Broken {
		fmt.Printf("seed %d: %v\n", story.Seed, violation)
	}
	if len(played.Broken) > 0 {
		h.failed = append(h.failed, story)
	}
	if time.Since(h.told) > time.Minute {
		h.told = time.Now()
		fmt.Println(h)
	}
}

// String says in a line how far the search is: all seeds before the last few have been played.
func (h *hours) String() string {
	return fmt.Sprintf("%v: seeds %d to %d, %d violations: %s",
		time.Since(h.begin).Round(time.Second), h.first, h.next-2, len(h.failed), h.counts.Line())
}

// known are seeds whose stories notice that a guard is missing.
func known() map[simulation.Mutation]uint64 {
	return map[simulation.Mutation]uint64{
		simulation.IgnoreAge: 3, simulation.BelieveParts: 3, simulation.IgnoreLimits: 0, simulation.LoseIntents: 1, simulation.LockApart: 12,
		simulation.IgnoreFreeze: 2, simulation.ReadOnce: 12, simulation.IgnoreDevices: 1, simulation.Unprotect: 0, simulation.BelieveErrors: 2,
	}
}

func TestEachMutationIsCaughtByItsSeed(t *testing.T) {
	for mutation, seed := range known() {
		t.Run(string(mutation), func(t *testing.T) {
			if caught(mutation, play(t, 0, simulation.Imagine(seed), mutation)) == "" {
				t.Errorf("the story of seed %d does not notice: search for one with make simulate MUTATION=%s", seed, mutation)
			}
		})
	}
}

// caught returns the violation that a mutation is caught by, "" for none.
func caught(mutation simulation.Mutation, played simulation.Played) string {
	for _, violation := range played.Broken {
		if slices.Contains(simulation.Mutations()[mutation], violation.Promise) {
			return violation.String()
		}
	}
	return ""
}

func TestMutation(t *testing.T) {
	if *mutationFlag == "" {
		t.Skip("no -mutation is given")
	}
	for _, name := range strings.Split(*mutationFlag, ",") {
		t.Run(name, func(t *testing.T) { searchMutation(t, simulation.Mutation(name)) })
	}
}

// searchMutation looks for a seed whose story notices a mutation, for a minute.
func searchMutation(t *testing.T, mutation simulation.Mutation) {
	begin := time.Now()
	isCaught := false
	seed := *fromFlag
	search(t, mutation, func() (uint64, bool) {
		seed++
		return seed - 1, !isCaught && time.Since(begin) < time.Minute
	}, func(story *simulation.Story, played simulation.Played) {
		if violation := caught(mutation, played); violation != "" && !isCaught {
			isCaught = true
			t.Logf("seed %d, after %v: %s", story.Seed, time.Since(begin).Round(time.Millisecond), violation)
		}
	})
	if !isCaught {
		t.Error("not caught within a minute")
	}
}
