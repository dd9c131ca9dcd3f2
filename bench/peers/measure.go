package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seatsync/seatsync/bench"
)

// harness is where everything is built and written.
type harness struct {
	directory string
	serial    int
}

// program returns the path of something that was built.
func (b *harness) program(name string) string { return filepath.Join(b.directory, name) }

// emptyDirectory makes a directory that nothing was written to yet.
func (b *harness) emptyDirectory() string {
	b.serial++
	path := filepath.Join(b.directory, "run-"+strconv.Itoa(b.serial))
	check(os.Mkdir(path, 0o700))
	return path
}

// usage is what one run of a program took.
type usage struct {
	wall, cpu time.Duration
	// peak is the most memory that the process had resident, in bytes.
	peak int64
	// requests are what the sandbox was asked for, by method; "429" are those that it refused.
	requests map[string]int
	// failure is why the program did not end well; "" when it did.
	failure string
}

// total is the number of requests.
func (u usage) total() int {
	return u.requests[http.MethodGet] + u.requests[http.MethodPatch] + u.requests[http.MethodPut]
}

// job is a program to run.
type job struct {
	program string
	args    []string
	// server, when not nil, is the API that the program is to use.
	server *server
	// state, when not empty, is the state directory; otherwise it is a new one.
	state string
	// mayFail is true where failing is what is to be seen.
	mayFail bool
}

// once runs a job and measures it.
//
// A process inherits the peak of the one that starts it, until its own is higher. This one holds next to nothing for
// that reason: people are written one by one.
func (b *harness) once(j job) usage {
	command := exec.Command(b.program(j.program), j.args...)
	command.Env = append(os.Environ(), "CLOUDFLARE_API_TOKEN=token-of-the-benchmarks", "SEATSYNC_STATE_DIR="+cmp.Or(j.state, b.emptyDirectory()))
	if j.server != nil {
		command.Env = append(command.Env, "CLOUDFLARE_BASE_URL="+j.server.url+"/client/v4")
	}
	var failure bytes.Buffer
	command.Stderr = &failure
	begin := time.Now()
	err := command.Run()
	measured := usage{wall: time.Since(begin)}
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed) && j.mayFail:
		measured.failure = strings.TrimSpace(failure.String())
	case err != nil:
		check(fmt.Errorf("%s %s: %w: %s", j.program, strings.Join(j.args, " "), err, failure.String()))
	}
	measured.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if resources, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		measured.peak = int64(resources.Maxrss)
		if runtime.GOOS != "darwin" { // there alone it is in bytes
			measured.peak <<= 10
		}
	}
	if j.server != nil {
		measured.requests = j.server.counts()
	}
	return measured
}

// best runs each job several times, taking turns, and returns the least time of each, since what else the machine does
// can only add to it, and the median of the memory, which depends on when garbage is collected.
func (b *harness) best(times int, jobs ...job) []usage {
	results := make([]usage, len(jobs))
	peaks := make([][]int64, len(jobs))
	for round := range times {
		for i, j := range jobs {
			measured := b.once(j)
			peaks[i] = append(peaks[i], measured.peak)
			if round > 0 {
				measured.wall = min(measured.wall, results[i].wall)
				measured.cpu = min(measured.cpu, results[i].cpu)
			}
			results[i] = measured
		}
	}
	for i := range results {
		slices.Sort(peaks[i])
		results[i].peak = peaks[i][times/2]
	}
	return results
}

// server is a sandbox in a process of its own.
type server struct {
	command *exec.Cmd
	url     string
}

// serve starts a sandbox with so many people. A quota of 0 is none.
func (b *harness) serve(users int, latency time.Duration, quota int, more ...string) *server {
	args := []string{"-users", strconv.Itoa(users), "-latency", latency.String(), "-quota", strconv.Itoa(quota)}
	command := exec.Command(b.program("server"), append(args, more...)...)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	check(err)
	check(command.Start())
	s := &server{command: command}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		s.stop()
		check(fmt.Errorf("the server did not start: %w", err))
	}
	s.url = strings.TrimSpace(line)
	return s
}

// stop ends the server. It was asked to, so that it was killed is no news.
func (s *server) stop() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

// counts returns the requests since it was last called.
func (s *server) counts() (counts map[string]int) {
	response, err := http.Get(s.url + "/counts")
	check(err)
	defer response.Body.Close()
	check(json.NewDecoder(response.Body).Decode(&counts))
	return counts
}

// files writes the desired state of a wish and returns the path of the first file.
func (b *harness) files(wish bench.Wish, perFile int) string {
	root, err := wish.Write(b.emptyDirectory(), perFile)
	check(err)
	return root
}
