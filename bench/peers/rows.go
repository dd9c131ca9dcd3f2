package main

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/bench"
)

// groups are all rows, the quick ones first. One that is only measured when it is named comes last.
func groups() []group {
	return []group{
		{"start-up", startUp}, {"validate", validate}, {"requests", planRequests}, {"usage", usageOfMany}, {"everything", everything},
		{"records", records}, {"reports", reports}, {"fleet", fleetOf(1000, 0)}, {"million", aMillion}, {"plan", planWithLatency}, {"apply", applyWithLatency}, {"quota", quota},
		{throttled, throttledSDK}, {tenThousand, fleetOf(10_000, time.Hour)},
	}
}

// group is some rows that are measured together.
type group struct {
	name    string
	measure func(b *harness) []row
}

// The groups that are measured only when they are named: the first takes five minutes, the second seventy.
const (
	throttled   = "throttled"
	tenThousand = "fleet-10000"
)

// often is how often what takes seconds is measured.
const often = 5

func startUp(b *harness) []row {
	results := b.best(4*often, job{program: "seatsync", args: []string{"version"}})
	took := results[0].wall
	return []row{{
		what: "start-up of `version`", target: "< 10 ms", ours: seconds(took), holds: took < 10*time.Millisecond,
	}}
}

// validate reads 100,000 users from one file and from four.
func validate(b *harness) []row {
	const users = 100_000
	var rows []row
	for _, files := range []int{1, 4} {
		root := b.files(bench.Wish{Users: users}, users/files)
		results := b.best(often,
			job{program: "seatsync", args: []string{"validate", "-f", root}},
			job{program: "yamlv3", args: teams(root, files)})
		ours, peer := results[0], results[1]
		what := fmt.Sprintf("`validate` of 100,000 users in %d file", files)
		if files > 1 {
			what += "s"
		}
		rows = append(rows, faster(what, "≤ plain yaml.v3", ours.wall, peer.wall, 1),
			faster(what+", CPU", "", ours.cpu, peer.cpu, 0))
	}
	return rows
}

// teams returns the paths of the files that a first file includes.
func teams(root string, count int) []string {
	paths := make([]string, count)
	for i := range paths {
		paths[i] = strings.TrimSuffix(root, bench.Root) + fmt.Sprintf("team-%03d.yaml", i)
	}
	return paths
}

// plan is the job of planning from a file.
func plan(s *server, root string, more ...string) job {
	args := append([]string{"plan", "-f", root, "--now", bench.Now().Format(time.RFC3339)}, more...)
	return job{program: "seatsync", args: args, server: s}
}

// apply is the job of applying a file, by the clock of the machine.
func apply(s *server, root string, more ...string) job {
	return job{program: "seatsync", args: append([]string{"apply", "-f", root, "--yes"}, more...), server: s}
}

// sdk is the job of doing the same with the SDK.
func sdk(s *server, perPage int, more ...string) job {
	return job{program: "sdk", args: append([]string{"-per-page", strconv.Itoa(perPage)}, more...), server: s}
}

// largestPage is the largest page that the API is known to give; the SDK asks for none unless it is told to, and gets
// what the API gives by default.
const largestPage = 1000

func planRequests(b *harness) []row {
	var rows []row
	for _, users := range []int{999, 1000, 1001, 10_000, 12_345} {
		s := b.serve(users, 0, 1200)
		defer s.stop()
		root := b.files(bench.Wish{Users: users}, users)
		results := b.best(1, plan(s, root), sdk(s, largestPage), sdk(s, 0))
		want := (users + largestPage - 1) / largestPage
		rows = append(rows, row{
			what:   fmt.Sprintf("requests for a plan of %d users", users),
			target: strconv.Itoa(want),
			ours:   strconv.Itoa(results[0].total()),
			peer:   fmt.Sprintf("%d (per_page=1000), %d (as documented)", results[1].total(), results[2].total()),
			ratio:  fmt.Sprintf("%.1f×, %.0f×", float64(results[1].total())/float64(want), float64(results[2].total())/float64(want)),
			holds:  results[0].total() == want,
		})
	}
	return rows
}

