//go:build !race

package report

// allocationsUnderRace is 1 without the race detector.
const allocationsUnderRace = 1
