package daemon

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// hostGuard refuses requests for a host that is not ours. A page of somebody
// else's can give its name the address of this machine, and the browser of an
// administrator would then hand it our pages as its own (DNS rebinding); the Host
// header still has the other name. Probes and metrics say nothing of anyone, and
// those who ask for them use whatever address they were given.
type hostGuard struct {
	names []string
	// wildcard is true when the listener takes every address of the machine: the
	// one on which a request came in is then ours.
	wildcard bool
}

// newHostGuard takes names, or addresses, without a port.
func newHostGuard(hosts []string) hostGuard {
	var guard hostGuard
	for _, host := range hosts {
		address, err := netip.ParseAddr(host)
		if host == "" || err == nil && address.IsUnspecified() {
			guard.wildcard = true
		}
		if host != "" {
			guard.names = append(guard.names, canonicalHost(host))
		}
	}
	return guard
}

// allows reports whether a request may be answered.
func (g hostGuard) allows(r *http.Request) bool {
	switch r.URL.Path {
	case "/healthz", "/readyz", "/metrics":
		return true
	}
	host := canonicalHost(hostWithoutPort(r.Host))
	if host == "" {
		return false
	}
	address, err := netip.ParseAddr(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.IsLoopback() {
		return true
	}
	return slices.Contains(g.names, host) || g.wildcard && err == nil && address == cameInOn(r)
}

// cameInOn returns the address of this machine that a request was sent to.
func cameInOn(r *http.Request) netip.Addr {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if local == nil {
		return netip.Addr{}
	}
	return local.AddrPort().Addr().Unmap()
}

// hostWithoutPort returns the host of a Host header, an IPv6 address without its brackets.
func hostWithoutPort(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(header, "["), "]")
}

// canonicalHost writes a host in the one way in which hosts are compared.
func canonicalHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().WithZone("").String()
	}
	return host
}
