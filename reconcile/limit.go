package reconcile

import (
	"fmt"
	"math/big"
	"strconv"
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
