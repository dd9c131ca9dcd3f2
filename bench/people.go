// Package bench measures seatsync: its benchmarks stand in bench_test.go, and bench/peers, a module of its own, runs it
// side by side with a program that uses Cloudflare's SDK. docs/performance.md says what came out.
//
// The package must never be imported by the product. What it exports are the people that are measured with: made up,
// the same on every machine, and each made on its own, so that a million need not be held at once.
package bench

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Account is the account that the people belong to.
const Account = "023e105f4ecef8ad9ca31a8372d0c353"

// Now is the moment at which everything is measured; the people's dates are relative to it.
func Now() time.Time { return time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC) }

// Person is one made-up user.
type Person struct {
	ID, UID, SeatUID       string
	Email, Name            string
	Access, Gateway        bool
	Devices                int
	LastLogin, Created, At string // RFC 3339
}

// NewPerson makes up the i-th person. All of them hold a seat.
func NewPerson(i int) Person {
	given := [...]string{"Ada", "Alan", "Barbara", "Carol", "Donald", "Edsger", "Frances", "Grace", "Hedy", "José", "Katherine", "Zoë"}
	family := [...]string{"Lovelace", "Turing", "Liskov", "Shannon", "Knuth", "Dijkstra", "Allen", "Hopper", "Lamarr", "Müller", "Johnson"}
	// The multiplier is odd, so no two people share an id, and their order says nothing about their emails.
	id := uint64(i+1) * 0x9e3779b97f4a7c15
	login := Now().Add(-time.Duration(i%60*24*60+i%1440) * time.Minute)
	return Person{
		ID:      fmt.Sprintf("%08x-%04x-4000-8000-%012x", id>>32, id>>16&0xffff, i),
		UID:     fmt.Sprintf("%08x-%04x-4000-9000-%012x", id>>32, id>>16&0xffff, i),
		SeatUID: fmt.Sprintf("%08x-%04x-4000-a000-%012x", id>>32, id>>16&0xffff, i),
		Email:   fmt.Sprintf("person.%07d@example.com", i),
		Name:    given[i%len(given)] + " " + family[i/len(given)%len(family)],
		Access:  true, Gateway: i%2 == 0,
		Devices:   i % 3,
		LastLogin: login.Format(time.RFC3339),
		Created:   login.AddDate(-1, 0, 0).Format(time.RFC3339),
		At:        login.Format(time.RFC3339),
	}
}

// AppendJSON appends the person as the API lists it.
func (p Person) AppendJSON(b []byte) []byte {
	return fmt.Appendf(b, `{"access_seat":%t,"active_device_count":%d,"created_at":%q,"email":%q,"gateway_seat":%t,"id":%q,`+
		`"last_successful_login":%q,"name":%q,"seat_uid":%q,"uid":%q,"updated_at":%q}`,
		p.Access, p.Devices, p.Created, p.Email, p.Gateway, p.ID, p.LastLogin, p.Name, p.SeatUID, p.UID, p.At)
}

// AppendYAML appends the person as an entry of a desired-state file.
func (p Person) AppendYAML(b []byte) []byte {
	return fmt.Appendf(b, "  - email: %s\n    name: %s\n    access_seat: %t\n    gateway_seat: %t\n", p.Email, p.Name, p.Access, p.Gateway)
}

// Wish is what the file wants of an account in which the people are as they are made.
type Wish struct {
	// Users is how many people the files list.
	Users int
	// Releases is how many of them are to lose their seat, and Renames how many of the others get another name. Both
	// are spread over the whole list.
	Releases, Renames int
}

// Of returns the i-th person as wanted, and what is to happen to them.
func (w Wish) Of(i int) (p Person, release, rename bool) {
	p = NewPerson(i)
	release = isNth(i, w.Users, w.Releases)
	rename = !release && isNth(i-1, w.Users, w.Renames)
	if release {
		p.Access, p.Gateway = false, false
	}
	if rename {
		p.Name += " II"
	}
	return p, release, rename
}

// isNth picks count of all numbers below total, evenly spread. Count divides total.
func isNth(i, total, count int) bool { return count > 0 && i >= 0 && i%(total/count) == 0 }

// Root is the first of the files that Write writes.
const Root = "desired-state.yaml"

// Header is what stands before the users of the first file.
const Header = "version: 1\naccount: " + Account + "\npolicy:\n  limits:\n    releases: 100%\n"

// Write writes the files that wish for this into a directory: the first one includes the others, which list up to
// perFile people each. It returns the path of the first.
func (w Wish) Write(directory string, perFile int) (string, error) {
	root := filepath.Join(directory, Root)
	if err := os.WriteFile(root, []byte(Header+"include: [team-*.yaml]\n"), 0o600); err != nil {
		return "", err
	}
	for start := 0; start < w.Users; start += perFile {
		path := filepath.Join(directory, fmt.Sprintf("team-%03d.yaml", start/perFile))
		if err := w.writeTeam(path, start, min(start+perFile, w.Users)); err != nil {
			return "", err
		}
	}
	return root, nil
}

// writeTeam writes the people from start up to end into one file, without ever holding it whole.
func (w Wish) writeTeam(path string, start, end int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	_, _ = out.WriteString("users:\n") // Flush returns the first error
	var entry []byte
	for i := start; i < end; i++ {
		person, _, _ := w.Of(i)
		entry = person.AppendYAML(entry[:0])
		_, _ = out.Write(entry)
	}
	if err := out.Flush(); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
