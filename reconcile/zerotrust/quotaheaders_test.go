package zerotrust

import (
	"net/http"
	"reflect"
	"testing"
	"time"
)

func TestQuotaHeadersAreRead(t *testing.T) {
	tests := []struct {
		name   string
		header http.Header
		want   quotaHeaders
	}{
		{
			"as documented",
			http.Header{"Ratelimit": {`"default";r=50;t=30`}, "Ratelimit-Policy": {`"burst";q=100;w=60`}},
			quotaHeaders{
				known: true, remaining: 50, reset: 30 * time.Second, quota: 100,
				policies: []quotaPolicy{{`"burst"`, 100, time.Minute}},
			},
		},
		{
			"without a policy", http.Header{"Ratelimit": {`"default";r=50;t=30`}},
			quotaHeaders{known: true, remaining: 50, reset: 30 * time.Second, quota: documentedRequests},
		},
		{
			"spaces, another order and parameters nobody knows",
			http.Header{"Ratelimit": {` "default" ; t=30 ; pk=:YWI=: ; r=50 `}},
			quotaHeaders{known: true, remaining: 50, reset: 30 * time.Second, quota: documentedRequests},
		},
		{
			"several limits: the one that leaves the least, with its own policy",
			http.Header{
				"Ratelimit":        {`"day";r=500;t=3000, "b,u;r=1;t=1rst";r=5;t=2`},
				"Ratelimit-Policy": {`"day";q=1000;w=3600`, `"b,u;r=1;t=1rst";q=10;w=3`},
			},
			quotaHeaders{
				known: true, remaining: 5, reset: 2 * time.Second, quota: 10,
				policies: []quotaPolicy{{`"day"`, 1000, time.Hour}, {`"b,u;r=1;t=1rst"`, 10, 3 * time.Second}},
			},
		},
		{"none", http.Header{}, quotaHeaders{}},
		{"empty", http.Header{"Ratelimit": {""}, "Ratelimit-Policy": {""}}, quotaHeaders{}},
		{"no numbers", http.Header{"Ratelimit": {`"default";r=many;t=soon`}}, quotaHeaders{}},
		{"negative", http.Header{"Ratelimit": {`"default";r=-1;t=30`}}, quotaHeaders{}},
		{"half of it", http.Header{"Ratelimit": {`"default";r=1`}}, quotaHeaders{}},
		{"too large for a number", http.Header{"Ratelimit": {`"default";r=99999999999999999999;t=1`}}, quotaHeaders{}},
		{"a window of years", http.Header{"Ratelimit": {`"default";r=0;t=99999999`}, "Ratelimit-Policy": {`"burst";q=1;w=99999999`}}, quotaHeaders{}},
		{"a quota of nothing", http.Header{"Ratelimit-Policy": {`"burst";q=0;w=60`}}, quotaHeaders{}},
		{"a window of nothing", http.Header{"Ratelimit-Policy": {`"burst";q=1;w=0`}}, quotaHeaders{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := parseQuotaHeaders(test.header); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestRetryAfterIsRead(t *testing.T) {
	now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	at := func(t time.Time) string { return t.Format(http.TimeFormat) }
	tests := []struct {
		name, text, date string
		want             time.Duration
		ok               bool
	}{
		{"seconds", "120", "", 2 * time.Minute, true},
		{"seconds with spaces", " 3 ", "", 3 * time.Second, true},
		{"more seconds than there are", "99999999999", "", largestNumber * time.Second, true},
		{"zero", "0", "", 0, false},
		{"negative", "-5", "", -5 * time.Second, false},
		{"a date", at(now.Add(time.Minute)), "", time.Minute, true},
		{"a date, by the clock of the one who says it", at(now.Add(time.Hour)), at(now.Add(time.Hour - time.Minute)), time.Minute, true},
		{"a date that has passed", at(now.Add(-time.Minute)), "", -time.Minute, false},
		{"nonsense", "soon", "", 0, false},
		{"nothing", "", "", 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{"Retry-After": {test.text}}
			if test.date != "" {
				header.Set("Date", test.date)
			}
			got, ok := retryAfter(header, now)
			if ok != test.ok || ok && got != test.want {
				t.Errorf("got %v, %v; want %v, %v", got, ok, test.want, test.ok)
			}
		})
	}
}

func FuzzQuotaHeaders(f *testing.F) {
	f.Add(`"default";r=50;t=30`, `"burst";q=100;w=60`, "120")
	f.Add(`"a;b,c";r=1;t=1,,;;"`, `q=;w=,"";q=1;w=1`, "Sun, 22 Nov 2026 06:00:00 GMT")
	f.Add(`r=999999999999999999999;t=-1`, "\x00;q", "-1")
	f.Fuzz(func(t *testing.T, limit, policy, after string) {
		header := http.Header{"Ratelimit": {limit}, "Ratelimit-Policy": {policy}, "Retry-After": {after}}
		got := parseQuotaHeaders(header)
		if got.known && (got.remaining < 0 || got.reset < 0 || got.reset > longestWindow || got.quota < 1) {
			t.Errorf("limit %q gave %+v", limit, got)
		}
		for _, one := range got.policies {
			if one.quota < 1 || one.window <= 0 || one.window > longestWindow {
				t.Errorf("policy %q gave %+v", policy, got)
			}
		}
		if wait, ok := retryAfter(header, time.Now()); ok && wait <= 0 {
			t.Errorf("Retry-After %q gave %v", after, wait)
		}
		limiter, err := NewRateLimiter(80)
		if err != nil {
			t.Fatal(err)
		}
		limiter.learn(time.Now(), 0, got)
		if wait, _, _ := limiter.tryAcquire(time.Now(), time.Time{}); wait > longestWindow {
			t.Errorf("limit %q and policy %q make a request wait %v", limit, policy, wait)
		}
	})
}
