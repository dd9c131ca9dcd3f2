package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// daemonProcess is the program as the system runs it, with the lines of its log.
type daemonProcess struct {
	t       *testing.T
	command *exec.Cmd
	lines   chan string
	read    []string
}

// startDaemon starts the program in a directory.
func startDaemon(t *testing.T, directory string, env []string, args ...string) *daemonProcess {
	t.Helper()
	program, err := exec.LookPath("seatsync")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Dir, command.Env = directory, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + directory}, env...)
	return startProcess(t, command)
}

// startProcess starts a command that runs the program until it is told to end.
func startProcess(t *testing.T, command *exec.Cmd) *daemonProcess {
	t.Helper()
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &daemonProcess{t: t, command: command, lines: make(chan string, 1000)}
	go func() {
		defer close(p.lines)
		for scanner := bufio.NewScanner(log); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		for range p.lines { // until the pipe is closed
		}
	})
	return p
}

// until waits for a line of the log that matches, and returns its groups.
func (p *daemonProcess) until(pattern string) []string {
	p.t.Helper()
	expression, patience := regexp.MustCompile(pattern), time.After(20*time.Second)
	for {
		select {
		case line, open := <-p.lines:
			if !open {
				p.t.Fatalf("the program ended before it said %s:\n%s", pattern, strings.Join(p.read, "\n"))
			}
			p.read = append(p.read, line)
			if match := expression.FindStringSubmatch(line); match != nil {
				return match
			}
		case <-patience:
			p.t.Fatalf("the program never said %s:\n%s", pattern, strings.Join(p.read, "\n"))
		}
	}
}

// end sends a signal and returns the exit code.
func (p *daemonProcess) end(signal os.Signal) int {
	p.t.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	for line := range p.lines {
		p.read = append(p.read, line)
	}
	_ = p.command.Wait() // the code says it
	return p.command.ProcessState.ExitCode()
}

// accountForRuns serves a sandbox and returns it with the environment for it.
func accountForRuns(t *testing.T, options sandbox.Options) (*sandbox.Sandbox, []string) {
	t.Helper()
	options.Quota = &sandbox.Quota{}
	box, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	t.Cleanup(func() {
		box.Close()
		server.Close()
	})
	return box, []string{"CLOUDFLARE_BASE_URL=" + server.URL + sandbox.BasePath, "CLOUDFLARE_API_TOKEN=token-of-the-daemon"}
}

// fetch returns the response of an endpoint.
func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	// Under another name first, as editors and ConfigMaps do it.
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// fileForRuns asks for one rename of somebody in the cast.
const fileForRuns = `version: 1
account: ` + sandbox.MainAccount + `
license: {purchased: 200, price: 7.00, currency: USD}
schedule:
  - {cron: "%s", mode: %s}
users:
  - {email: countess@example.com, name: %s}
`

// ada is somebody to rename.
func ada(t *testing.T, box *sandbox.Sandbox) {
	t.Helper()
	box.Put(sandbox.MainAccount, sandbox.Record{
		ID: sandbox.Value("ada"), SeatUID: sandbox.Value("ada-seat"), Email: sandbox.Value("countess@example.com"), Name: sandbox.Value("Ada"),
		AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(false),
	})
}

func nameOfAda(t *testing.T, box *sandbox.Sandbox) string {
	t.Helper()
	record, there := box.UserByEmail(sandbox.MainAccount, "countess@example.com")
	if !there {
		t.Fatal("ada has gone")
	}
	name, _ := record.Name.Get()
	return name
}

