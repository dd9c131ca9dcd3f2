//go:build !race

package simulation_test

// slow is 1 without the race detector.
const slow = 1
