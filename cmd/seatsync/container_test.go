package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// commandLine is how a file of deploy/ starts the program.
type commandLine struct {
	args   []string
	env    []string
	probes []httpProbe
}

// httpProbe is a request by which a kubelet asks whether a container works.
type httpProbe struct {
	Path   string `yaml:"path"`
	Scheme string `yaml:"scheme"`
}

// podManifest is a manifest, as far as the command line of its container goes.
type podManifest struct {
	Spec struct {
		podTemplate `yaml:",inline"`
		JobTemplate struct {
			Spec podTemplate `yaml:"spec"`
		} `yaml:"jobTemplate"`
	} `yaml:"spec"`
}

type podTemplate struct {
	Template struct {
		Spec struct {
			Containers []struct {
				Args []string `yaml:"args"`
				Env  []struct {
					Name  string `yaml:"name"`
					Value string `yaml:"value"`
				} `yaml:"env"`
				Liveness  *probe `yaml:"livenessProbe"`
				Readiness *probe `yaml:"readinessProbe"`
			} `yaml:"containers"`
		} `yaml:"spec"`
	} `yaml:"template"`
}

type probe struct {
	HTTPGet httpProbe `yaml:"httpGet"`
}

const deployed, overlays = "../../deploy/", "../../deploy/kubernetes/overlays/"

// ofPod reads the command line of a manifest. What is laid over it, if anything, wins.
func ofPod(manifests ...string) func(*testing.T) commandLine {
	return func(t *testing.T) (line commandLine) {
		t.Helper()
		for _, manifest := range manifests {
			var object podManifest
			readFirstYAML(t, overlays+manifest, &object)
			pod := object.Spec.Template.Spec
			if len(pod.Containers) == 0 {
				pod = object.Spec.JobTemplate.Spec.Template.Spec
			}
			container := pod.Containers[0]
			line.args = container.Args
			for _, variable := range container.Env {
				if variable.Name == "JOB_COMPLETION_INDEX" {
					variable.Value = "0" // as the first pod has it
				}
				line.env = append(line.env, variable.Name+"="+variable.Value)
			}
			if container.Liveness != nil {
				line.probes = []httpProbe{container.Liveness.HTTPGet, container.Readiness.HTTPGet}
			}
		}
		for i := range line.args {
			line.args[i] = strings.ReplaceAll(line.args[i], "$(JOB_COMPLETION_INDEX)", "0")
		}
		return line
	}
}

// ofCompose reads that of compose.yaml, in the environment of the image.
func ofCompose(t *testing.T) (line commandLine) {
	t.Helper()
	var compose struct {
		Services struct {
			Seatsync struct {
				Command     []string          `yaml:"command"`
				Environment map[string]string `yaml:"environment"`
			} `yaml:"seatsync"`
		} `yaml:"services"`
	}
	readYAML(t, deployed+"docker/compose.yaml", &compose)
	line.args = compose.Services.Seatsync.Command
	for name, value := range compose.Services.Seatsync.Environment {
		line.env = append(line.env, name+"="+value)
	}
	line.env = append(line.env, found(t, deployed+"docker/Dockerfile", `(\b[A-Z_]+=/\S+)`)...)
	return line
}

// ofUnit reads that of a unit of systemd.
func ofUnit(name string) func(*testing.T) commandLine {
	return func(t *testing.T) commandLine {
		t.Helper()
		started := found(t, deployed+"systemd/"+name, `(?m)^ExecStart=/usr/local/bin/seatsync (.*)$`)
		environment := found(t, deployed+"systemd/"+name, `(?m)^Environment=(.*)$`)
		return commandLine{
			args: strings.Fields(strings.ReplaceAll(started[0], "%d", "/run/secrets/seatsync")),
			env:  append(strings.Fields(environment[0]), "PATH="+os.Getenv("PATH")),
		}
	}
}

