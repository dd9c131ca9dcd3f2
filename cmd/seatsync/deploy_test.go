package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

// TestTheAlertAndThePanelOfLimitsKnowEveryLimit holds the labels that they ask for to the holds that end a run with exit code 3.
func TestTheAlertAndThePanelOfLimitsKnowEveryLimit(t *testing.T) {
	t.Parallel()
	for path, pattern := range map[string]string{
		"prometheus/seatsync.rules.yaml": `alert: SeatsyncLimitHolds\n(?: *#.*\n)* *expr: (.*)\n`,
		"grafana/seatsync.json":          `"title": "Held by a limit",(?s:.*?)"expr": (.*)\n`,
	} {
		expressions := found(t, deployed+path, pattern)
		if len(expressions) != 1 {
			t.Fatalf("%s has %d expressions of limits, want 1", path, len(expressions))
		}
		asked := regexp.MustCompile(`reason=~?\\?"([^"\\]*)`).FindAllStringSubmatch(expressions[0], -1)
		for _, hold := range reconcile.Holds() {
			isAsked := false
			for _, reason := range asked {
				isAsked = isAsked || regexp.MustCompile("^(?:"+reason[1]+")$").MatchString(string(hold))
			}
			if isAsked != hold.IsLimit() {
				t.Errorf("%s asks for %s: %t, and that it is a limit is %t, in %s", path, hold, isAsked, hold.IsLimit(), expressions[0])
			}
		}
	}
}

// TestTheUnitsRunAsTheUserThatIsMadeForThem holds them to a user that stays: of a dynamic one, /etc/seatsync cannot be, and nobody
// can apply by hand as it.
func TestTheUnitsRunAsTheUserThatIsMadeForThem(t *testing.T) {
	t.Parallel()
	made := found(t, deployed+"systemd/sysusers.conf", `(?m)^u (\S+) `)
	for _, unit := range []string{"seatsync.service", "seatsync-once.service"} {
		users := found(t, deployed+"systemd/"+unit, `(?m)^(?:User|DynamicUser)=(\S+)$`)
		if len(made) != 1 || !slices.Equal(users, made) {
			t.Errorf("%s runs as %q, and sysusers.conf makes %q", unit, users, made)
		}
	}
}

// TestOperationsSaysHowTheUnitsAreEnabled holds what the page of operations says to the units: what of them can be enabled, and the
// files that they are given.
func TestOperationsSaysHowTheUnitsAreEnabled(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operations.md")
	check(t, err)
	for _, unit := range []string{"seatsync.service", "seatsync-once.timer"} {
		if len(found(t, deployed+"systemd/"+unit, `(?m)^(WantedBy=)`)) != 1 || !strings.Contains(string(page), "`"+unit+"`") && !strings.Contains(string(page), "systemctl enable --now "+unit+"\n") {
			t.Errorf("docs/operations.md does not say how %s is enabled", unit)
		}
	}
	for _, unit := range []string{"seatsync.service", "seatsync-once.service"} {
		given := found(t, deployed+"systemd/"+unit, `(?m)^(?:LoadCredential=\w+:|EnvironmentFile=-)(\S+)$`)
		if len(given) != 2 {
			t.Errorf("%s is given %q, want a token and variables", unit, given)
		}
		for _, path := range given {
			if !strings.Contains(string(page), "/dev/stdin "+path) {
				t.Errorf("docs/operations.md does not say how %s, which %s is given, is written", path, unit)
			}
		}
	}
}

// TestWhatIsDoneByHandIsDoneWhereTheServiceIs holds the commands of the page of operations to the user, the files and the names of what
// is in deploy/: an apply elsewhere has another history, and one as root leaves records that the service cannot read.
func TestWhatIsDoneByHandIsDoneWhereTheServiceIs(t *testing.T) {
	t.Parallel()
	const page = "../../docs/operations.md"
	unit := func(pattern string) string { return found(t, deployed+"systemd/seatsync.service", pattern)[0] }
	pod := ofPod("daemon/deployment.yaml")(t)
	for _, want := range []string{
		"sudo -u " + unit(`(?m)^User=(\S+)`) + " env " + unit(`(?m)^Environment=(GIT_CONFIG.*)$`) + " \\\n  seatsync apply --git-ref " + unit(`(?m)^ExecStart=.*--git-ref (\S+)`) + " --file " + unit(`--file (\S+)`) + " --state-dir " + unit(`--state-dir (\S+)`) +
			" --api-token-file " + unit(`LoadCredential=token:(\S+)`) + " --allow-releases 196\n",
		"exec " + found(t, deployed+"docker/compose.yaml", `(?m)^services:\n  (\w+):`)[0] + " seatsync apply --allow-releases 196\n",
		"exec -it deploy/" + found(t, overlays+"daemon/deployment.yaml", `(?m)^metadata: \{name: (\w+)`)[0] + " -c seatsync -- seatsync apply --file " +
			pod.args[slices.Index(pod.args, "--file")+1] + " --allow-releases 196\n",
		"--from=cronjob/" + found(t, overlays+"cronjob/cronjob.yaml", `(?m)^metadata: \{name: (\w+)`)[0] + " ",
	} {
		if len(found(t, page, "("+regexp.QuoteMeta(want)+")")) != 1 {
			t.Errorf("%s does not have, once,\n%s", page, want)
		}
	}
	for _, command := range found(t, page, `(?m)^(.*seatsync apply.*)$`) {
		if strings.HasPrefix(command, "sudo seatsync") || strings.HasPrefix(command, "seatsync apply") {
			t.Errorf("%s applies as somebody else than the service: %s", page, command)
		}
	}
}
