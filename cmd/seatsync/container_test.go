package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

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
			} `yaml:"containers"`
		} `yaml:"spec"`
	} `yaml:"template"`
}

// mount lays files out as Kubernetes mounts a config map: every name is a link into a
// folder that a link names.
func mount(t *testing.T, directory string, files map[string]string) {
	t.Helper()
	for name, from := range files {
		data, err := os.ReadFile(from)
		check(t, err)
		path := filepath.Join(directory, "..2026_11_24", name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, data, 0o644))
		first, _, _ := strings.Cut(name, "/")
		_ = os.Symlink(filepath.Join("..data", first), filepath.Join(directory, first)) // may be there already
	}
	check(t, os.Symlink("..2026_11_24", filepath.Join(directory, "..data")))
}

// TestTheCommandLinesOfTheContainersWork runs them, with the folders of the pod
// somewhere else and the address of the pages on this machine.
func TestTheCommandLinesOfTheContainersWork(t *testing.T) {
	t.Parallel()
	const overlays = "../../deploy/kubernetes/overlays/"
	for manifest, files := range map[string]map[string]string{
		"daemon/deployment.yaml": {
			"desired-state.yaml": "daemon/files/desired-state.yaml", "teams/engineering.yaml": "daemon/files/teams/engineering.yaml", "people.csv": "daemon/files/people.csv",
		},
		"cronjob/cronjob.yaml":   {"desired-state.yaml": "cronjob/desired-state.yaml"},
		"fleet/indexed-job.yaml": {"emea.yaml": "fleet/files/emea.yaml"},
	} {
		box, env := accountForRuns(t, sandbox.Options{Users: 1})
		box.Replace(sandbox.MainAccount, sandbox.Record{
			ID: sandbox.Value("ada"), SeatUID: sandbox.Value("ada-seat"), Email: sandbox.Value("ada@example.com"), Name: sandbox.Value("Ada"),
			AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(false), LastSuccessfulLogin: sandbox.At(time.Now()), CreatedAt: sandbox.At(time.Now()),
		})
		directory := t.TempDir()
		etc := filepath.Join(directory, "etc")
		check(t, os.MkdirAll(etc, 0o755))
		for name, from := range files {
			files[name] = overlays + from
		}
		mount(t, etc, files)
		writeFile(t, filepath.Join(directory, "token"), "token-of-the-pod\n")
		inPod := strings.NewReplacer("/etc/seatsync", etc, "/run/secrets/seatsync", directory, "/var/lib/seatsync", directory,
			"0.0.0.0:9464", "127.0.0.1:0", "$(JOB_COMPLETION_INDEX)/10", "0/1")
		var object podManifest
		readFirstYAML(t, overlays+manifest, &object)
		pod := object.Spec.Template.Spec
		if len(pod.Containers) == 0 {
			pod = object.Spec.JobTemplate.Spec.Template.Spec
		}
		container := pod.Containers[0]
		env = append(env[:1:1], "CLOUDFLARE_API_TOKEN_EMEA=token-of-emea")
		for _, variable := range container.Env {
			env = append(env, variable.Name+"="+inPod.Replace(variable.Value))
		}
		args := make([]string, len(container.Args))
		for i, arg := range container.Args {
			args[i] = inPod.Replace(arg)
		}
		if strings.Contains(strings.Join(args, " "), "--once") {
			program, err := exec.LookPath("seatsync")
			check(t, err)
			command := exec.CommandContext(t.Context(), program, args...)
			command.Dir, command.Env = directory, append([]string{"HOME=" + directory}, env...)
			if output, err := command.CombinedOutput(); err != nil {
				t.Errorf("%s: %q: %v\n%s", manifest, args, err, output)
			}
			continue
		}
		p := startDaemon(t, directory, env, args...)
		base := "http://" + p.until(`"msg":"serving","address":"([^"]+)"`)[1]
		p.until(`"msg":"run ended".*"result":"done"`)
		if code, _ := fetch(t, base+"/healthz"); code != 200 {
			t.Errorf("%s: /healthz answers %d", manifest, code)
		}
		if code := p.end(syscall.SIGTERM); code != 0 {
			t.Errorf("%s: exit code %d", manifest, code)
		}
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
