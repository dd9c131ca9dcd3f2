package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seatsync/seatsync/bench"
)

// How many people each account of a fleet has, and how many of them its file lists.
const (
	fleetUsers  = 200
	fleetListed = 20
)

// recording is how long the first daemon of a fleet takes at most for the records that the measured one finds.
const recording = 10 * time.Minute

// fleetOf measures a daemon of so many accounts, each of which makes a run within the span: how it starts when all
// accounts have records, what its pages take, and what memory it needs for a run of each.
func fleetOf(accounts int, span time.Duration) func(b *harness) []row {
	return func(b *harness) []row {
		s := b.serve(fleetUsers, 0, 0, "-any-account")
		defer s.stop()
		pattern, tokens := b.fleetFiles(accounts)
		state := b.emptyDirectory()
		start := func(span time.Duration) *daemon {
			return b.startDaemon(state, s, tokens, "-f", pattern, "--run-at-start", "--jitter", span.String())
		}
		first := start(min(span, recording))
		defer first.stop()
		first.await(accounts)
		first.stop()
		d := start(span)
		defer d.stop()
		d.await(accounts)
		metrics, metricsSize := d.best("/metrics")
		page, pageSize := d.best("/")
		latest := d.latest()
		what := fmt.Sprintf("daemon of %d accounts, ", accounts)
		return []row{
			{what: what + "start with records of all", target: "< 10 s", ours: seconds(d.started), holds: d.started < 10*time.Second},
			{
				what: what + "/metrics", target: "< 300 ms for each 1,000", ours: fmt.Sprintf("%s, %d kB", seconds(metrics), metricsSize/1000),
				holds: metrics < time.Duration(accounts)*300*time.Microsecond,
			},
			{what: what + "page", ours: fmt.Sprintf("%s, %d kB", seconds(page), pageSize/1000)},
			{what: what + "peak memory over a run of each", target: "< 1 GiB", ours: mebibytes(d.peak()), holds: d.peak() < 1<<30},
			lateness(what, span, latest),
		}
	}
}

// lateness is the row of how late runs begin. Without a span all are due at once, so that they wait for each other.
func lateness(what string, span, latest time.Duration) row {
	r := row{what: what + "the latest begin of a run after it was due", ours: seconds(latest), holds: latest < time.Minute}
	if span > 0 {
		r.what += fmt.Sprintf(", spread over %v", span)
		r.target = "< 1 min"
	}
	return r
}

// fleetFiles writes a file for each account of a fleet, with a token of its own, and returns a pattern of them and the
// variables with the tokens.
func (b *harness) fleetFiles(accounts int) (pattern string, tokens []string) {
	directory := b.emptyDirectory()
	for i := range accounts {
		text := fmt.Appendf(nil, "version: 1\naccount: %032x\naccount_token_env: TOKEN_%d\nschedule:\n  - {cron: '@daily', mode: dry-run}\nusers:\n", i+1, i)
		for j := range fleetListed {
			text = bench.NewPerson(j).AppendYAML(text)
		}
		check(os.WriteFile(filepath.Join(directory, fmt.Sprintf("%05d.yaml", i)), text, 0o600))
		tokens = append(tokens, fmt.Sprintf("TOKEN_%d=token-%d", i, i))
	}
	return filepath.Join(directory, "*.yaml"), tokens
}

// daemon is seatsync run in a process of its own.
type daemon struct {
	command *exec.Cmd
	url     string
	log     string // the path
	started time.Duration
	stopped bool
}

// startDaemon starts a daemon, and waits until it serves.
func (b *harness) startDaemon(state string, s *server, environment []string, args ...string) *daemon {
	d := &daemon{log: filepath.Join(b.directory, "daemon.log")}
	log, err := os.Create(d.log)
	check(err)
	defer log.Close()
	d.command = exec.Command(b.program("seatsync"), append([]string{"run", "--listen", "127.0.0.1:0"}, args...)...)
	d.command.Env = append(os.Environ(), "SEATSYNC_STATE_DIR="+state, "CLOUDFLARE_BASE_URL="+s.url+"/client/v4")
	d.command.Env = append(d.command.Env, environment...)
	d.command.Stderr = log
	begin := time.Now()
	check(d.command.Start())
	address := regexp.MustCompile(`msg=serving address=(\S+)`)
	for time.Since(begin) < 5*time.Minute {
		if found := address.FindStringSubmatch(d.logged()); found != nil {
			d.url, d.started = "http://"+found[1], time.Since(begin)
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.stop()
	check(errors.New("the daemon did not serve within five minutes"))
	return nil
}

func (d *daemon) logged() string {
	text, err := os.ReadFile(d.log)
	check(err)
	return string(text)
}

// await waits until so many runs have ended.
func (d *daemon) await(runs int) {
	for strings.Count(d.logged(), `msg="run ended"`) < runs {
		time.Sleep(time.Second)
	}
}

// latest returns how long after it was due a run began at most.
func (d *daemon) latest() (latest time.Duration) {
	for _, found := range regexp.MustCompile(`msg="run started".* late=(\S+)`).FindAllStringSubmatch(d.logged(), -1) {
		late, err := time.ParseDuration(found[1])
		check(err)
		latest = max(latest, late)
	}
	return latest
}

// best returns the least time that a page takes, and how many bytes it has.
func (d *daemon) best(path string) (least time.Duration, size int) {
	for round := range often {
		var took time.Duration
		if took, size = d.fetch(path); round == 0 || took < least {
			least = took
		}
	}
	return least, size
}

// fetch returns the time that a page takes, and how many bytes it has.
func (d *daemon) fetch(path string) (took time.Duration, size int) {
	begin := time.Now()
	response, err := http.Get(d.url + path)
	check(err)
	text, err := io.ReadAll(response.Body)
	check(err)
	check(response.Body.Close())
	return time.Since(begin), len(text)
}

// peak is the most memory that the process has had resident so far, in bytes; 0 where the system does not say.
func (d *daemon) peak() int64 {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", d.command.Process.Pid))
	if err != nil {
		return 0
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if text, isPeak := strings.CutPrefix(lines.Text(), "VmHWM:"); isPeak {
			kibibytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
			check(err)
			return kibibytes << 10
		}
	}
	return 0
}

// stop ends the daemon as a service manager does, unless it has ended.
func (d *daemon) stop() {
	if d.stopped {
		return
	}
	d.stopped = true
	_ = d.command.Process.Signal(syscall.SIGTERM)
	_ = d.command.Wait() // how it ends is not what is measured
}
