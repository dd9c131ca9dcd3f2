package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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
		checkUser(t, root)
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
		owned, err := rpm.Header.GetFiles()
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range owned {
			if isOfGroup := file.GroupName() == "seatsync"; file.UserName() != "root" || isOfGroup != (file.Name() == "/etc/seatsync") {
				t.Errorf("%s is of %s:%s", file.Name(), file.UserName(), file.GroupName())
			}
		}
		if script, err := rpm.Header.GetString(rpmutils.POSTIN); err != nil || script != string(read(t, "postinstall.sh")) {
			t.Errorf("the script after installation is %q (%v)", script, err)
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
		"/usr/lib/systemd/system/seatsync-once.timer", "/usr/lib/sysusers.d/seatsync.conf",
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

// checkUser checks that the user of the units is there, and that its group may enter the directory of the file. Only root can give it that.
func checkUser(t *testing.T, root string) {
	t.Helper()
	if _, err := exec.LookPath("systemd-sysusers"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no systemd-sysusers (Debian: systemd), and with CI=true this may not be skipped")
		}
		return
	}
	for _, name := range []string{"etc/passwd", "etc/group"} {
		if text := string(read(t, filepath.Join(root, name))); !strings.HasPrefix(text, "seatsync:") {
			t.Errorf("%s has no seatsync:\n%s", name, text)
		}
	}
	group := strings.Split(string(read(t, filepath.Join(root, "etc/group"))), ":")[2]
	info, err := os.Stat(filepath.Join(root, "etc/seatsync"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(info.Sys().(*syscall.Stat_t).Gid); os.Getuid() == 0 && got != group {
		t.Errorf("/etc/seatsync is of the group %s, want %s, that of the user of the units", got, group)
	}
}

// Whether they are confined enough is said by a number, from 0 to 10: the lower, the less an attacker in them could do.
func TestTheUnitsAreSoundAndConfined(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no systemd-analyze (Debian: systemd), and with CI=true this may not be skipped")
		}
		t.Skip("there is no systemd-analyze")
	}
	directory := t.TempDir()
	for _, unit := range []string{"seatsync.service", "seatsync-once.service", "seatsync-once.timer"} {
		text := strings.ReplaceAll(string(read(t, filepath.Join("../systemd", unit))), "/usr/local/bin/seatsync", "/bin/true") // for verify looks for it
		if err := os.WriteFile(filepath.Join(directory, unit), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for unit, most := range map[string]string{"seatsync.service": "15", "seatsync-once.service": "22"} {
		path := filepath.Join(directory, unit)
		if text := start(t, exec.Command("systemd-analyze", "verify", "--man=no", path)); strings.Contains(text, "seatsync") {
			t.Errorf("%s: %s", unit, text)
		}
		start(t, exec.Command("systemd-analyze", "security", "--offline=yes", "--threshold="+most, path))
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