// TestTheCommandLinesOfDeployWork runs them, with the folders of the container below a
// directory and on a port of this machine.
func TestTheCommandLinesOfDeployWork(t *testing.T) {
	t.Parallel()
	ofDaemon := map[string]string{
		"desired-state.yaml": "daemon/files/desired-state.yaml", "teams/engineering.yaml": "daemon/files/teams/engineering.yaml", "people.csv": "daemon/files/people.csv",
	}
	for name, test := range map[string]struct {
		line  func(*testing.T) commandLine
		at    string            // where the files are
		files map[string]string // by their names there
		lay   func(t *testing.T, directory string, files map[string]string)
	}{
		"the Deployment":          {ofPod("daemon/deployment.yaml"), "/etc/seatsync", ofDaemon, mount},
		"the Deployment with TLS": {ofPod("daemon/deployment.yaml", "daemon-tls/web.yaml"), "/etc/seatsync", ofDaemon, mount},
		"the one with git-sync":   {ofPod("daemon/deployment.yaml", "git-sync/git-sync.yaml"), "/git/seats", ofDaemon, mount},
		"the CronJob":             {ofPod("cronjob/cronjob.yaml"), "/etc/seatsync", map[string]string{"desired-state.yaml": "cronjob/desired-state.yaml"}, mount},
		"the Indexed Job":         {ofPod("fleet/indexed-job.yaml"), "/etc/seatsync", map[string]string{"emea.yaml": "fleet/files/emea.yaml"}, mount},
		"compose.yaml":            {ofCompose, "/etc/seatsync", ofDaemon, mount},
		"the service of systemd":  {ofUnit("seatsync.service"), "/etc/seatsync", ofDaemon, checkout},
		"the timer of systemd":    {ofUnit("seatsync-once.service"), "/etc/seatsync", ofDaemon, checkout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newContainer(t, test.line(t), test.at)
			test.lay(t, c.root+test.at, test.files)
			c.work()
		})
	}
}

// container is where a command line is run.
type container struct {
	*testing.T
	commandLine
	root string // what the container takes for /
}

func newContainer(t *testing.T, line commandLine, at string) *container {
	t.Helper()
	box, env := accountForRuns(t, sandbox.Options{Users: 1})
	longAgo := sandbox.At(time.Now().AddDate(-1, 0, 0))
	box.Replace(sandbox.MainAccount, sandbox.Record{
		ID: sandbox.Value("ada"), SeatUID: sandbox.Value("ada-seat"), Email: sandbox.Value("ada@example.com"), Name: sandbox.Value("Ada"),
		AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(false), LastSuccessfulLogin: longAgo, CreatedAt: longAgo, ActiveDeviceCount: sandbox.Value(0.0),
	})
	c := &container{T: t, root: t.TempDir()}
	for _, directory := range []string{"/etc/seatsync-web", "/run/secrets/seatsync", "/var/lib/seatsync", at} {
		check(t, os.MkdirAll(c.root+directory, 0o700))
	}
	for _, token := range []string{"seatsync/token", "cloudflare_api_token"} {
		writeFile(t, c.root+"/run/secrets/"+token, "token-of-the-container\n")
	}
	here := regexp.MustCompile(`^/(etc|git|run|var)/`)
	for _, variable := range line.env {
		name, value, _ := strings.Cut(variable, "=")
		c.env = append(c.env, name+"="+here.ReplaceAllString(value, c.root+"$0"))
	}
	for _, arg := range line.args {
		c.args = append(c.args, here.ReplaceAllString(strings.Replace(arg, "0.0.0.0:9464", "0.0.0.0:0", 1), c.root+"$0"))
	}
	c.probes = line.probes
	c.env = append(c.env, env[0], "CLOUDFLARE_API_TOKEN_EMEA=token-of-emea")
	return c
}

func (c *container) has(arg string) bool { return slices.Contains(c.args, arg) }

