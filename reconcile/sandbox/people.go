package sandbox

import (
	"strconv"
	"time"
)

// random is a small deterministic source (splitmix64). The standard library promises its sequences to nobody, and here
// the same seed has to make the same people in every release.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// between returns a number of days with a fraction.
func (r *random) between(low, high float64) float64 {
	return low + (high-low)*float64(r.next()>>11)/(1<<53)
}

// oneIn reports true once in n times on average.
func (r *random) oneIn(n int) bool { return r.below(n) == 0 }

// appendUUID adds a random UUID.
func appendUUID(b []byte, r *random) []byte {
	const digits = "0123456789abcdef"
	high, low := r.next(), r.next()
	high = high&^0xf000 | 0x4000   // version 4
	low = low&^(0xc<<60) | 0x8<<60 // variant 1
	for i, word := range [...]uint64{high, low} {
		for shift := 60; shift >= 0; shift -= 4 {
			switch {
			case i == 0 && (shift == 28 || shift == 12), i == 1 && (shift == 60 || shift == 44):
				b = append(b, '-')
			}
			b = append(b, digits[word>>shift&0xf])
		}
	}
	return b
}

// newUUID returns a UUID that is in no record yet. The lock is held.
func (s *Sandbox) newUUID() string { return string(appendUUID(nil, &s.random)) }

// populate makes an account: the cast first, then as many people as are still wanted.
func populate(size int, now time.Time, seed random, cast []person) *account {
	a := newAccount(size)
	cast = cast[:min(len(cast), size)]
	fixed := ^random(castSeed) // for their devices; castSeed itself makes their own identifiers
	for i := range cast {
		cast[i].join(a, now, &fixed)
	}
	others := newCrowd(seed)
	for i := len(cast); i < size; i++ {
		p := others.person(i)
		r := personal(i, seed)
		p.complete(&r)
		p.join(a, now, &r)
	}
	return a
}

// personal returns the source that makes up the i-th person. Each has their own, so that nobody changes when the
// account grows.
func personal(i int, seed random) random {
	r := seed ^ random(i)*0xd1342543de82ef95
	r.next()
	return r
}

// crowd draws the people who are not in the cast.
type crowd struct {
	seed          random
	given, family []spelling
	first         int // the place among all names where this crowd starts
}

func newCrowd(seed random) crowd {
	c := crowd{seed: seed, given: spellings(givenNames), family: spellings(familyNames)}
	c.first = seed.below(len(c.given) * len(c.family))
	return c
}

// person draws the i-th person. Shares are of a hundred: most are active; the rest are there because each is a case
// that a reconciler has to get right.
func (c crowd) person(i int) person {
	r := personal(i, ^c.seed)
	p := person{access: yes, created: r.between(200, 1500)}
	p.name, p.email = c.identity(i, &r)
	if r.oneIn(2) { // uses both products
		p.gateway = yes
	}
	switch share := r.below(100); {
	case share < 50: // active
		p.login = daysAgo(r.between(0, 40))
	case share < 56: // quiet
		p.login = daysAgo(r.between(60, 80))
	case share < 60: // due soon
		p.login = daysAgo(r.between(83, 90))
	case share < 70: // inactive
		p.login = daysAgo(r.between(90, 200))
	case share < 73: // no login yet
		p.gateway, p.created, p.login = no, r.between(1, 60), r.never()
	case share < 81: // uses WARP only
		p.access, p.gateway, p.login = no, yes, never(loginMissing)
		p.seen = []float64{r.between(0, 30)}
	case share < 83: // uses WARP only, and no device is known
		p.access, p.gateway, p.login = no, yes, r.never()
	case share < 87: // inactive by login, not by device, half of which are machines that they share
		p.gateway, p.login = yes, daysAgo(r.between(90, 200))
		p.seen = []float64{r.between(0, 20), r.between(30, 300)}
		p.shared = i%2 == 1
	case share < 96: // lost the seat
		p.access, p.gateway, p.login = no, no, daysAgo(r.between(100, 700))
	default: // never had one
		p.access, p.gateway, p.login = no, no, r.never()
		p.seat = seatNull + seatShape(r.below(3))
	}
	if p.gateway == yes && p.seen == nil && p.login.shape == loginDate { // their laptop, seen about when they were
		p.seen = []float64{p.login.days + r.between(0, 2)}
	}
	if p.login.shape == loginDate { // nobody logs in before they exist
		p.created = max(p.created, p.login.days+1)
	}
	r.distort(i, &p)
	return p
}

// never returns one of the shapes of a login that did not happen.
func (r *random) never() login {
	return never([...]loginShape{loginNull, loginMissing, loginEmpty}[r.below(3)])
}

// distort makes some records as odd as real ones are.
func (r *random) distort(i int, p *person) {
	if p.login.shape == loginDate {
		switch {
		case r.oneIn(100):
			p.login.shape = loginOddFormat
		case r.oneIn(400):
			p.login.shape = loginUnparsable
		}
	}
	if r.oneIn(300) {
		p.gateway = [...]flag{flagMissing, flagNull}[r.below(2)]
	}
	if r.oneIn(25) {
		p.name = ""
	}
	for bit := oddity(1); bit <= oddUpdatedMissing; bit <<= 1 {
		if r.oneIn(8) {
			p.odd |= bit
		}
	}
	if i%1000 == 40 {
		// A name that would be markup, a mention or a formula to a report that is not careful.
		p.name, p.odd = `=1+1 <img src=x onerror=alert(1)> @everyone`, 0
	}
}

// identity returns a name and an address that nobody else has. Names are given out in an order that depends on the seed
// and comes back to its start only after all of them; from then on addresses have a number.
func (c crowd) identity(i int, r *random) (name, email string) {
	all := len(c.given) * len(c.family)
	// The stride shares no factor with the number of names, so every one comes up.
	place := (i*7919 + c.first) % all
	first, last := c.given[place%len(c.given)], c.family[place/len(c.given)]
	email = first.address + "." + last.address
	if round := i / all; round > 0 {
		email += strconv.Itoa(round + 1)
	}
	switch share := r.below(100); {
	case share < 86:
		email += "@example.com"
	case share < 99:
		email += "@partner.example.net"
	default:
		email += "@board.example.com"
	}
	return first.name + " " + last.name, email
}
