// Package sandbox is an in-memory stand-in for the part of the Cloudflare API that seatsync speaks. It serves the demo,
// the seatsync sandbox command and the tests, and it goes wrong on request.
//
// It behaves as the documentation and the experience of others say the real API does, the awkward parts included:
// twenty users a page unless asked, absent values as null, missing or "", a total that ignores filters, a success that
// changes nothing. Where no source says what the real API does, [Options] choose, so that code can be shown to be right
// whichever way it turns out. [Fault] adds what networks and overloaded services do on top.
//
// It must never import package reconcile: it would then share the mistakes it is there to find. For the same reason it
// writes its JSON itself instead of using the generated types; type response says more. It must never keep or show
// credentials, and it leaves no goroutine behind.
//
// Read on in sandbox.go for the way of a request, in cast.go for the people everybody meets, in faults.go for what can
// go wrong and how to write it down.
package sandbox
