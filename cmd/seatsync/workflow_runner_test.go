package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// workflow is a file of .github/workflows, as far as the stand-in runs it.
type workflow struct {
	Name string            `yaml:"name"`
	Env  map[string]string `yaml:"env"`
	Jobs map[string]*job   `yaml:"jobs"`
}

type job struct {
	Needs       string            `yaml:"needs"`
	If          string            `yaml:"if"`
	Environment string            `yaml:"environment"`
	Permissions map[string]string `yaml:"permissions"`
	Env         map[string]string `yaml:"env"`
	Outputs     map[string]string `yaml:"outputs"`
	Steps       []workflowStep    `yaml:"steps"`
}

type workflowStep struct {
	ID   string            `yaml:"id"`
	Name string            `yaml:"name"`
	If   string            `yaml:"if"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	Env  map[string]string `yaml:"env"`
	With map[string]any    `yaml:"with"`
}

// compositeAction is an action.yml.
type compositeAction struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Runs struct {
		Steps []workflowStep `yaml:"steps"`
	} `yaml:"runs"`
}

// gitHub stands in for GitHub: a repository, what gh sees, and runners on which the
// steps of workflows run as they are written.
type gitHub struct {
	t       *testing.T
	folder  gitHubFolder
	origin  string            // the repository
	bin     string            // the programs of a runner
	secrets map[string]string // those of the repository and of its environment
	env     []string          // of every step
	runs    int
	// approving, when not nil, is called when a job waits for its reviewers.
	approving func()
}

// event is what starts a workflow.
type event struct {
	name, ref string // of the workflow; the branch or commit to check out
	values    map[string]string
	isFork    bool
}

// jobResult is what became of a job.
type jobResult struct {
	result  string // success, failure or skipped
	outputs map[string]string
	summary string
	log     string
}

// readYAML reads a file strictly enough for a test: anchors and all.
func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	check(t, yaml.Unmarshal(data, into))
}

// run runs a workflow of a file, and returns what became of its jobs.
func (g *gitHub) run(file string, on event) map[string]*jobResult {
	g.t.Helper()
	var w workflow
	readYAML(g.t, filepath.Join("../../deploy/github", file), &w)
	g.runs++
	results := make(map[string]*jobResult)
	names := slices.SortedFunc(maps.Keys(w.Jobs), func(a, b string) int {
		return strings.Compare(w.Jobs[a].Needs+"/"+a, w.Jobs[b].Needs+"/"+b) // at most one needs another here
	})
	for _, name := range names {
		results[name] = g.runJob(&w, w.Jobs[name], on, results)
		g.t.Logf("%s, job %s: %s\n%s", file, name, results[name].result, results[name].log)
	}
	var past []pastRun
	check(g.t, g.folder.read(&past, "runs.json"))
	check(g.t, g.folder.write(append([]pastRun{{g.runs, w.Name, on.branch()}}, past...), "runs.json"))
	return results
}

func (e event) branch() string { return e.values["github.ref_name"] }

// runnerOfJob is one job on its runner.
type runnerOfJob struct {
	*gitHub
	on        event
	workspace string
	temp      string
	env       map[string]string // of workflow and job
	paths     []string          // added by steps
	values    map[string]string // of expressions
	result    *jobResult
	failed    bool
}

func (g *gitHub) runJob(w *workflow, j *job, on event, earlier map[string]*jobResult) *jobResult {
	g.t.Helper()
	directory := g.t.TempDir()
	r := &runnerOfJob{
		gitHub: g, on: on, workspace: filepath.Join(directory, "workspace"), temp: filepath.Join(directory, "temp"),
		env: make(map[string]string), values: maps.Clone(on.values), result: &jobResult{result: "skipped"},
	}
	for name, result := range earlier {
		r.values["needs."+name+".result"] = result.result
		for key, value := range result.outputs {
			r.values["needs."+name+".outputs."+key] = value
		}
	}
	if needed := earlier[j.Needs]; needed != nil && needed.result != "success" || j.If != "" && !holds(r.evaluate(j.If)) {
		return r.result
	}
	if j.Environment != "" {
		r.values["environment"] = j.Environment
		if g.approving != nil {
			g.approving()
		}
	}
	for _, env := range []map[string]string{w.Env, j.Env} {
		for key, value := range env {
			r.env[key] = filledIn(value, r.lookup)
		}
	}
	check(g.t, os.MkdirAll(r.temp, 0o700))
	check(g.t, os.MkdirAll(r.workspace, 0o700))
	r.steps(j.Steps, nil)
	r.result.result = "success"
	if r.failed {
		r.result.result = "failure"
	}
	r.result.outputs = make(map[string]string)
	for key, value := range j.Outputs {
		r.result.outputs[key] = filledIn(value, r.lookup)
	}
	summary, _ := os.ReadFile(r.file("summary"))
	r.result.summary = string(summary)
	return r.result
}

func (r *runnerOfJob) file(name string) string { return filepath.Join(r.temp, "_"+name) }

func (r *runnerOfJob) evaluate(text string) string {
	text = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), "${{"), "}}")
	return evaluate(text, r.lookup)
}

// lookup returns the value of a name in an expression.
func (r *runnerOfJob) lookup(name string) string {
	switch name {
	case "always()":
		return "true"
	case "cancelled()":
		return "false"
	case "github.token":
		return "token-of-github"
	case "github.repository":
		return "acme/seats"
	case "runner.os":
		return "Linux"
	case "runner.arch":
		return "X64"
	}
	if secret, found := strings.CutPrefix(name, "secrets."); found && !r.on.isFork {
		// The environment has its own, for jobs that its reviewers have let through.
		if value, found := r.secrets[r.values["environment"]+"/"+secret]; found {
			return value
		}
		return r.secrets[secret]
	}
	return r.values[name]
}

// steps runs steps in their order; after one that failed only those that ask for it.
func (r *runnerOfJob) steps(steps []workflowStep, inputs map[string]string) {
	for i := range steps {
		step := &steps[i]
		condition := "true"
		if step.If != "" {
			condition = r.evaluate(step.If)
		}
		if !holds(condition) || r.failed && !strings.Contains(step.If, "()") {
			continue
		}
		r.t.Helper()
		if err := r.step(step, inputs); err != nil {
			r.failed = true
			r.result.log += fmt.Sprintf("step %q failed: %v\n", step.Name+step.Uses, err)
		}
	}
}

// step runs one step, or does what an action would.
func (r *runnerOfJob) step(step *workflowStep, inputs map[string]string) error {
	with := make(map[string]string)
	for key, value := range step.With {
		with[key] = filledIn(fmt.Sprint(value), r.lookupWith(inputs))
	}
	action, _, _ := strings.Cut(step.Uses, "@")
	switch {
	case step.Run != "":
		return r.shell(step, inputs)
	case action == "actions/checkout":
		return r.checkout(with["ref"])
	case action == "actions/upload-artifact":
		return r.upload(with)
	case action == "actions/download-artifact":
		return os.CopyFS(r.workspace, os.DirFS(r.folder.path("artifacts", strconv.Itoa(r.runs), with["name"])))
	case strings.HasPrefix(action, "./"):
		var composite compositeAction
		readYAML(r.t, filepath.Join(r.workspace, action, "action.yml"), &composite)
		values := make(map[string]string)
		for name, input := range composite.Inputs {
			values["inputs."+name] = filledIn(input.Default, r.lookup)
		}
		for name, value := range with {
			values["inputs."+name] = value
		}
		r.steps(composite.Runs.Steps, values)
		return nil
	}
	return fmt.Errorf("the stand-in does not know the action %s", step.Uses)
}

// lookupWith is lookup with the inputs of a composite action, where there are some.
func (r *runnerOfJob) lookupWith(inputs map[string]string) func(string) string {
	return func(name string) string {
		if value, found := inputs[name]; found {
			return value
		}
		return r.lookup(name)
	}
}

// checkout does what actions/checkout does.
func (r *runnerOfJob) checkout(ref string) error {
	if ref == "" {
		ref = r.on.ref
	}
	script := "git clone --quiet --no-checkout \"$1\" . && git checkout --quiet --detach \"$(git rev-parse --verify --quiet \"origin/$2\" || echo \"$2\")\""
	command := exec.Command("bash", "-c", script, "checkout", r.origin, ref)
	command.Dir, command.Env = r.workspace, gitEnvironment()
	output, err := command.CombinedOutput()
	r.result.log += string(output)
	return err
}

// upload does what actions/upload-artifact does: files that begin with a dot stay.
func (r *runnerOfJob) upload(with map[string]string) error {
	run := strconv.Itoa(r.runs)
	to := r.folder.path("artifacts", run, with["name"])
	check(r.t, os.RemoveAll(to))
	found := false
	for path := range strings.FieldsSeq(with["path"]) {
		from := filepath.Join(r.workspace, path)
		info, err := os.Stat(from)
		if err != nil {
			continue
		}
		found = true
		if info.IsDir() {
			check(r.t, os.CopyFS(to, os.DirFS(from)))
		} else {
			data, err := os.ReadFile(from)
			check(r.t, err)
			check(r.t, os.MkdirAll(to, 0o755))
			check(r.t, os.WriteFile(filepath.Join(to, filepath.Base(path)), data, 0o644))
		}
	}
	if !found && with["if-no-files-found"] == "error" {
		return fmt.Errorf("no file of %s is there", with["path"])
	}
	check(r.t, os.RemoveAll(filepath.Join(to, ".gitignore")))
	one := artifact{Name: with["name"], CreatedAt: time.Now()}
	one.WorkflowRun.ID, one.WorkflowRun.HeadBranch = r.runs, r.on.branch()
	one.WorkflowRun.RepositoryID, one.WorkflowRun.HeadRepositoryID = 1, 1
	return r.folder.write(one, "artifacts", run, with["name"]+".json")
}

// shell runs the script of a step as a runner does, with the files of the runner.
func (r *runnerOfJob) shell(step *workflowStep, inputs map[string]string) error {
	env := maps.Clone(r.env)
	for key, value := range step.Env {
		env[key] = filledIn(value, r.lookupWith(inputs))
	}
	script := r.file("script.sh")
	check(r.t, os.WriteFile(script, []byte(filledIn(step.Run, r.lookupWith(inputs))), 0o600))
	for name, text := range map[string]string{"output": "", "env": "", "path": "", "event": "{}"} {
		check(r.t, os.WriteFile(r.file(name), []byte(text), 0o600))
	}
	command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
	command.Dir = r.workspace
	command.Env = append(slices.Clone(r.gitHub.env),
		"PATH="+strings.Join(append(slices.Clone(r.paths), r.bin, "/usr/bin", "/bin"), ":"), "HOME="+r.temp, "GORACE=atexit_sleep_ms=0",
		"RUNNER_TEMP="+r.temp, "GITHUB_FOLDER="+string(r.folder), "GITHUB_REPOSITORY=acme/seats", "GITHUB_ACTIONS=true",
		"GITHUB_WORKFLOW="+r.values["github.workflow"], "GITHUB_REF_NAME="+r.on.branch(), "GITHUB_BASE_REF="+r.values["github.base_ref"],
		"GITHUB_OUTPUT="+r.file("output"), "GITHUB_ENV="+r.file("env"), "GITHUB_PATH="+r.file("path"),
		"GITHUB_STEP_SUMMARY="+r.file("summary"), "GITHUB_EVENT_PATH="+r.file("event"))
	for key, value := range env {
		command.Env = append(command.Env, key+"="+value)
	}
	output, err := command.CombinedOutput()
	r.result.log += string(output)
	for line := range strings.Lines(r.readFile("output")) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		r.values["steps."+step.ID+".outputs."+key] = value
	}
	for line := range strings.Lines(r.readFile("env")) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		r.env[key] = value
	}
	r.paths = append(strings.Fields(r.readFile("path")), r.paths...)
	return err
}

func (r *runnerOfJob) readFile(name string) string {
	data, err := os.ReadFile(r.file(name))
	check(r.t, err)
	return string(data)
}