// usageOfMany lists and plans 100,000 users without any latency.
func usageOfMany(b *harness) []row {
	const users = 100_000
	s := b.serve(users, 0, 0)
	defer s.stop()
	all := b.files(bench.Wish{Users: users, Releases: users / 100, Renames: users / 1000}, users/4)
	few := b.files(bench.Wish{Users: 100, Releases: 100}, 100)
	results := b.best(often, plan(s, all), plan(s, few), sdk(s, largestPage), sdk(s, 0))
	whole, part, large, documented := results[0], results[1], results[2], results[3]
	const cpu, memory = "CPU to list and plan 100,000 users, ", "peak memory, 100,000 users, "
	return []row{
		faster(cpu+"the files list 100; SDK lists only, as documented", "≤ 1/3", part.cpu, documented.cpu, 3),
		faster(cpu+"the files list all; SDK lists only, as documented", "≤ 1/3", whole.cpu, documented.cpu, 3),
		faster(cpu+"the files list 100; SDK lists only, per_page=1000", "≤ 1/3", part.cpu, large.cpu, 3),
		faster(cpu+"the files list all; SDK lists only, per_page=1000", "", whole.cpu, large.cpu, 3),
		less(memory+"the files list 100; SDK keeps the list, as documented", part.peak, documented.peak),
		less(memory+"the files list 100; SDK keeps the list, per_page=1000", part.peak, large.peak),
		less(memory+"the files list all; SDK keeps the list, as documented", whole.peak, documented.peak),
		less(memory+"the files list all; SDK keeps the list, per_page=1000", whole.peak, large.peak),
	}
}

// Everything that a plan can be asked for at once: so many devices are registered, and so many groups there are.
const (
	everythingUsers   = 100_000
	everythingDevices = 60_000
	everythingGroups  = 20
)

// everything plans with evidence of devices, a roster, groups, a base and whatif, and without any of them.
func everything(b *harness) []row {
	s := b.serve(everythingUsers, 0, 0, "-registrations", strconv.Itoa(everythingDevices))
	defer s.stop()
	wish := bench.Wish{Users: everythingUsers, Releases: everythingUsers / 100, Renames: everythingUsers / 1000}
	plain, base, full := b.files(wish, everythingUsers/4), b.files(bench.Wish{Users: everythingUsers}, everythingUsers/4), b.files(wish, everythingUsers/4)
	check(addEverything(full))
	results := b.best(often, plan(s, plain), plan(s, full, "--base", base), job{
		program: "seatsync", args: []string{"whatif", "-f", full, "--now", bench.Now().Format(time.RFC3339)}, server: s,
	})
	alone, whole, whatif := results[0], results[1], results[2]
	const what = "plan of 100,000 users with 60,000 devices, a roster, 20 groups and --base"
	ratio := float64(whole.cpu) / float64(alone.cpu)
	const requests = everythingUsers/largestPage + everythingDevices/largestPage
	return []row{
		{what: what + ", CPU to that of a plan without", target: "≤ 2×", ours: seconds(whole.cpu), peer: seconds(alone.cpu), ratio: fmt.Sprintf("%.1f×", ratio), holds: ratio <= 2},
		{what: what + ", peak memory", target: "< 256 MiB", ours: mebibytes(whole.peak), peer: mebibytes(alone.peak), holds: whole.peak < 256<<20},
		{what: what + ", requests", target: strconv.Itoa(requests), ours: strconv.Itoa(whole.total()), holds: whole.total() == requests},
		{what: "whatif of the same", target: "< 256 MiB", ours: seconds(whatif.cpu) + ", " + mebibytes(whatif.peak), holds: whatif.peak < 256<<20},
	}
}

// addEverything adds groups, a roster and a rule about inactivity to a file.
func addEverything(root string) error {
	text := strings.TrimSuffix(bench.Header, "\n") + "\n  inactive: {after: 50d}\n  departed: report\n  groups:\n"
	for i := range everythingGroups {
		text += fmt.Sprintf("    - {name: group-%d, roster: [Department %d], inactive: {after: %dd}}\n", i, i, 50+i%10)
	}
	text += "roster: {file: people.csv, email: Login, group: Department, complete: true}\ninclude: [team-*.yaml]\n"
	people := []byte("Login,Department\n")
	for i := range everythingUsers {
		people = fmt.Appendf(people, "%s,Department %d\n", bench.NewPerson(i).Email, i%everythingGroups)
	}
	err := os.WriteFile(filepath.Join(filepath.Dir(root), "people.csv"), people, 0o600)
	return cmp.Or(err, os.WriteFile(root, []byte(text), 0o600))
}

// recordedRuns is how many records there are of what looks back.
const recordedRuns = 10_000

