// Package seatsync holds the example that comes with the program. The program
// itself is in cmd/seatsync, and its heart in reconcile.
package seatsync

import _ "embed" // for the example

// Example is desired-state.yaml, the input of 'seatsync demo'.
//
//go:embed desired-state.yaml
var Example []byte

// ExampleRoster is people.csv, the roster that it names.
//
//go:embed people.csv
var ExampleRoster []byte
