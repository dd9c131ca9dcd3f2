// Package desired reads what a team declares in git: the desired-state file and
// the files that it includes, into a [reconcile.Desired] in which every value
// knows its place. It also writes a live account as such a file.
//
// It must never return a part: when one file cannot be read or has a problem,
// there is no desired state at all, and every problem of every file is reported
// with its place. It decides nothing about seats; that is for the heart.
//
// Read on in load.go for the files, parse.go for the keys of the first one,
// document.go for how YAML is read, and entries.go for why long files are quick.
package desired
