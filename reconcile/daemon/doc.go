// Package daemon reconciles on a schedule and shows how that goes: health,
// metrics, a status page and the recorded runs, for the person who is on call.
//
// It knows when a run is due and what came of the last one, and nothing else. It
// must never decide about a seat, speak to the API, or write a record: each
// account comes with a [Runner] that performs one run and with a [History] of those
// recorded. Its endpoints only read.
//
// Time is the system's, so that a test in a bubble of testing/synctest walks a
// month in a second.
//
// Read on in daemon.go for the life of the process, account.go for the loop of
// one account, timetable.go for what is due when, health.go for what counts as
// healthy, and server.go for the endpoints.
package daemon
