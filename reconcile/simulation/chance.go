package simulation

import (
	"fmt"
	"hash/fnv"
	"time"
)

// chance is a number that depends on a seed and on what it is for, and on nothing
// that happened before: taking an event out of a story changes no other.
func chance(seed uint64, about ...any) uint64 {
	sum := fnv.New64a()
	fmt.Fprintln(sum, seed, about) // a hash never fails
	x := sum.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// between returns a duration in a range, with nanoseconds: nothing happens at the same
// instant as something else, so that the order never depends on the scheduler.
func between(low, high time.Duration, seed uint64, about ...any) time.Duration {
	return low + time.Duration(chance(seed, about...)%uint64(high-low))
}
