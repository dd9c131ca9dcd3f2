package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// Every command starts all packages, whichever it needs: what they prepare for later is
// prepared when it is needed. The packages of others take a thousand allocations.
func TestStartingAllocatesNextToNothing(t *testing.T) {
	const most = 200
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^$")
	command.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	packages, total := 0, 0
	for _, found := range regexp.MustCompile(`(?m)^init (\S+/)?(seatsync/(?:reconcile|generated)\S*|main) .* ([0-9]+) allocs$`).FindAllSubmatch(output, -1) {
		allocations, err := strconv.Atoi(string(found[3]))
		if err != nil {
			t.Fatal(err)
		}
		packages++
		if total += allocations; allocations > most/4 {
			t.Logf("%s allocates %d times", found[2], allocations)
		}
	}
	if total > most || packages == 0 {
		t.Errorf("%d packages of ours allocate %d times, want at most %d:\n%s", packages, total, most, output)
	}
}
