package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seatsync/seatsync/reconcile/report"
)

// Every command of a rig is searched for the rig's secrets, and so is every file that it leaves: see harness_test.go.
// The tests here see to it that there is something to search.

// credentials are the ways to hand a secret over.
func (r *rig) credentials(t *testing.T) map[string]map[string]string {
	t.Helper()
	file := r.path("secret-token")
	check(t, os.WriteFile(file, []byte(rigToken+"\n"), 0o600))
	return map[string]map[string]string{
		"a token":          {"CLOUDFLARE_API_TOKEN": rigToken},
		"a file":           {"CLOUDFLARE_API_TOKEN_FILE": file},
		"a key":            {"CLOUDFLARE_EMAIL": rigEmail, "CLOUDFLARE_API_KEY": rigKey},
		"all of them":      {"CLOUDFLARE_API_TOKEN": rigToken, "CLOUDFLARE_API_TOKEN_FILE": file, "CLOUDFLARE_EMAIL": rigEmail, "CLOUDFLARE_API_KEY": rigKey},
		"the wrong token":  {"CLOUDFLARE_API_TOKEN": rigToken + "x"},
		"the wrong key":    {"CLOUDFLARE_EMAIL": rigEmail, "CLOUDFLARE_API_KEY": rigKey + "x"},
		"half of the pair": {"CLOUDFLARE_API_KEY": rigKey},
	}
}

// use makes commands use these credentials and no others.
func (r *rig) use(credentials map[string]string) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE", "CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY"} {
		delete(r.env, name)
	}
	for name, value := range credentials {
		r.env[name] = value
	}
}

// commands are one of every kind, at their loudest.
func (r *rig) commands() [][]string {
	loud := []string{"--log-level", "debug", "--log-format", "json"}
	commands := [][]string{
		// Everybody has come back since the last credentials, which would hold the idle.
		{"apply", "--yes", "--allow-releases", "1000", "--report", "html=" + r.path("first.html")},
		{"plan", "--out", r.path("plan.json"), "--detailed-exitcode"},
		{"apply", "--yes", r.path("plan.json")},
		{"apply", "--yes", "--redact", "--report", "json=" + r.path("redacted.json")},
		{"apply"}, {"apply", "--dry-run"}, {"apply", "--yes", "--revert", "last"},
		{"explain", "leaver-1@example.com"}, {"diff", r.path("plan.json"), r.path("plan.json")},
		{"doctor"}, {"export"}, {"export", "--out", r.path("export.yaml")}, {"validate"}, {"schema"}, {"version"},
		{"history"}, {"history", "--format", "json"}, {"history", "last", "--format", "html"},
		{"run", "--once", "--mode", "apply"}, {"run", "--once"},
		{"plan", "--base-url", "http://127.0.0.1:1/client/v4"}, {"plan", "--account", "699d98642c564d2e855e9661899b7252"},
		{"plan", "--no-such-flag"}, {"plan", "--timeout", "1ns"}, {"help", "plan"}, {"completion", "bash"},
	}
	for _, format := range report.Formats() {
		commands = append(commands, []string{"plan", "--format", string(format), "--report", string(format) + "=" + r.path("report."+string(format))})
	}
	for i := range commands {
		commands[i] = append(commands[i], loud...)
	}
	return commands
}

func TestNoCommandShowsASecret(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	done := 0
	for name, credentials := range r.credentials(t) {
		r.use(credentials)
		r.populate(company())
		isSound := !strings.Contains(name, "wrong") && !strings.Contains(name, "half")
		for i, command := range r.commands() {
			result := r.run(t.Context(), command...)
			if result.code == codeOK {
				done++
			}
			if i == 0 && isSound != (result.code == codeOK) {
				t.Errorf("with %s: exit code %d\n%s", name, result.code, result.stderr)
			}
		}
	}
	if done < 50 {
		t.Errorf("only %d commands did anything", done)
	}
}

