package zerotrust

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestWindow is the longest window that a quota header is believed to speak
// of. Cloudflare documents five minutes; an hour is generous, and keeps a
// header of nonsense from stopping us for years.
const longestWindow = time.Hour

// quotaHeaders is what the headers of a response say about the request quota,
// as Cloudflare documents them:
//
//	Ratelimit: "default";r=50;t=30
//	Ratelimit-Policy: "burst";q=100;w=60
//
// The two need not agree on a name. Anything that does not make sense is left out.
type quotaHeaders struct {
	// known reports whether remaining and reset are.
	known bool
	// remaining is the number of requests left (r).
	remaining int
	// reset is the time until the window starts anew (t).
	reset time.Duration
	// quota is the number of requests of that window (q), and the documented one
	// when the response does not say.
	quota int
	// policies are all that the response lists; nil when it lists none.
	policies []quotaPolicy
}

// quotaPolicy allows a number of requests within a window.
type quotaPolicy struct {
	name   string
	quota  int
	window time.Duration
}

// parseQuotaHeaders reads the quota headers of a response. Of several limits it
// returns the one that leaves the least.
func parseQuotaHeaders(header http.Header) quotaHeaders {
	var result quotaHeaders
	for _, item := range headerItems(header.Values("Ratelimit-Policy")) {
		quota, ok := item.number("q")
		window, timed := item.number("w")
		if ok && timed && quota > 0 && window > 0 && seconds(window) <= longestWindow {
			result.policies = append(result.policies, quotaPolicy{item.name, quota, seconds(window)})
		}
	}
	for _, item := range headerItems(header.Values("Ratelimit")) {
		remaining, ok := item.number("r")
		reset, timed := item.number("t")
		if !ok || !timed || seconds(reset) > longestWindow {
			continue
		}
		if !result.known || remaining < result.remaining {
			result.known, result.remaining, result.reset = true, remaining, seconds(reset)
			result.quota = result.quotaOf(item.name)
		}
	}
	return result
}

// quotaOf returns the quota that a limit of that name counts down from.
func (q *quotaHeaders) quotaOf(name string) int {
	for _, policy := range q.policies {
		if policy.name == name || len(q.policies) == 1 {
			return policy.quota
		}
	}
	return documentedRequests
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// headerItem is one member of a structured field list (RFC 9651), as far as the
// quota headers use them: a quoted name and parameters.
type headerItem struct {
	name       string
	parameters []string
}

// headerItems splits header values into their members. A comma or a semicolon
// inside a quoted name is part of it.
func headerItems(values []string) []headerItem {
	var items []headerItem
	for _, value := range values {
		for _, member := range splitOutsideQuotes(value, ',') {
			parts := splitOutsideQuotes(member, ';')
			items = append(items, headerItem{name: strings.TrimSpace(parts[0]), parameters: parts[1:]})
		}
	}
	return items
}

// splitOutsideQuotes splits a text at a separator that is not inside quotes.
func splitOutsideQuotes(text string, separator byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// largestNumber bounds parameters so that no arithmetic on them can overflow.
const largestNumber = 1_000_000_000

// number returns a parameter that is a whole number and not negative.
func (i headerItem) number(key string) (int, bool) {
	for _, parameter := range i.parameters {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if name != key {
			continue
		}
		n, err := strconv.Atoi(value)
		return n, err == nil && n >= 0 && n <= largestNumber
	}
	return 0, false
}

// retryAfter returns how long a response asks to wait: whole seconds, as
// Cloudflare documents, or a date, as HTTP allows. A date is compared with the
// date of the response itself where there is one, so that a clock that is wrong
// here does not matter.
func retryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if n, err := strconv.Atoi(text); err == nil {
		return seconds(min(n, largestNumber)), n > 0
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if sent, err := http.ParseTime(header.Get("Date")); err == nil {
		now = sent
	}
	wait := at.Sub(now)
	return wait, wait > 0
}
