// Package zerotrust speaks to the Cloudflare API for seatsync: it turns
// the generated client into answers that are complete and checked, and is the
// [reconcile.Source] and the [reconcile.Sink] of a real account.
//
// Everything that can go wrong between a program and a distant service is
// decided here, so that the heart of seatsync never meets half a listing, an
// HTML page of a gateway, or a success that is none: paging, envelopes, size
// limits, time-outs, retries, redirects, throttling and the request quota.
//
// The package must never guess. A listing is whole or an error, a field of the
// wrong type makes a page undecodable, and what became of a request that got no
// usable response stays unknown. It must never show a credential, send one to
// another host, or send anything but GET for a [Source] or a [Probe].
//
// Read on in connection.go for how it is put together, request.go for the way
// of one request, listing.go for how a listing is proved to be complete, and
// ratelimiter.go for the quota.
package zerotrust
