// Package report turns a [reconcile.Plan], which after an apply carries its
// run, into what people and programs read: text for a terminal, JSON to save
// and apply, Markdown for a pull request, a page of HTML, CSV for a sheet, and
// annotations for GitHub.
//
// Every report is a pure function of the plan: the same input gives the same
// bytes. The package must never change the plan, ask the clock, open a file or
// a connection, or let a name, an email or a message act as anything but text.
// Those come from other people; whatever they hold, they are shown and never
// become markup, a link, a formula, a mention, a workflow command or a
// terminal escape. All of that is decided in inert.go and in the quoting of
// each format.
//
// Read on in write.go for the formats, verdict.go for the sentence that every
// report opens with, text.go, json.go, markdown.go, html.go, csv.go and
// github.go for one format each, redact.go for masks, difference.go for what
// two plans do not share, and explanation.go for all that bears on one person.
package report
