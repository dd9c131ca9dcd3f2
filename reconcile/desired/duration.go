package desired

import (
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// maxDuration keeps sums of moments and durations far from overflow.
const maxDuration = 100 * 366 * reconcile.Day

// durationPattern is the whole form: numbers with units, and fractions only where
// time.ParseDuration reads them.
var durationPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]+[dw]|[0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`)
})

// dayUnits finds the units that time.ParseDuration does not know.
var dayUnits = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9]+[dw]`) })

// ParseDuration reads a duration in Go's form, with d for days and w for weeks
// as well: 90d, 2w, 1d12h, 36h.
func ParseDuration(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	if !durationPattern().MatchString(text) {
		return 0, fmt.Errorf("%q is not a duration: write a number and a unit, for instance 90d, 2w or 36h", text)
	}
	inHours := dayUnits().ReplaceAllStringFunc(text, func(part string) string {
		count, _ := strconv.Atoi(part[:len(part)-1]) // the largest number where it is larger
		hours := min(count, int(maxDuration/time.Hour)) * 24
		if part[len(part)-1] == 'w' {
			hours *= 7
		}
		return strconv.Itoa(hours) + "h"
	})
	duration, err := time.ParseDuration(inHours)
	if err != nil || duration > maxDuration {
		return 0, fmt.Errorf("%q is longer than 100 years", text)
	}
	return duration, nil
}