// indiscreet are answers that repeat what the request proved its right with, in every place there is.
var indiscreet = map[string]func(w http.ResponseWriter, secret string){
	"a message": func(w http.ResponseWriter, secret string) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"success":false,"errors":[{"code":6003,"message":"bad header Authorization: Bearer %[1]s"}],"messages":[{"message":%[1]q}],"result":null}`, secret)
	},
	"a refusal": func(w http.ResponseWriter, secret string) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"success":false,"errors":[{"code":10000,"message":"no right: %s"}],"result":null}`, secret)
	},
	"a failure with status 200": func(w http.ResponseWriter, secret string) {
		fmt.Fprintf(w, `{"success":false,"errors":[{"code":10000,"message":%q}],"result":null}`, secret)
	},
	"an error of the server": func(w http.ResponseWriter, secret string) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `{"success":false,"errors":[{"code":10001,"message":%q}],"result":null}`, secret)
	},
	"a page of a proxy": func(w http.ResponseWriter, secret string) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprintf(w, "<pre>Authorization: Bearer %s</pre>", secret)
	},
	"a page where JSON should be": func(w http.ResponseWriter, secret string) {
		w.Header().Set("Content-Type", "text/html; note="+secret)
		fmt.Fprintf(w, "%s, please log in", secret)
	},
	"JSON of the wrong type": func(w http.ResponseWriter, secret string) {
		fmt.Fprintf(w, `{"success":true,"result":{%[1]q:%[1]q},"result_info":%[1]q}`, secret)
	},
	"a number that is none": func(w http.ResponseWriter, secret string) {
		fmt.Fprintf(w, `{"success":true,"result":[{"id":"a","active_device_count":%[1]q}],"result_info":{"total_count":%[1]q}}`, secret)
	},
	"a user twice": func(w http.ResponseWriter, secret string) {
		fmt.Fprintf(w, `{"success":true,"result":[{"id":%[1]q},{"id":%[1]q}],"result_info":{"total_count":2,"per_page":2}}`, secret)
	},
	"a place to go": func(w http.ResponseWriter, secret string) {
		w.Header().Set("Location", "https://"+secret+".example.net/"+secret+"?token="+secret)
		w.WriteHeader(http.StatusFound)
	},
	"a time to wait": func(w http.ResponseWriter, secret string) {
		w.Header().Set("Retry-After", secret)
		w.Header().Set("Ratelimit", `"`+secret+`";r=0;t=0`)
		w.WriteHeader(http.StatusTooManyRequests)
	},
	"a status line":          raw("HTTP/1.1 500 %s\r\nContent-Length: 0\r\n\r\n"),
	"something but HTTP":     raw("%s\r\n\r\n"),
	"a header without colon": raw("HTTP/1.1 200 OK\r\n%s\r\n\r\n"),
	"an unknown encoding":    raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n"),
	"a length that is none":  raw("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n"),
	"a chunk that is none":   raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n"),
}

// raw answers with bytes that need not be HTTP.
func raw(format string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, secret string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		fmt.Fprintf(conn, format, secret)
		_ = conn.Close()
	}
}

func TestAnAnswerThatRepeatsTheSecretIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, answer := range indiscreet {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, company())
			for _, credentials := range []map[string]string{
				{"CLOUDFLARE_API_TOKEN": rigToken},
				{"CLOUDFLARE_EMAIL": rigEmail, "CLOUDFLARE_API_KEY": rigKey},
			} {
				r.use(credentials)
				var told atomic.Int64
				repeat := func(w http.ResponseWriter, request *http.Request) {
					told.Add(1)
					answer(w, strings.TrimPrefix(request.Header.Get("Authorization")+request.Header.Get("X-Auth-Key"), "Bearer "))
				}
				for _, methods := range []string{"GET", "PATCH PUT"} {
					r.answerTo(methods, repeat)
					r.run(t.Context(), append(r.applyArgs(), "--log-level", "debug", "--report", "html="+r.path("report.html"))...)
				}
				r.answerTo("GET", repeat)
				r.run(t.Context(), "doctor", "--log-level", "debug")
				r.run(t.Context(), "run", "--once", "--mode", "apply", "--log-level", "debug", "--log-format", "json")
				if told.Load() < 4 {
					t.Errorf("only %d requests got the answer", told.Load())
				}
			}
		})
	}
}

func TestBadCredentialsAndAddressesAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	var visits atomic.Int64
	open := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		visits.Add(1)
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(open.Close)
	tests := []struct{ name, variable, value, want string }{
		{"a token with a newline", "CLOUDFLARE_API_TOKEN", rigToken + "\n" + rigKey, "CLOUDFLARE_API_TOKEN: contains a line break"},
		{"a token with a carriage return", "CLOUDFLARE_API_TOKEN", rigToken + "\r", "contains a line break"},
		{"a token with a header in it", "CLOUDFLARE_API_TOKEN", rigToken + "\r\nX-Auth-Key: " + rigKey, "contains a line break"},
		{"a token with spaces around it", "CLOUDFLARE_API_TOKEN", " " + rigToken + " ", "contains a space"},
		{"a token with a space in it", "CLOUDFLARE_API_TOKEN", rigToken + " " + rigKey, "contains a space"},
		{"a token with its scheme", "CLOUDFLARE_API_TOKEN", "Bearer " + rigToken, "starts with Bearer: give the token alone"},
		{"a token with a control character", "CLOUDFLARE_API_TOKEN", rigToken + "\x01", "contains a control character"},
		{"a token with a letter that no token has", "CLOUDFLARE_API_TOKEN", rigToken + "ü", "contains a character that no token has"},
		{"a token file with a newline inside", "CLOUDFLARE_API_TOKEN_FILE", rigToken + "\n" + rigKey + "\n", "contains a line break"},
		{"a token file that is empty", "CLOUDFLARE_API_TOKEN_FILE", "\n", "is empty"},
		{"a token file that is something else", "CLOUDFLARE_API_TOKEN_FILE", strings.Repeat(rigToken, 10_000), "is too large"},
		{"plain http", "CLOUDFLARE_BASE_URL", "http://api.example.net/client/v4", "plain http would show the credentials"},
		{"plain http to a host that looks like this one", "CLOUDFLARE_BASE_URL", "http://127.0.0.1.example.net/", "plain http would show"},
		{"plain http to a host that starts like this one", "CLOUDFLARE_BASE_URL", "http://localhost.example.net/", "plain http would show"},
		{"plain http to every address", "CLOUDFLARE_BASE_URL", "http://0.0.0.0:8080/", "plain http would show"},
		{"plain http behind a user", "CLOUDFLARE_BASE_URL", "http://localhost@example.net/", "base URL: "},
		{"a password in the address", "CLOUDFLARE_BASE_URL", "https://admin:" + rigKey + "@example.net/", "has a user or a password in it"},
		{"a token in the query", "CLOUDFLARE_BASE_URL", "https://example.net/?token=" + rigToken, "has a query"},
		{"a token in the fragment", "CLOUDFLARE_BASE_URL", "https://example.net/#" + rigToken, "has a fragment"},
		{"a token for an address", "CLOUDFLARE_BASE_URL", rigToken, "not a URL with a host"},
		{"a token for a scheme", "CLOUDFLARE_BASE_URL", "https://example.net:" + rigToken, "not a URL with a host"},
		{"another scheme", "CLOUDFLARE_BASE_URL", "ftp://example.net/", "use https"},
		{"an account with a slash", "CLOUDFLARE_ACCOUNT_ID", "a/../../user", "account"},
		{"an account with an escaped slash", "CLOUDFLARE_ACCOUNT_ID", "a%2fb", "account"},
		{"an account with a query", "CLOUDFLARE_ACCOUNT_ID", "a?b=c", "account"},
		{"an account that goes up", "CLOUDFLARE_ACCOUNT_ID", "..", "account"},
		{"an account that is too long", "CLOUDFLARE_ACCOUNT_ID", strings.Repeat("a", 33), "account"},
		{"an account with a newline", "CLOUDFLARE_ACCOUNT_ID", "a\nb", "account"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, company())
			if test.variable == "CLOUDFLARE_API_TOKEN_FILE" {
				check(t, os.WriteFile(r.path("secret-token"), []byte(test.value), 0o600))
				test.value = r.path("secret-token")
				delete(r.env, "CLOUDFLARE_API_TOKEN")
			}
			r.env["CLOUDFLARE_BASE_URL"] = open.URL
			r.env[test.variable] = test.value
			for _, command := range [][]string{{"plan"}, {"apply", "--yes"}, {"export"}, {"apply", "--yes", "--log-level", "debug", "--log-format", "json"}} {
				done := r.run(t.Context(), command...)
				if done.code != codeError || !strings.Contains(done.stderr, test.want) || done.stdout != "" {
					t.Errorf("%v: exit code %d, want %d and %q\n%s%s", command, done.code, codeError, test.want, done.stdout, done.stderr)
				}
				if lines := strings.Count(done.stderr, "\n"); lines > 2 {
					t.Errorf("%v: the error takes %d lines\n%s", command, lines, done.stderr)
				}
			}
			r.run(t.Context(), "doctor")
		})
	}
	if visits.Load() > 0 {
		t.Errorf("%d requests were sent", visits.Load())
	}
}
