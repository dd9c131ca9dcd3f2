//go:build race

package report

// allocationsUnderRace is how much more may be allocated: with the race detector
// sync.Pool drops what it holds at random, so encoders allocate their buffers anew.
const allocationsUnderRace = 4
