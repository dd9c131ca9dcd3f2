// Server serves the sandbox to the programs that are measured, from a process of its own, and counts what they ask for.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"sync"

	"github.com/seatsync/seatsync/bench"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func main() {
	users := flag.Int("users", 1000, "people in the account")
	latency := flag.Duration("latency", 0, "how long every request takes at least")
	quota := flag.Int("quota", 0, "requests in five minutes; 0 is any number")
	registered := flag.Int("registrations", 0, "devices that are registered")
	anyAccount := flag.Bool("any-account", false, "show the same people in every account")
	flag.Parse()
	box, err := sandbox.New(sandbox.Options{Users: 1, Latency: *latency, Quota: &sandbox.Quota{Requests: *quota}, RequestLog: 1})
	if err != nil {
		log.Fatal(err)
	}
	fill(box, *users)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	counter := &counter{counts: make(map[string]int)}
	mux := http.NewServeMux()
	handler := box.Handler()
	if *anyAccount {
		handler = asOneAccount(handler)
	}
	mux.Handle(sandbox.BasePath+"/", counter.count(handler))
	if *registered > 0 {
		mux.Handle(sandbox.BasePath+"/accounts/"+bench.Account+"/devices/registrations", counter.count(registrations(*registered)))
	}
	mux.HandleFunc("/counts", counter.tell)
	log.Fatal(http.Serve(listener, mux))
}

// fill puts people into the account.
func fill(box *sandbox.Sandbox, users int) {
	records := make([]sandbox.Record, users)
	for i := range records {
		person := bench.NewPerson(i)
		records[i] = sandbox.Record{
			ID: sandbox.Value(person.ID), UID: sandbox.Value(person.UID), SeatUID: sandbox.Value(person.SeatUID),
			Email: sandbox.Value(person.Email), Name: sandbox.Value(person.Name),
			AccessSeat: sandbox.Value(person.Access), GatewaySeat: sandbox.Value(person.Gateway),
			ActiveDeviceCount:   sandbox.Value(float64(person.Devices)),
			LastSuccessfulLogin: sandbox.Value(person.LastLogin),
			CreatedAt:           sandbox.Value(person.Created), UpdatedAt: sandbox.Value(person.At),
		}
	}
	box.Replace(bench.Account, records...)
}

// asOneAccount answers for every account as for that of the benchmarks.
func asOneAccount(next http.Handler) http.Handler {
	account := regexp.MustCompile(`/accounts/[^/]+/`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = account.ReplaceAllString(r.URL.Path, "/accounts/"+bench.Account+"/")
		next.ServeHTTP(w, r)
	})
}

// registrations lists so many registrations, as many a person as the listing of users says, page by page.
func registrations(count int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("cursor")) // the first page has none
		perPage, err := strconv.Atoi(r.URL.Query().Get("per_page"))
		if err != nil || perPage < 1 {
			perPage = 20
		}
		end := min(start+perPage, count)
		page := []byte(`{"success":true,"errors":[],"messages":[],"result":[`)
		for i := start; i < end; i++ {
			// Of three people in a row the second has a device, and the third has two.
			person := bench.NewPerson(i/3*3 + min(2, i%3+1))
			if i > start {
				page = append(page, ',')
			}
			page = fmt.Appendf(page, `{"id":"%08d","created_at":%q,"updated_at":%q,"last_seen_at":%q,"device":{"id":"d%d","name":"Laptop"},"user":{"id":%q,"email":%q,"name":%q}}`,
				i, person.Created, person.At, person.At, i, person.ID, person.Email, person.Name)
		}
		cursor := ""
		if end < count {
			cursor = strconv.Itoa(end)
		}
		page = fmt.Appendf(page, `],"result_info":{"count":%d,"per_page":%d,"total_count":%d,"cursor":%q}}`, end-start, perPage, count, cursor)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(page) // who asked has gone
	})
}

// counter counts requests by method, and the responses that refused one for the quota.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *counter) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

// count counts what next is asked and what it answers.
func (c *counter) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.add(r.Method)
		next.ServeHTTP(&refusals{w, c}, r)
	})
}

// tell writes the counts and starts anew.
func (c *counter) tell(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := json.NewEncoder(w).Encode(c.counts); err != nil {
		log.Print(err)
	}
	clear(c.counts)
}

// refusals counts the responses with status 429.
type refusals struct {
	http.ResponseWriter
	*counter
}

func (r *refusals) WriteHeader(status int) {
	if status == http.StatusTooManyRequests {
		r.add("429")
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap leads to what can be done with a connection.
func (r *refusals) Unwrap() http.ResponseWriter { return r.ResponseWriter }
