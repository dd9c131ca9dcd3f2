//go:build race

package simulation_test

// slow is how many times fewer stories are played under the race detector.
const slow = 3
