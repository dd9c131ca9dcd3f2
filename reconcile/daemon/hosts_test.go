package daemon

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestOnlyHostsThatAreOursAreAnswered(t *testing.T) {
	const wildcard = "0.0.0.0"
	for name, test := range map[string]struct {
		hosts []string // of --listen and --external-url
		host  string   // of the request
		want  bool
	}{
		"this machine by name":                              {nil, "localhost:9464", true},
		"this machine by name without a port":               {nil, "LOCALHOST.", true},
		"a name under localhost":                            {nil, "seats.localhost", true},
		"this machine by address":                           {nil, "127.0.0.1:9464", true},
		"this machine through a tunnel to another port":     {nil, "127.0.0.1:1234", true},
		"another loopback address":                          {nil, "127.8.9.10", true},
		"this machine by IPv6":                              {nil, "[::1]:9464", true},
		"this machine by IPv6 without a port":               {nil, "[::1]", true},
		"the name of somebody else":                         {nil, "rebound.example", false},
		"a name that only begins with ours":                 {nil, "localhost.rebound.example", false},
		"a name that only ends with ours":                   {nil, "notlocalhost", false},
		"an address that only looks like loopback":          {nil, "127.0.0.1.rebound.example", false},
		"no host at all":                                    {nil, "", false},
		"the name of --external-url":                        {[]string{"seats.example.com"}, "Seats.Example.com", true},
		"the name of --external-url and a port":             {[]string{"seats.example.com"}, "seats.example.com:443", true},
		"a name below that of --external-url":               {[]string{"example.com"}, "seats.example.com", false},
		"the address of --listen":                           {[]string{"192.0.2.7"}, "192.0.2.7:9464", true},
		"the address of --listen, in IPv6":                  {[]string{"2001:db8::7"}, "[2001:db8:0::7]:9464", true},
		"another address than that of --listen":             {[]string{"192.0.2.7"}, "192.0.2.8:9464", false},
		"the address that a wildcard was reached on":        {[]string{wildcard}, "192.0.2.7:9464", true},
		"the wildcard itself":                               {[]string{wildcard}, "0.0.0.0:9464", true},
		"an address that a wildcard was not reached on":     {[]string{wildcard}, "192.0.2.8:9464", false},
		"the name of somebody else, reached by a wildcard":  {[]string{wildcard}, "rebound.example", false},
		"an address, where --listen has a port and no host": {[]string{""}, "192.0.2.7", true},
	} {
		d, _ := newDaemon(t, Options{Hosts: test.hosts}, storied(time.Now()))
		for _, path := range []string{"/", "/runs/x", "/api/v1/runs", "/nowhere", "/healthz", "/readyz", "/metrics"} {
			request := httptest.NewRequestWithContext(reachedOn("192.0.2.7"), "GET", path, nil)
			request.Host = test.host
			recorder := httptest.NewRecorder()
			d.Handler().ServeHTTP(recorder, request)
			refused := recorder.Code == http.StatusMisdirectedRequest
			isOpen := path == "/healthz" || path == "/readyz" || path == "/metrics"
			if refused == (test.want || isOpen) {
				t.Errorf("%s: %s for host %q: %d", name, path, test.host, recorder.Code)
			}
			if refused && (!strings.Contains(recorder.Body.String(), "--external-url") || recorder.Header().Get("Cache-Control") != "no-store") {
				t.Errorf("%s: %s %v", name, recorder.Body, recorder.Header())
			}
		}
	}
}

// reachedOn is the context of a request that came in on an address.
func reachedOn(address string) context.Context {
	return context.WithValue(context.Background(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.ParseIP(address), Port: 9464}))
}
