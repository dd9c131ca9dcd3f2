package simulation

import (
	"fmt"
	"strings"
	"time"
)

// Counts are what stories have seen.
type Counts struct {
	Stories, Days, Runs, Requests, Writes, Releases, Logins, Connections, Kills int
	// ByKind counts the events of each kind.
	ByKind map[Kind]int
	// Pairs are the kinds of events that met: they happened within ten minutes.
	Pairs map[[2]Kind]int

	last map[Kind]time.Duration
}

func newCounts() Counts {
	return Counts{Stories: 1, ByKind: make(map[Kind]int), Pairs: make(map[[2]Kind]int), last: make(map[Kind]time.Duration)}
}

// together is how close to each other events are that meet.
const together = 10 * time.Minute

// met notes an event.
func (c *Counts) met(kind Kind, at time.Duration) {
	c.ByKind[kind]++
	for other, when := range c.last {
		if at-when <= together {
			c.Pairs[pairOf(kind, other)]++
		}
	}
	c.last[kind] = at
}

func pairOf(a, b Kind) [2]Kind {
	if a > b {
		a, b = b, a
	}
	return [2]Kind{a, b}
}

// Add adds what another story has seen.
func (c *Counts) Add(other Counts) {
	c.Stories += other.Stories
	c.Days += other.Days
	c.Runs += other.Runs
	c.Requests += other.Requests
	c.Writes += other.Writes
	c.Releases += other.Releases
	c.Logins += other.Logins
	c.Connections += other.Connections
	c.Kills += other.Kills
	if c.ByKind == nil {
		c.ByKind, c.Pairs = make(map[Kind]int), make(map[[2]Kind]int)
	}
	for kind, n := range other.ByKind {
		c.ByKind[kind] += n
	}
	for pair, n := range other.Pairs {
		c.Pairs[pair] += n
	}
}

// NeverMet returns the pairs of kinds that never happened together.
func (c *Counts) NeverMet() (pairs [][2]Kind) {
	kinds := Kinds()
	for i, a := range kinds {
		for _, b := range kinds[i:] {
			if c.Pairs[pairOf(a, b)] == 0 {
				pairs = append(pairs, [2]Kind{a, b})
			}
		}
	}
	return pairs
}

// Line is the summary in a line.
func (c *Counts) Line() string {
	faults := 0
	for _, kind := range []Kind{Fault, Delay, Reset, Mute, Outage, APITime, Clock, Disk} {
		faults += c.ByKind[kind]
	}
	return fmt.Sprintf("%d stories, %d account-days (%.1f account-years): %d runs, %d requests, %d of which write, %d seats taken, %d logins, %d connections of devices, %d runs killed, %d faults",
		c.Stories, c.Days, float64(c.Days)/365, c.Runs, c.Requests, c.Writes, c.Releases, c.Logins, c.Connections, c.Kills, faults)
}

// String is the summary for people.
func (c *Counts) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, c.Line())
	var kinds []string
	for _, kind := range Kinds() {
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, c.ByKind[kind]))
	}
	fmt.Fprintf(&b, "events: %s\n", strings.Join(kinds, ", "))
	never := c.NeverMet()
	all := len(Kinds()) * (len(Kinds()) + 1) / 2
	fmt.Fprintf(&b, "%d of %d pairs of kinds happened within %s of each other", all-len(never), all, together)
	if len(never) > 0 {
		var names []string
		for _, pair := range never {
			names = append(names, string(pair[0])+" and "+string(pair[1]))
		}
		fmt.Fprintf(&b, "; never: %s", strings.Join(names, ", "))
	}
	return b.String() + "\n"
}
