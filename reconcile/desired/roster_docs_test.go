package desired

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

func TestTheRostersOfTheDocsAreRead(t *testing.T) {
	page, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Rosters\n")
	section, _, _ = strings.Cut(section, "\n## ")
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```\n```csv\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(examples) != strings.Count(section, "```yaml") || len(examples) < 4 {
		t.Fatalf("%d examples with a file and its roster", len(examples))
	}
	for _, example := range examples {
		desired, err := Parse(File{Name: "f.yaml", Data: []byte(example[1])}, InMemory{{Name: "people.csv", Data: []byte(example[2])}}, testNow)
		if err != nil {
			t.Errorf("%v, in\n%s", err, example[1])
			continue
		}
		people := desired.Roster.People
		if people["ada@example.com"].Works != reconcile.True || people["tomasz.nowak@example.com"].Works != reconcile.False {
			t.Errorf("got %v, in\n%s", people, example[1])
		}
	}
}