func TestTheDaemonFromStartToEnd(t *testing.T) {
	t.Parallel()
	box, env := accountForRuns(t, sandbox.Options{Users: 20})
	ada(t, box)
	directory := t.TempDir()
	file := filepath.Join(directory, "desired-state.yaml")
	writeFile(t, file, fmt.Sprintf(fileForRuns, "*/1 * * * * *", "apply", "Ada Lovelace"))
	p := startDaemon(t, directory, env, "run", "--listen", "127.0.0.1:0")
	base := "http://" + p.until(`msg=serving address=(\S+)`)[1]
	run := p.until(`msg="run ended" run=(\S+) .*mode=apply result=done .*applied=1`)[1]

	if name := nameOfAda(t, box); name != "Ada Lovelace" {
		t.Errorf("she is called %q", name)
	}
	for path, want := range map[string]string{
		"/healthz": "ok", "/readyz": "ok",
		"/metrics":         `seatsync_changes_total{account="` + sandbox.MainAccount + `",kind="rename",status="applied"} 1`,
		"/":                "All is well: the last run succeeded",
		"/runs/" + run:     "Ada Lovelace",
		"/api/v1/runs":     `"id": "` + run + `"`,
		"/runs/none":       "No such run is recorded",
		"/api/v1/runs?x=1": `"monthly_cost": "`,
	} {
		if _, body := fetch(t, base+path); !strings.Contains(body, want) {
			t.Errorf("%s does not say %s:\n%.600s", path, want, body)
		}
	}

	// A broken file fails the run, and the next one recovers.
	writeFile(t, file, "version: 1\nusers: [")
	p.until(`level=ERROR msg="run ended" .*result=failed`)
	if code, body := fetch(t, base+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "desired-state.yaml:2") {
		t.Errorf("ready with a broken file: %d %s", code, body)
	}
	writeFile(t, file, fmt.Sprintf(fileForRuns, "*/1 * * * * *", "apply", "Ada King"))
	p.until(`msg="run ended" .*result=done .*applied=1`)
	if code, _ := fetch(t, base+"/readyz"); code != http.StatusOK || nameOfAda(t, box) != "Ada King" {
		t.Error("the run after a broken file does not recover")
	}

	// The schedule of the file is followed; SIGHUP reads it now.
	writeFile(t, file, fmt.Sprintf(fileForRuns, "0 6 * * *", "dry-run", "Ada King"))
	if err := p.command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.until(`msg="schedule read" .*mode=dry-run`)
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	log := strings.Join(p.read, "\n")
	if !strings.Contains(log, "msg=stopped") || strings.Contains(log, "token-of-the-daemon") {
		t.Error(log)
	}
	found, err := recordedIn(t, directory).Read(run)
	if err != nil || found.Mode != reconcile.ModeApply || found.Result != reconcile.ResultDone {
		t.Errorf("the record: %+v %v", found, err)
	}
}

func TestADryRunOfTheDaemonLeavesARecordAndWritesNothing(t *testing.T) {
	t.Parallel()
	box, env := accountForRuns(t, sandbox.Options{Users: 20})
	ada(t, box)
	directory := t.TempDir()
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), fmt.Sprintf(fileForRuns, "@daily", "apply", "Ada Lovelace"))
	p := startDaemon(t, directory, env, "run", "--listen", "127.0.0.1:0", "--cron", "*/1 * * * * *")
	base := "http://" + p.until(`msg=serving address=(\S+)`)[1]
	run := p.until(`msg="run ended" run=(\S+) .*mode=dry-run result=done .*applied=0 pending=1`)[1]
	_, body := fetch(t, base+"/")
	if !strings.Contains(body, "rename 1 user") {
		t.Error("the status page does not say what the apply will do")
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, request := range box.Requests() {
		if request.Method != http.MethodGet {
			t.Errorf("a dry run sent %s", request.Method)
		}
	}
	found, err := recordedIn(t, directory).Read(run)
	if err != nil || found.Mode != reconcile.ModeDryRun || found.Plan == nil || found.Plan.Run != nil || found.Result != reconcile.ResultDone {
		t.Errorf("the record: %+v %v", found, err)
	}

	// What is recorded is there after a restart, before anything has run.
	p = startDaemon(t, directory, env, "run", "--listen", "127.0.0.1:0")
	base = "http://" + p.until(`msg=serving address=(\S+)`)[1]
	if code, _ := fetch(t, base+"/readyz"); code != http.StatusOK {
		t.Error("not ready after a restart")
	}
	_, body = fetch(t, base+"/api/v1/runs")
	var answer struct{ Runs []struct{ ID string } }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Runs) == 0 || !strings.Contains(body, run) {
		t.Errorf("%v %s", err, body)
	}
	_, metrics := fetch(t, base+"/metrics")
	if !strings.Contains(metrics, `seatsync_changes_pending{account="`+sandbox.MainAccount+`",kind="rename"} 1`) {
		t.Error(metrics)
	}
	p.end(syscall.SIGTERM)
}

