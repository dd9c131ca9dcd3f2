// Package simulation lives years of made-up accounts in minutes: people who work,
// go and come back, administrators who edit files well and badly, an API that
// fails, machines that die. The runner, the daemon, the records, the adapter and the
// loader of the desired state are the real ones; the API is the sandbox, reached
// through a network in memory; time is that of a bubble of testing/synctest.
//
// Everything that happens comes from a [Story], which comes from a seed: the same
// story sends the same requests and leaves the same records. Package judge, which
// shares no code with the rules, knows what each person really did and says which
// promise was not kept. A story that breaks one is reduced to the shortest that
// still does, and printed for a person to read.
//
// It must never change what it simulates: whatever goes wrong comes in through a
// port that the product has anyway, a transport, a source, a sink, a clock, a file.
//
// Read on in story.go for what can happen and words.go for how it is told, imagine.go for
// how a seed becomes a story, world.go for how it is played, machine.go for processes and
// their death, network.go for the API's side, and mutation.go for how the simulation is
// itself tested.
package simulation