// work runs the command line to its end, or until it has answered what people and
// probes ask.
func (c *container) work() {
	c.Helper()
	if c.has("--once") {
		program, err := exec.LookPath("seatsync")
		check(c, err)
		command := exec.CommandContext(c.Context(), program, c.args...)
		command.Dir, command.Env = c.root, append(c.env, "HOME="+c.root)
		if output, err := command.CombinedOutput(); err != nil {
			c.Errorf("%q: %v\n%s", c.args, err, output)
		}
		return
	}
	isOpen := c.has("0.0.0.0:0") // to whoever reaches the container
	if isOpen && !c.has("--redact") && !c.has("--web-config") {
		c.Errorf("%q: pages with names are open to whoever reaches the container", c.args)
	}
	scheme := "http"
	if c.has("--web-config") {
		scheme = "https"
		c.webConfig()
	}
	if !isOpen {
		c.args = append(c.args, "--listen", "127.0.0.1:0") // for other tests may have the port
	}
	if !c.has("--run-at-start") {
		c.args = append(c.args, "--run-at-start")
	}
	p := startDaemon(c.T, c.root, append([]string{"PATH="}, c.env...), c.args...) // the image has nothing but the program
	address := p.until(`msg"?[=:]"?serving"?[, ]"?address"?[=:]"?[^" ]*?(:\d+)\b`)[1]
	run := p.until(`run ended"?[, ]"?run"?[=:]"?([^" ]+)"?.*result"?[=:]"?done`)[1]
	for _, probe := range c.probes {
		if asked := strings.ToLower(probe.Scheme); asked != "" && asked != scheme || asked == "" && scheme != "http" {
			c.Errorf("a probe asks by %q what is served by %s", probe.Scheme, scheme)
		}
		if code, body := c.ask(scheme+"://127.0.0.1"+address+probe.Path, "10.1.2.3:9464", ""); code != http.StatusOK {
			c.Errorf("the probe of %s: %d %s", probe.Path, code, body)
		}
	}
	c.pages(scheme+"://127.0.0.1"+address, "/", "/runs/"+run, "/api/v1/runs")
	if code := p.end(syscall.SIGTERM); code != codeOK {
		c.Errorf("exit code %d", code)
	}
	if log := strings.Join(p.read, "\n"); strings.Contains(log, "sees names") {
		c.Errorf("it warns of what is not so:\n%s", log)
	}
}

// pages looks at who can read whose names: with a password, from this machine, or nobody.
func (c *container) pages(base string, paths ...string) {
	c.Helper()
	named := false
	for _, path := range paths {
		if code, body := c.ask(base+path, "", ""); c.has("--web-config") && code != http.StatusUnauthorized {
			c.Errorf("%s without a password: %d %.200s", path, code, body)
		}
		code, body := c.ask(base+path, "", "a password")
		if code != http.StatusOK {
			c.Errorf("%s: %d %.200s", path, code, body)
		}
		named = named || strings.Contains(body, "ada@example.com")
	}
	if named == c.has("--redact") {
		c.Errorf("that the pages name somebody is %v, with %q", named, c.args)
	}
}

// ask sends a request with a Host header and the password of the user oncall.
func (c *container) ask(url, host, password string) (code int, body string) {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), http.MethodGet, url, nil)
	check(c, err)
	request.Host = host
	if password != "" {
		request.SetBasicAuth("oncall", password)
	}
	// As a kubelet does, which asks for no certificate that it knows.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	check(c, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	check(c, err)
	return response.StatusCode, string(data)
}

// webConfig writes the file that docs/operations.md shows, with a hash in place of its ellipsis.
func (c *container) webConfig() {
	c.Helper()
	directory := c.root + "/etc/seatsync-web"
	certificate(c.T, directory)
	check(c, os.Rename(directory+"/cert.pem", directory+"/tls.crt"))
	check(c, os.Rename(directory+"/key.pem", directory+"/tls.key"))
	blocks, _ := readPage(c.T, "../../docs/operations.md")
	for _, block := range blocks {
		if strings.HasPrefix(block.text, "# web.yaml") {
			_, hash, _ := strings.Cut(userOfTheWeb, "oncall: ")
			writeFile(c.T, directory+"/web.yaml", regexp.MustCompile(`\$2y\$\S*…`).ReplaceAllLiteralString(block.text, strings.TrimSpace(hash)))
			return
		}
	}
	c.Fatal("docs/operations.md does not show a web.yaml")
}

