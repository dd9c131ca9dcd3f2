package reconcile

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// ReleaseLimit is policy.limits.releases: the most seats one run may release, as
// a count, a share of the seats in use, or both, of which the lower counts. The
// zero value is the default, 25% of the seats in use, at least one.
type ReleaseLimit struct {
	// Count is nil when the limit names no count.
	Count *int
	// Percent is nil when the limit names no percentage.
	Percent *big.Rat
	At      Position
}

// defaultPercent is the limit of a file that sets none.
const defaultPercent = 25

var percentPattern = regexp.MustCompile(`^([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%$`)

// add takes one value of the limit, a count or a percentage.
func (l *ReleaseLimit) add(text string) error {
	if match := percentPattern.FindStringSubmatch(text); match != nil {
		percent, _ := new(big.Rat).SetString(match[1])
		if percent.Cmp(big.NewRat(100, 1)) > 0 {
			return fmt.Errorf("%q is more than all seats: write at most 100%%", text)
		}
		if l.Percent != nil {
			return fmt.Errorf("%q is a second percentage: write one count and one percentage, for instance [50, 10%%]", text)
		}
		l.Percent = percent
		return nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 0 || strings.HasPrefix(text, "+") {
		return fmt.Errorf("%q is not a limit: write a count such as 50, a percentage such as 25%%, or both as [50, 10%%]", text)
	}
	if l.Count != nil {
		return fmt.Errorf("%q is a second count: write one count and one percentage, for instance [50, 10%%]", text)
	}
	l.Count = &count
	return nil
}

// Resolve returns the most releases for an account with so many seats in use,
// and where the number comes from, for people. A percentage is rounded down,
// but to no less than one seat unless it is 0%.
func (l ReleaseLimit) Resolve(seatsUsed int) (releases int, from string) {
	percent := l.Percent
	if percent == nil && l.Count == nil {
		percent = big.NewRat(defaultPercent, 1)
	}
	if percent == nil {
		return *l.Count, "limits.releases: " + strconv.Itoa(*l.Count)
	}
	share := shareOf(percent, seatsUsed)
	from = fmt.Sprintf("%s of %s in use", formatPercent(percent), Count(seatsUsed, "seat"))
	if l.Count != nil && *l.Count <= share {
		return *l.Count, fmt.Sprintf("limits.releases: %d, below %s", *l.Count, from)
	}
	return share, from
}

// shareOf returns percent of seats, rounded down to at least 1, or 0 for 0%.
func shareOf(percent *big.Rat, seats int) int {
	if percent.Sign() == 0 {
		return 0
	}
	share := new(big.Rat).Mul(percent, big.NewRat(int64(seats), 100))
	whole := new(big.Int).Quo(share.Num(), share.Denom())
	return max(1, int(whole.Int64()))
}

// formatPercent writes a percentage without decimals that say nothing.
func formatPercent(percent *big.Rat) string {
	decimals, _ := percent.FloatPrec()
	return percent.FloatString(decimals) + "%"
}
