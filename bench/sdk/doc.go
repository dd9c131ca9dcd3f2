// Package sdk shows that Cloudflare's official Go SDK gets along with the sandbox: the examples of its documentation
// run against it with nothing changed but the base URL.
//
// It is a module of its own, so that the SDK becomes no dependency of seatsync. Nothing may import it.
package sdk