func TestSIGTERMDrainsTheApplyThatIsGoingOn(t *testing.T) {
	t.Parallel()
	writing, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	box, env := accountForRuns(t, sandbox.Options{Users: 20, OnRequest: func(request sandbox.Request) {
		if request.Method == http.MethodPut {
			once.Do(func() {
				close(writing)
				<-goOn
			})
		}
	}})
	ada(t, box)
	directory := t.TempDir()
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), fmt.Sprintf(fileForRuns, "*/1 * * * * *", "apply", "Ada Lovelace"))
	p := startDaemon(t, directory, env, "run", "--listen", "off")
	p.until(`msg="run started"`)
	select {
	case <-writing:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was written")
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.until(`msg="stopping: no new run starts`)
	close(goOn)
	p.until(`msg="run ended" .*applied=1`)
	for line := range p.lines {
		p.read = append(p.read, line)
	}
	if err := p.command.Wait(); err != nil || nameOfAda(t, box) != "Ada Lovelace" {
		t.Errorf("%v, she is called %q\n%s", err, nameOfAda(t, box), strings.Join(p.read, "\n"))
	}
}

func TestMemoryStaysFlatOverManyRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	runs := manyRuns(t)
	box, env := accountForRuns(t, sandbox.Options{Users: 20, RequestLog: 10})
	ada(t, box)
	directory := t.TempDir()
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), fmt.Sprintf(fileForRuns, "@daily", "dry-run", "Ada Lovelace"))
	values := make(map[string]string)
	for _, pair := range env {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	a := &app{
		stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: func(key string) string { return values[key] }, clock: time.Now,
		file: filepath.Join(directory, "desired-state.yaml"), stateDir: filepath.Join(directory, "state"), logLevel: "error", baseURL: values["CLOUDFLARE_BASE_URL"],
		adjust: func(config *zerotrust.Config) { config.RateLimiter = nil }, // the quota would make it last for hours
	}
	flags := runFlags{applyFlags: applyFlags{planFlags: planFlags{allowReleases: -1}}}
	flags.requests = requestFlags{batchSize: 100, concurrency: 2, quotaShare: 100}
	flags.retention.Runs, flags.files = 20, []string{a.file}
	d, err := a.newDaemon(flags)
	if err != nil {
		t.Fatal(err)
	}
	var early uint64
	for i := range runs {
		if outcome := d.Once(context.Background(), reconcile.ModeDryRun)[0]; outcome.Err != nil {
			t.Fatal(outcome.Err)
		}
		if i == runs/10 {
			early = heapInUse()
		}
	}
	if late := heapInUse(); late > early+8<<20 {
		t.Errorf("after %d runs %d bytes are in use, after a tenth of them %d", runs, late, early)
	}
}

func TestSystemdIsTold(t *testing.T) {
	t.Parallel()
	_, env := accountForRuns(t, sandbox.Options{Users: 20})
	directory, err := os.MkdirTemp("", "s") // short: the name of a socket has room for 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(directory, "notify"), Net: "unixgram"})
	if err != nil {
		t.Skip("no unix sockets here: ", err)
	}
	defer socket.Close()
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), fmt.Sprintf(fileForRuns, "@daily", "dry-run", "Ada Lovelace"))
	p := startDaemon(t, directory, append(env, "NOTIFY_SOCKET="+socket.LocalAddr().String(), "WATCHDOG_USEC=400000"), "run", "--listen", "off")
	told := func() string {
		t.Helper()
		buffer := make([]byte, 4096)
		if err := socket.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := socket.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
	if text := told(); !strings.HasPrefix(text, "READY=1\n") {
		t.Errorf("first it was told %q", text)
	}
	if text := told(); text != "WATCHDOG=1" {
		t.Errorf("then %q", text)
	}
	if err := p.command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for !strings.HasPrefix(told(), "RELOADING=1\nMONOTONIC_USEC=") {
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for !strings.HasPrefix(told(), "STOPPING=1") {
	}
}

// recordedIn returns the records of the main account that a daemon in a directory has made.
func recordedIn(t *testing.T, directory string) *record.Store {
	t.Helper()
	return record.Open(filepath.Join(directory, ".seatsync"), sandbox.MainAccount)
}