// records reads what ten thousand applies have recorded.
func records(b *harness) []row {
	state := b.emptyDirectory()
	output, err := exec.Command(b.program("records"), state, strconv.Itoa(recordedRuns)).Output()
	check(err)
	last := strings.TrimSpace(string(output))
	look := func(command ...string) job {
		return job{program: "seatsync", args: append(command, "--account", bench.Account), state: state}
	}
	savings, history := look("savings", "--now", last), look("history")
	unindexed := b.once(savings)
	results := b.best(often, savings, history)
	rows := []row{
		readingRecords("`savings`", results[0]), readingRecords("`history`", results[1]),
		{what: "`savings` over 10,000 records when there is no index yet", ours: seconds(unindexed.wall) + ", " + mebibytes(unindexed.peak)},
	}
	s := b.serve(20, 0, 0)
	defer s.stop()
	root := b.files(bench.Wish{Users: 20}, 20)
	check(appendTo(root, "schedule:\n  - {cron: '@yearly', mode: dry-run}\n"))
	var first usage
	for round := range often {
		d := b.startDaemon(state, s, []string{"CLOUDFLARE_API_TOKEN=token-of-the-benchmarks"}, "-f", root)
		took, _ := d.fetch("/")
		first.peak = max(first.peak, d.peak())
		if round == 0 || took < first.wall {
			first.wall = took
		}
		d.stop()
	}
	return append(rows, readingRecords("status page, when it is first asked for,", first))
}

// readingRecords is the row of something that reads ten thousand records.
func readingRecords(what string, took usage) row {
	return row{
		what: what + " over 10,000 records", target: "< 300 ms, < 128 MiB", ours: seconds(took.wall) + ", " + mebibytes(took.peak),
		holds: took.wall < 300*time.Millisecond && took.peak < 128<<20,
	}
}

// appendTo adds text to a file.
func appendTo(path, text string) error {
	data, err := os.ReadFile(path)
	return cmp.Or(err, os.WriteFile(path, append(data, text...), 0o600))
}

// reports writes a plan of 30,000 changes in each format.
func reports(b *harness) []row {
	const users = 30_000
	s := b.serve(users, 0, 0)
	defer s.stop()
	root := b.files(bench.Wish{Users: users, Releases: users}, users)
	formats := []string{"github", "text", "json", "csv", "markdown", "html"}
	var jobs []job
	for _, format := range formats {
		jobs = append(jobs, plan(s, root, "--format", format))
	}
	results := b.best(often, jobs...)
	var rows []row
	for i, format := range formats[1:] {
		more := results[i+1].peak - results[0].peak
		rows = append(rows, row{
			what: fmt.Sprintf("peak memory of a plan with 30,000 changes in %s, above that in the shortest format", format), target: "< 32 MiB",
			ours: mebibytes(results[i+1].peak), peer: mebibytes(results[0].peak), ratio: mebibytes(max(0, more)), holds: more < 32<<20,
		})
	}
	return rows
}

// aMillion plans a million users from twenty files that list all of them, and a tenth of it in the same way.
func aMillion(b *harness) []row {
	const perFile = 50_000
	var peaks []int64
	for _, users := range []int{100_000, 1_000_000} {
		s := b.serve(users, 0, 0)
		defer s.stop()
		root := b.files(bench.Wish{Users: users, Releases: users / 100, Renames: users / 1000}, perFile)
		// A thousand pages are within the documented quota, but not within the share of it that is taken by default.
		measured := b.once(plan(s, root, "--quota-share", "100"))
		peaks = append(peaks, measured.peak)
	}
	growth := float64(peaks[1]) / float64(peaks[0])
	return []row{
		{
			what: "peak memory, 1,000,000 users, the files list all", target: "≤ 897 MiB",
			ours: mebibytes(peaks[1]), holds: peaks[1]>>20 <= 897,
		},
		{
			what: "peak memory of 1,000,000 users to that of 100,000", target: "linear: ≤ 12×", ours: fmt.Sprintf("%.1f×", growth),
			holds: growth <= 12, // what garbage there is when makes some difference
		},
	}
}

// planWithLatency plans 10,000 users from an API that takes its time.
func planWithLatency(b *harness) []row {
	const users = 10_000
	s := b.serve(users, 100*time.Millisecond, 0)
	defer s.stop()
	root := b.files(bench.Wish{Users: users, Releases: 100, Renames: 100}, users)
	results := b.best(often, plan(s, root), sdk(s, largestPage))
	documented := b.once(sdk(s, 0))
	const what = "plan of 10,000 users, 100 ms latency; SDK "
	return []row{
		faster(what+"as documented", "≥ 5×", results[0].wall, documented.wall, 5),
		faster(what+"per_page=1000", "≥ 5×", results[0].wall, results[1].wall, 5),
	}
}

