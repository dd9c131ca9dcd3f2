package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// gitEnvironment is that of every git of these tests: nobody's settings.
func gitEnvironment() []string {
	env := []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1"}
	for _, role := range []string{"AUTHOR", "COMMITTER"} {
		env = append(env, "GIT_"+role+"_NAME=Ada", "GIT_"+role+"_EMAIL=ada@example.com")
	}
	return env
}

// newGitHub returns a repository with our workflows' actions and a release of this
// program, before the sandbox of an account.
func newGitHub(t *testing.T, baseURL string) *gitHub {
	t.Helper()
	for _, tool := range []string{"bash", "git", "jq", "tar", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			const missing = "the workflows are NOT tested: their steps need bash, git, jq, tar and sha256sum"
			if os.Getenv("CI") == "true" {
				t.Fatal(missing)
			}
			t.Skip(missing)
		}
	}
	directory := t.TempDir()
	g := &gitHub{
		t: t, folder: gitHubFolder(filepath.Join(directory, "github")), origin: filepath.Join(directory, "origin"), bin: filepath.Join(directory, "bin"),
		env: []string{"CLOUDFLARE_BASE_URL=" + baseURL},
		// The token that may write is that of the environment: nothing has it without approval.
		secrets: map[string]string{"CLOUDFLARE_API_TOKEN_READ": "token-that-may-read", "seats/CLOUDFLARE_API_TOKEN_WRITE": "token-that-may-write"},
	}
	for _, name := range []string{"github/artifacts", "github/release", "origin/.github/actions", "bin", "programs"} {
		check(t, os.MkdirAll(filepath.Join(directory, name), 0o700))
	}
	self, err := os.Executable()
	check(t, err)
	check(t, os.Symlink(self, filepath.Join(g.bin, "gh")))
	program := filepath.Join(directory, "programs", "seatsync")
	check(t, os.Symlink(self, program))
	g.release("seatsync_0.2.0_linux_amd64", "#!/bin/sh\nexec "+program+" \"$@\"\n")
	for name, from := range map[string]string{"seatsync-setup": "setup", "seatsync-state": "state"} {
		check(t, os.CopyFS(filepath.Join(g.origin, ".github/actions", name), os.DirFS("../../deploy/github/"+from)))
	}
	g.git("init", "--quiet", "--initial-branch=main")
	return g
}

// release puts a program into the one release, as ours have it.
func (g *gitHub) release(name, program string) {
	g.t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	check(g.t, archive.WriteHeader(&tar.Header{Name: name + "/seatsync", Mode: 0o755, Size: int64(len(program))}))
	_, err := archive.Write([]byte(program))
	check(g.t, err)
	check(g.t, archive.Close())
	check(g.t, zipped.Close())
	check(g.t, os.WriteFile(g.folder.path("release", name+".tar.gz"), packed.Bytes(), 0o600))
	sums := fmt.Sprintf("%x  %s.tar.gz\n", sha256.Sum256(packed.Bytes()), name)
	check(g.t, os.WriteFile(g.folder.path("release", "checksums.txt"), []byte(sums), 0o600))
}

func (g *gitHub) git(args ...string) string {
	g.t.Helper()
	command := exec.Command("git", args...)
	command.Dir, command.Env = g.origin, gitEnvironment()
	output, err := command.CombinedOutput()
	if err != nil {
		g.t.Fatalf("git %q: %v\n%s", args, err, output)
	}
	return strings.TrimSpace(string(output))
}

// commit writes the desired state on a branch and returns the commit.
func (g *gitHub) commit(branch, text string) string {
	g.t.Helper()
	g.git("checkout", "--quiet", "-B", branch)
	check(g.t, os.WriteFile(filepath.Join(g.origin, "desired-state.yaml"), []byte(text), 0o600))
	g.git("add", "--all")
	g.git("commit", "--quiet", "--allow-empty", "--message", "Change seats")
	return g.git("rev-parse", "HEAD")
}

// pullRequest is the event of one from a branch of this repository, or of a fork.
func pullRequest(commit, from string) event {
	return event{name: "Seats plan", ref: commit, isFork: from != "acme/seats", values: map[string]string{
		"github.workflow": "Seats plan", "github.ref_name": "7/merge", "github.base_ref": "main",
		"github.event.pull_request.number": "7", "github.event.pull_request.head.sha": commit, "github.event.pull_request.head.repo.full_name": from,
	}}
}

// onMain is the event of a merge, or with inputs that of somebody who starts a
// workflow by hand.
func onMain(workflow, commit string, inputs map[string]string) event {
	values := map[string]string{"github.workflow": workflow, "github.ref_name": "main"}
	for name, value := range inputs {
		values["inputs."+name] = value
	}
	return event{name: workflow, ref: commit, values: values}
}