// mount lays files out as Kubernetes mounts a config map, and git-sync a commit: what
// is named is a link into a folder that a link names.
func mount(t *testing.T, directory string, files map[string]string) {
	t.Helper()
	for name, from := range files {
		data, err := os.ReadFile(overlays + from)
		check(t, err)
		path := filepath.Join(directory, "..2026_11_24", name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, data, 0o644))
		first, _, _ := strings.Cut(name, "/")
		_ = os.Symlink(filepath.Join("..data", first), filepath.Join(directory, first)) // may be there already
	}
	check(t, os.Symlink("..2026_11_24", filepath.Join(directory, "..data")))
}

// checkout lays files out as a working copy of git, in which somebody edits one.
func checkout(t *testing.T, directory string, files map[string]string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	for name, from := range files {
		data, err := os.ReadFile(overlays + from)
		check(t, err)
		check(t, os.MkdirAll(filepath.Dir(filepath.Join(directory, name)), 0o755))
		check(t, os.WriteFile(filepath.Join(directory, name), data, 0o644))
	}
	for _, arguments := range [][]string{
		{"init", "-q"}, {"add", "."}, {"-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "Add the desired state"},
	} {
		command := exec.CommandContext(t.Context(), "git", append([]string{"-C", directory}, arguments...)...)
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", arguments, err, output)
		}
	}
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), "version: 1\nusers: [")
}

func TestComposeSaysWhereTheFilesThatItMountsComeFrom(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(deployed + "docker/compose.yaml")
	check(t, err)
	comment, rest, _ := strings.Cut(string(text), "\nservices:")
	mounted := regexp.MustCompile(`(?m)^ +(?:- |[a-z_]+: \{file: )\./([\w.-]+)`).FindAllStringSubmatch(rest, -1)
	if len(mounted) < 2 {
		t.Fatalf("compose.yaml mounts %q", mounted)
	}
	for _, file := range mounted {
		if !strings.Contains(comment, "deploy/docker/"+file[1]+" ") {
			t.Errorf("compose.yaml mounts %s, and does not say where it comes from", file[1])
		}
	}
}

// What it mounts has a token in it, and names: it belongs neither into a commit nor into an image that is built.
func TestWhatComposeMountsIsKeptOutOfGitAndOfTheImage(t *testing.T) {
	t.Parallel()
	for _, mounted := range found(t, deployed+"docker/compose.yaml", `(?m)^ +(?:- |[a-z_]+: \{file: )\./([\w.-]+)`) {
		for list, line := range map[string]string{"../../.gitignore": "/deploy/docker/" + mounted, deployed + "docker/Dockerfile.dockerignore": "deploy/docker/" + mounted} {
			if !slices.Contains(found(t, list, `(?m)^(.+)$`), line) {
				t.Errorf("%s does not have %s", list, line)
			}
		}
	}
}

// A file that is mounted alone is that of the start for ever: git and editors put another one in its place.
func TestComposeMountsTheFolderOfTheDesiredState(t *testing.T) {
	t.Parallel()
	folder := filepath.Dir(found(t, deployed+"docker/Dockerfile", `SEATSYNC_FILE=(\S+)`)[0])
	mounted := found(t, deployed+"docker/compose.yaml", `(?m)^ +- \./[^:]+:([^:]+):ro$`)
	if !slices.Equal(mounted, []string{folder}) {
		t.Errorf("compose.yaml mounts %q, want %s alone", mounted, folder)
	}
}

// readFirstYAML reads the first document of a file.
func readFirstYAML(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	first, _, _ := strings.Cut(string(data), "\n---\n")
	file := filepath.Join(t.TempDir(), "first.yaml")
	check(t, os.WriteFile(file, []byte(first), 0o600))
	readYAML(t, file, into)
}
