package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sassoftware/go-rpmutils"
)

func TestTheDebianPackageInstalls(t *testing.T) {
	if _, err := exec.LookPath("dpkg"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no dpkg (Debian: dpkg), and with CI=true this may not be skipped")
		}
		t.Skip("there is no dpkg")
	}
	for deb, architecture := range map[string]string{"seatsync_1.2.3~rc.1_amd64.deb": "amd64", "seatsync_1.2.3~rc.1_arm64.deb": "arm64"} {
		root := t.TempDir()
		writeFiles(t, root, "var/lib/dpkg/status", "var/lib/dpkg/available", "var/lib/dpkg/updates/.keep", "var/lib/dpkg/info/.keep")
		if err := os.RemoveAll(filepath.Join(root, "var/lib/dpkg/updates/.keep")); err != nil {
			t.Fatal(err)
		}
		// A root without a shell, and perhaps of another architecture: scripts run outside of it, where they find no systemd below it.
		start(t, exec.Command("dpkg", "--root="+root, "--log="+filepath.Join(root, "log"), "--force-script-chrootless", "--force-not-root",
			"--force-architecture", "--force-depends", "--force-bad-path", "--install", built.artifact(deb)))
		checkPackage(t, root, target{"linux", architecture}, "/usr/share/zsh/vendor-completions/_seatsync")
		if text := start(t, exec.Command("dpkg", "--root="+root, "--status", "seatsync")); !strings.Contains(text, "install ok installed") {
			t.Errorf("%s: dpkg says %s", deb, text)
		}
	}
}

func TestTheRPMPackageUnpacks(t *testing.T) {
	for name, architecture := range map[string]string{"seatsync-1.2.3~rc.1-1.x86_64.rpm": "amd64", "seatsync-1.2.3~rc.1-1.aarch64.rpm": "arm64"} {
		file, err := os.Open(built.artifact(name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		rpm, err := rpmutils.ReadRpm(file)
		if err != nil {
			t.Fatal(err)
		}
		root := t.TempDir()
		if err := rpm.ExpandPayload(root); err != nil {
			t.Fatal(err)
		}
		checkPackage(t, root, target{"linux", architecture}, "/usr/share/zsh/site-functions/_seatsync")
	}
}

// checkPackage checks what a package has installed.
func checkPackage(t *testing.T, root string, target target, completion string) {
	t.Helper()
	checkHeader(t, filepath.Join(root, "usr/bin/seatsync"), target)
	for _, name := range []string{
		completion, "/usr/share/man/man1/seatsync.1.gz", "/usr/share/man/man1/seatsync-plan.1.gz", "/usr/share/doc/seatsync/copyright",
		"/usr/share/doc/seatsync/examples/desired-state.yaml", "/usr/share/doc/seatsync/examples/people.csv", "/usr/share/bash-completion/completions/seatsync",
		"/usr/lib/systemd/system/seatsync-once.timer",
	} {
		if len(read(t, filepath.Join(root, name))) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	for _, unit := range []string{"seatsync.service", "seatsync-once.service"} {
		if text := string(read(t, filepath.Join(root, "usr/lib/systemd/system", unit))); !strings.Contains(text, "ExecStart=/usr/bin/seatsync run ") {
			t.Errorf("%s does not start the program of the package:\n%s", unit, text)
		}
	}
	if info, err := os.Stat(filepath.Join(root, "etc/seatsync")); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("/etc/seatsync: %v %v, want a directory that others cannot read", info, err)
	}
}

// writeFiles writes empty files.
func writeFiles(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := writeUnder(filepath.Join(root, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
