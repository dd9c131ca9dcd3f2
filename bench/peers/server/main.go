// Server serves the sandbox to the programs that are measured, from a process of its own, and counts what they ask for.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"

	"github.com/seatsync/seatsync/bench"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func main() {
	users := flag.Int("users", 1000, "people in the account")
	latency := flag.Duration("latency", 0, "how long every request takes at least")
	quota := flag.Int("quota", 0, "requests in five minutes; 0 is any number")
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
	mux.Handle(sandbox.BasePath+"/", counter.count(box.Handler()))
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
