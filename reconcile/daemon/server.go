package daemon

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

//go:embed page/status.html page/status.css
var pageFiles embed.FS

// Handler serves the endpoints. None of them changes anything: whatever is not
// GET or HEAD is refused before it is looked at. So is, but for probes and
// metrics, a request whose Host header names another machine: see [hostGuard].
func (d *Daemon) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", d.serveHealth)
	mux.HandleFunc("/readyz", d.serveReadiness)
	mux.Handle("/metrics", d.metrics.Handler())
	mux.HandleFunc("/{$}", d.serveStatus)
	mux.HandleFunc("/runs/{id}", d.serveReport)
	mux.HandleFunc("/api/v1/runs", d.serveRuns)
	if prefix := d.options.Prefix; prefix != "" {
		below := http.StripPrefix(prefix, mux) // links have it also for whoever comes past the proxy
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == prefix {
				http.Redirect(w, r, (&url.URL{Path: prefix + "/"}).String(), http.StatusTemporaryRedirect)
				return
			}
			below.ServeHTTP(w, r)
		})
	}
	policy, guard := statusPolicy(), newHostGuard(d.options.Hosts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "everything here is read-only", http.StatusMethodNotAllowed)
			return
		}
		if !guard.allows(r) {
			http.Error(w, fmt.Sprintf("these pages are not served for the host %q: start seatsync run with --external-url to name it", r.Host), http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// statusPolicy lets the status page use its own style, and search itself, and nothing else.
func statusPolicy() string {
	sum := sha256.Sum256([]byte(pageFile("page/status.css")))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// pageFile returns an embedded file. It is part of the program, so that it is
// there is checked by every test of the page.
func pageFile(name string) string {
	data, err := pageFiles.ReadFile(name)
	if err != nil {
		panic("daemon: " + err.Error())
	}
	return string(data)
}

func (d *Daemon) serveHealth(w http.ResponseWriter, _ *http.Request) {
	writeState(w, d.health(time.Now()))
}

func (d *Daemon) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	writeState(w, d.readiness())
}

// writeState writes 200, or 503 with the reason.
func writeState(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, "ok")
}

// The number of runs that the API and the status page show.
const (
	defaultRuns = 100
	mostRuns    = 1000
)

// serveRuns serves the recorded runs, the latest first.
func (d *Daemon) serveRuns(w http.ResponseWriter, r *http.Request) {
	limit := defaultRuns
	if text := r.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > mostRuns {
			writeProblem(w, http.StatusBadRequest, fmt.Sprintf("limit: write a number from 1 to %d", mostRuns))
			return
		}
	}
	accounts, ok := d.asked(r)
	if !ok {
		writeProblem(w, http.StatusNotFound, "this daemon does not manage that account")
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Runs []RunSummary `json:"runs"`
	}{d.recorded(accounts, limit)})
}

// asked returns the accounts that a request is about: the one that it names, or
// all. It reports false when there is no account of that name.
func (d *Daemon) asked(r *http.Request) ([]*account, bool) {
	id := r.URL.Query().Get("account")
	if id == "" {
		return d.accounts, true
	}
	for _, a := range d.accounts {
		if a.label() == id {
			return []*account{a}, true
		}
	}
	return nil, false
}

func writeProblem(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, struct {
		Error string `json:"error"`
	}{text})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value) // who asked has gone
}

// problemPage is a page with little to say.
type problemPage struct {
	Title, Text string
	Facts       []fact
}

type fact struct{ Label, Text string }

// writePage writes a page made from a template.
func (d *Daemon) writePage(w http.ResponseWriter, status int, name string, content any) {
	pages, err := template.ParseFS(pageFiles, "page/status.html")
	var page bytes.Buffer
	if err == nil {
		err = pages.ExecuteTemplate(&page, name, struct {
			Style   template.CSS
			Content any
			Tool    string
			Prefix  string
		}{template.CSS(pageFile("page/status.css")), content, d.options.Tool, d.options.Prefix})
	}
	if err != nil {
		d.log.Error("a page cannot be made", "page", name, "error", err.Error())
		http.Error(w, "this page cannot be made: the log says more", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}