// What an apply is measured with: how many users there are, how many of them change, and what the API is like.
const (
	applyUsers      = 10_000
	applyReleases   = 2000
	applyRenames    = 200
	applyLatency    = 50 * time.Millisecond
	documentedQuota = 1200 // requests in five minutes
	batch           = 100  // seats in one request
)

// onceAnew runs a job on an account to which nothing has been done yet, and so with a server of its own.
func (b *harness) onceAnew(quota int, makeJob func(s *server) job) usage {
	s := b.serve(applyUsers, applyLatency, quota)
	defer s.stop()
	return b.once(makeJob(s))
}

// applyBySDK is the job of making the changes with the SDK, so many seats in one call.
func applyBySDK(perCall int) func(s *server) job {
	return func(s *server) job {
		return sdk(s, largestPage, "-release", strconv.Itoa(applyReleases), "-rename", strconv.Itoa(applyRenames),
			"-per-call", strconv.Itoa(perCall))
	}
}

// applyWithLatency releases 2,000 seats and renames 200 users. Seatsync does so under the documented quota; with one
// call a seat, the SDK would spend most of the time waiting for it.
func applyWithLatency(b *harness) []row {
	root := b.files(bench.Wish{Users: applyUsers, Releases: applyReleases, Renames: applyRenames}, applyUsers)
	var ours usage
	refused := 0
	for round := range often {
		measured := b.onceAnew(documentedQuota, func(s *server) job { return apply(s, root) })
		refused += measured.requests["429"]
		if round > 0 {
			measured.wall = min(measured.wall, ours.wall)
		}
		ours = measured
	}
	single := b.onceAnew(0, applyBySDK(1))
	batched := b.onceAnew(0, applyBySDK(batch))
	const what = "apply of 2,000 seats and 200 renames, 50 ms latency; SDK "
	const wantPatch = (applyReleases + batch - 1) / batch
	reads := ours.requests[http.MethodGet] - applyUsers/largestPage
	return []row{
		{
			what: "requests for an apply of 2,000 seats and 200 renames", target: fmt.Sprintf("%d PATCH, %d PUT", wantPatch, applyRenames),
			ours: writes(ours), peer: writes(single),
			ratio: fmt.Sprintf("%.0f×", float64(applyReleases+applyRenames)/(wantPatch+applyRenames)),
			holds: ours.requests[http.MethodPatch] == wantPatch && ours.requests[http.MethodPut] == applyRenames,
		},
		faster(what+"one call a seat, without any quota", "≥ 30×", ours.wall, single.wall, 30),
		{
			what: "reads in such an apply beyond the listing", target: "0",
			ours: strconv.Itoa(reads), holds: reads == 0,
		},
		faster(what+"one call per 100 seats", "", ours.wall, batched.wall, 10),
		{
			what: "answers 429 in these applies, under the documented quota", target: "0",
			ours: strconv.Itoa(refused), holds: refused == 0,
		},
	}
}

// quota makes 900 requests, of the 1,200 that the API takes in five minutes: 10 that list and 890 that rename.
func quota(b *harness) []row {
	const renames, requests = 890, 900
	s := b.serve(applyUsers, 0, documentedQuota)
	defer s.stop()
	root := b.files(bench.Wish{Users: 10 * renames, Renames: renames}, applyUsers)
	measured := b.once(apply(s, root))
	const what = "apply of 890 renames to 10,000 users, under the documented quota, "
	return []row{
		{what: what + "requests", target: strconv.Itoa(requests), ours: strconv.Itoa(measured.total()), holds: measured.total() == requests},
		{what: what + "at 160 a second", target: "no wait for the next window", ours: seconds(measured.wall), holds: measured.wall < time.Minute},
		{what: what + "answers 429", target: "0", ours: strconv.Itoa(measured.requests["429"]), holds: measured.requests["429"] == 0},
	}
}

// throttledSDK shows what becomes of one call a seat under the documented quota.
func throttledSDK(b *harness) []row {
	measured := b.onceAnew(documentedQuota, func(s *server) job {
		j := applyBySDK(1)(s)
		j.mayFail = true
		return j
	})
	text := fmt.Sprintf("%d in %s", measured.requests["429"], seconds(measured.wall))
	if measured.failure != "" {
		text += fmt.Sprintf(", gave up after %d requests", measured.total())
	}
	return []row{{what: "answers 429 to the SDK, one call a seat, under the documented quota", peer: text}}
}

// writes says how many writing requests there were.
func writes(u usage) string {
	return fmt.Sprintf("%d PATCH, %d PUT", u.requests[http.MethodPatch], u.requests[http.MethodPut])
}