// wants compares what became of jobs.
func wants(t *testing.T, got map[string]*jobResult, want map[string]string) {
	t.Helper()
	results := make(map[string]string)
	for name, result := range got {
		results[name] = result.result
	}
	if !maps.Equal(results, want) {
		t.Fatalf("jobs came to %v, want %v", results, want)
	}
}

// seatsFile is a desired state in which the first so many people give their seat back.
func seatsFile(policy string, releases int) string {
	text := "version: 1\naccount: " + sandbox.MainAccount + "\npolicy:\n  limits: {releases: 2, releases_per: {7d: 3}}\n" + policy + "users:\n"
	for i := range 10 {
		text += fmt.Sprintf("  - {email: p%d@example.com, access_seat: %t}\n", i, i >= releases)
	}
	return text
}

// TestTheWorkflowsFromAPullRequestToTheWayBack runs the steps of the workflows as they
// are written, one workflow run after another as a team has them.
func TestTheWorkflowsFromAPullRequestToTheWayBack(t *testing.T) {
	t.Parallel()
	box, env := accountForRuns(t, sandbox.Options{Users: 1, Seats: sandbox.SeatBehaviour{Grant: sandbox.ChangeTaken}})
	people := make([]sandbox.Record, 10)
	for i := range people {
		people[i] = sandbox.Record{
			ID: sandbox.Value(fmt.Sprintf("user-%d", i)), SeatUID: sandbox.Value(fmt.Sprintf("seat-%d", i)), Email: sandbox.Value(fmt.Sprintf("p%d@example.com", i)),
			Name: sandbox.Value(""), AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(false), LastSuccessfulLogin: sandbox.At(time.Now().Add(-time.Hour)),
		}
	}
	box.Replace(sandbox.MainAccount, people...)
	g := newGitHub(t, strings.TrimPrefix(env[0], "CLOUDFLARE_BASE_URL="))
	seatsTaken := func() (taken int) {
		for i := range people {
			record, _ := box.UserByEmail(sandbox.MainAccount, fmt.Sprintf("p%d@example.com", i))
			if has, _ := record.AccessSeat.Get(); has {
				taken++
			}
		}
		return taken
	}
	approved := 0
	g.approving = func() { approved++ }
	success, failure, skipped := "success", "failure", "skipped"
	g.commit("main", seatsFile("", 0))

	// A pull request from a fork is validated, without secrets and without a request.
	box.ForgetRequests()
	wants(t, g.run("seats-plan.yml", pullRequest(g.commit("fork", seatsFile("", 1)), "somebody/seats")), map[string]string{"validate": success, "plan": skipped})
	broken := g.run("seats-plan.yml", pullRequest(g.commit("fork", "version: 1\nusers: [\n"), "somebody/seats"))
	wants(t, broken, map[string]string{"validate": failure, "plan": skipped})
	if log := broken["validate"].log; !strings.Contains(log, "desired-state.yaml:") || len(box.Requests()) > 0 {
		t.Errorf("%d requests, and the log says\n%s", len(box.Requests()), log)
	}

	// One of a team gets a comment, which is updated; what others wrote stays.
	others := []comment{{ID: 1, Body: "looks good"}}
	check(t, g.folder.write(others, "comments.json"))
	g.git("checkout", "--quiet", "main")
	wants(t, g.run("seats-plan.yml", pullRequest(g.commit("change", seatsFile("", 1)), "acme/seats")), map[string]string{"validate": skipped, "plan": success})
	head := g.commit("change", seatsFile("", 2))
	wants(t, g.run("seats-plan.yml", pullRequest(head, "acme/seats")), map[string]string{"validate": skipped, "plan": success})
	var comments []comment
	check(t, g.folder.read(&comments, "comments.json"))
	if len(comments) != 2 || comments[0].Body != "looks good" || !strings.Contains(comments[1].Body, "p1@example.com") || !strings.HasSuffix(comments[1].Body, "<sub>For "+head+".</sub>\n") {
		t.Errorf("comments %+v", comments)
	}
	if seatsTaken() != 10 || approved != 0 {
		t.Fatalf("a pull request has applied something: %d seats, %d approvals", seatsTaken(), approved)
	}

	// It is merged: the plan is saved, approved and applied.
	merged := onMain("Seats apply", g.commit("main", seatsFile("", 2)), nil)
	done := g.run("seats-apply.yml", merged)
	wants(t, done, map[string]string{"plan": success, "apply": success})
	if seatsTaken() != 8 || approved != 1 || !strings.Contains(done["apply"].summary, "pplied 2 changes") {
		t.Fatalf("%d seats, %d approvals, summary\n%s", seatsTaken(), approved, done["apply"].summary)
	}

	// The next working day nothing is new, and the run is recorded.
	wants(t, g.run("seats-dry-run.yml", onMain("Seats dry run", "main", nil)), map[string]string{"plan": success})
	second := g.run("seats-dry-run.yml", onMain("Seats dry run", "main", nil))
	wants(t, second, map[string]string{"plan": success})
	if !strings.Contains(second["plan"].summary, "Nothing new since the plan of") {
		t.Errorf("summary\n%s", second["plan"].summary)
	}

	// More than the limit of a run: red, and nobody is asked to approve nothing.
	tripped := g.run("seats-apply.yml", onMain("Seats apply", g.commit("main", seatsFile("", 5)), nil))
	wants(t, tripped, map[string]string{"plan": failure, "apply": skipped})
	if seatsTaken() != 8 || approved != 1 || !strings.Contains(tripped["plan"].summary, "`--allow-releases` 3 releases them") {
		t.Fatalf("%d seats, %d approvals, summary\n%s", seatsTaken(), approved, tripped["plan"].summary)
	}
	// Somebody lets them through, and somebody approves that.
	wants(t, g.run("seats-apply.yml", onMain("Seats apply", "main", map[string]string{"allow_releases": "3"})), map[string]string{"plan": success, "apply": success})
	if seatsTaken() != 5 || approved != 2 {
		t.Fatalf("%d seats, %d approvals", seatsTaken(), approved)
	}

	// The limit of seven days knows what earlier runs took, from the records that are
	// kept; those that a fork has uploaded under the same name are not believed.
	foreign := artifact{Name: "seats-state-apply", CreatedAt: time.Now().Add(time.Hour)}
	foreign.WorkflowRun.ID, foreign.WorkflowRun.HeadBranch, foreign.WorkflowRun.RepositoryID, foreign.WorkflowRun.HeadRepositoryID = 999, "main", 1, 2
	check(t, os.MkdirAll(g.folder.path("artifacts", "999"), 0o700))
	check(t, g.folder.write(foreign, "artifacts", "999", "seats-state-apply.json"))
	window := g.run("seats-apply.yml", onMain("Seats apply", g.commit("main", seatsFile("", 6)), nil))
	wants(t, window, map[string]string{"plan": failure, "apply": skipped})
	if seatsTaken() != 5 || !strings.Contains(window["plan"].summary, "in 7 days") {
		t.Fatalf("%d seats, summary\n%s", seatsTaken(), window["plan"].summary)
	}

	// The way back takes the last run that changed something.
	wants(t, g.run("seats-apply.yml", onMain("Seats apply", "main", map[string]string{"revert": "last"})), map[string]string{"plan": success, "apply": success})
	if seatsTaken() != 8 || approved != 3 {
		t.Fatalf("after the way back: %d seats, %d approvals", seatsTaken(), approved)
	}

	// Who freezes the file before the approval has frozen the plan that waits for it.
	g.approving = func() {
		g.commit("main", seatsFile("  freeze: [{from: 2020-01-01, until: 2099-12-31, reason: year end}]\n", 3))
	}
	frozen := g.run("seats-apply.yml", onMain("Seats apply", g.commit("main", seatsFile("", 3)), map[string]string{"allow_releases": "1"}))
	wants(t, frozen, map[string]string{"plan": success, "apply": failure})
	if seatsTaken() != 8 || !strings.Contains(frozen["apply"].log, "year end") {
		t.Fatalf("a frozen plan was applied: %d seats\n%s", seatsTaken(), frozen["apply"].log)
	}
}

var pinnedAction = regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`)

func TestTheWorkflowsPinWhatTheyRunAndMayDoLittle(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../deploy/github/*.yml")
	if err != nil || len(paths) != 3 {
		t.Fatalf("%q %v", paths, err)
	}
	for _, path := range paths {
		var w workflow
		readYAML(t, path, &w)
		for name, j := range w.Jobs {
			if j.Permissions == nil {
				t.Errorf("%s: job %s has all permissions that the repository gives", path, name)
			}
			for permission, level := range j.Permissions {
				if level == "write" && permission != "pull-requests" {
					t.Errorf("%s: job %s may write %s", path, name, permission)
				}
			}
			for _, step := range j.Steps {
				if step.Uses != "" && !strings.HasPrefix(step.Uses, "./.github/actions/seatsync-") && !pinnedAction.MatchString(step.Uses) {
					t.Errorf("%s: job %s uses %s, which is neither pinned by a commit nor in the repository", path, name, step.Uses)
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: job %s: an expression in a script is text of others that becomes code: pass it in env", path, name)
				}
			}
		}
	}
}
