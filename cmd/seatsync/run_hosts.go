package main

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"
)

// checkExternalURL returns an error for an address of --external-url that a link
// could not begin with. The empty one is none.
func checkExternalURL(text string) error {
	if text == "" {
		return nil
	}
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "" ||
		address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return fmt.Errorf("--external-url %q: write the address of the pages, for instance https://seats.example.com", text)
	}
	return nil
}

// hosts returns the names by which --listen and --external-url say that the pages are
// asked for.
func (f *runFlags) hosts() []string {
	var hosts []string
	if host, _, err := net.SplitHostPort(f.listen); err == nil {
		hosts = append(hosts, host)
	}
	if address, err := url.Parse(f.externalURL); err == nil && address.Hostname() != "" {
		hosts = append(hosts, address.Hostname())
	}
	return hosts
}

// prefix returns the path of --external-url, below which people reach the pages.
func (f *runFlags) prefix() string {
	address, err := url.Parse(f.externalURL)
	if err != nil {
		return "" // refused in checkRun
	}
	return strings.TrimRight(path.Clean("/"+address.Path), "/")
}
