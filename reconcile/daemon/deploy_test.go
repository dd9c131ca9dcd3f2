package daemon

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const deployed = "../../deploy/"

// metricWord finds the names of our metrics in expressions.
var metricWord = regexp.MustCompile(`seatsync_[a-z_]+`)

func TestTheRulesAndTheDashboardAskForMetricsThatThereAre(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "metrics.golden"))
	if err != nil {
		t.Fatal(err)
	}
	there := metricWord.FindAllString(string(golden), -1)
	for _, name := range []string{"prometheus/seatsync.rules.yaml", "prometheus/seatsync.rules.test.yaml", "grafana/seatsync.json"} {
		text, err := os.ReadFile(deployed + name)
		if err != nil {
			t.Fatal(err)
		}
		asked := metricWord.FindAllString(string(text), -1)
		if len(asked) == 0 {
			t.Errorf("%s asks for nothing", name)
		}
		for _, metric := range asked {
			if !slices.Contains(there, metric) {
				t.Errorf("%s asks for %s, which is not there", name, metric)
			}
		}
	}
}

func TestTheDashboardIsWhole(t *testing.T) {
	data, err := os.ReadFile(deployed + "grafana/seatsync.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		UID    string
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil || dashboard.UID != "seatsync" {
		t.Fatal(err)
	}
	seen := make(map[int]bool)
	for _, panel := range dashboard.Panels {
		if seen[panel.ID] || panel.Title == "" || len(panel.Targets) == 0 {
			t.Errorf("panel %d %q", panel.ID, panel.Title)
		}
		seen[panel.ID] = true
		for _, target := range panel.Targets {
			if strings.Count(target.Expr, "(") != strings.Count(target.Expr, ")") || !strings.Contains(target.Expr, `account=~"$account"`) {
				t.Errorf("panel %d asks %s", panel.ID, target.Expr)
			}
		}
	}
}

func TestTheAlertsFireWhenTheyShould(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		const missing = "promtool is not here, so the alert rules are NOT tested: install it (Debian: prometheus)"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	output, err := exec.CommandContext(t.Context(), promtool, "test", "rules", deployed+"prometheus/seatsync.rules.test.yaml").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
