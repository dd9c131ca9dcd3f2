package sandbox

import (
	"strings"
	"time"
)

// person is someone before they have dates and JSON: what the cast is written in, and what everybody else is drawn as.
type person struct {
	email, name     string
	id, seatUID     string // made up by complete when empty
	access, gateway flag
	seat            seatShape
	login           login
	created         float64   // days ago
	seen            []float64 // days ago, one for each device
	shared          bool      // the first of them is a shared machine, where somebody else was seen since
	odd             oddity
}

type flag uint8

const (
	no flag = iota
	yes
	flagMissing
	flagNull
)

func (f flag) field() Field[bool] {
	switch f {
	case flagMissing:
		return Missing[bool]()
	case flagNull:
		return Null[bool]()
	default:
		return Value(f == yes)
	}
}

type seatShape uint8

const (
	seatKnown seatShape = iota
	seatNull
	seatMissing
	seatEmpty
)

// oddity says which unimportant fields are absent.
type oddity uint8

const (
	oddUIDMissing oddity = 1 << iota
	oddNameMissing
	oddCountMissing
	oddCountNull
	oddUpdatedMissing
)

// login is the last login in one of the shapes that occur.
type login struct {
	shape loginShape
	days  float64 // ago
}

type loginShape uint8

const (
	loginNull loginShape = iota
	loginMissing
	loginEmpty
	loginDate
	loginOddFormat
	loginUnparsable
)

// never returns a login that did not happen, or whose date says nothing.
func never(shape loginShape) login { return login{shape: shape} }

func daysAgo(days float64) login { return login{loginDate, days} }

func oddFormat(days float64) login { return login{loginOddFormat, days} }

// complete makes up identifiers where there are none.
func (p *person) complete(r *random) {
	var uuids [72]byte
	text := string(appendUUID(appendUUID(uuids[:0], r), r))
	if p.id == "" {
		p.id = text[:36]
	}
	if p.seatUID == "" {
		p.seatUID = text[36:]
	}
}

// join adds the person and their devices to an account.
func (p *person) join(a *account, now time.Time, r *random) {
	record := Record{
		ID: Value(p.id), UID: Value(p.id), Email: Value(p.email), Name: Value(p.name),
		AccessSeat: p.access.field(), GatewaySeat: p.gateway.field(),
		ActiveDeviceCount: Value(float64(len(p.seen))),
		CreatedAt:         before(now, p.created),
	}
	switch p.seat {
	case seatKnown:
		record.SeatUID = Value(p.seatUID)
	case seatNull:
		record.SeatUID = Null[string]()
	case seatEmpty:
		record.SeatUID = Value("")
	}
	record.UpdatedAt = record.CreatedAt
	switch p.login.shape {
	case loginNull:
		record.LastSuccessfulLogin = Null[string]()
	case loginEmpty:
		record.LastSuccessfulLogin = Value("")
	case loginUnparsable:
		record.LastSuccessfulLogin = Value("0000-00-00 00:00:00")
	case loginOddFormat:
		record.LastSuccessfulLogin = Value(moment(now, p.login.days).Format("2006-01-02 15:04:05-07:00"))
	case loginDate:
		record.LastSuccessfulLogin = before(now, p.login.days)
		record.UpdatedAt = record.LastSuccessfulLogin
	}
	p.odd.apply(&record)
	a.append(record)
	for i, days := range p.seen {
		d := p.device(i, days, now, r)
		if p.shared && i == 0 {
			p.share(a, d, days, now)
			continue
		}
		a.appendDevice(d)
	}
}

func (o oddity) apply(record *Record) {
	if o&oddUIDMissing != 0 {
		record.UID = Missing[string]()
	}
	if o&oddNameMissing != 0 {
		record.Name = Missing[string]()
	}
	if o&oddCountMissing != 0 {
		record.ActiveDeviceCount = Missing[float64]()
	}
	if o&oddCountNull != 0 {
		record.ActiveDeviceCount = Null[float64]()
	}
	if o&oddUpdatedMissing != 0 {
		record.UpdatedAt = Missing[string]()
	}
}

// device returns the person's i-th device, last seen that many days ago.
func (p *person) device(i int, days float64, now time.Time, r *random) Device {
	kinds := [...]string{"laptop", "phone", "tablet"}
	local, _, _ := strings.Cut(p.email, "@")
	var uuid [36]byte
	seen := before(now, days)
	return Device{
		ID:                  Value(string(appendUUID(uuid[:0], r))),
		Name:                Value(local + "-" + kinds[i%len(kinds)]),
		ActiveRegistrations: Value(1.0),
		CreatedAt:           before(now, max(p.created, days)),
		UpdatedAt:           seen,
		LastSeenAt:          seen,
		LastSeenUser:        Value(DeviceUser{ID: Value(p.id), Email: Value(p.email), Name: Value(p.name)}),
	}
}

// share adds a machine that the person was seen on that many days ago, and after them a visitor who has left since.
func (p *person) share(a *account, d Device, days float64, now time.Time) {
	id, _ := d.ID.Get()
	owner, _ := d.LastSeenUser.Get()
	created, seen := d.CreatedAt, d.LastSeenAt
	d.Name, d.ActiveRegistrations = Value("front-desk-"+id[:4]), Value(2.0)
	d.LastSeenAt = before(now, days/4)
	d.UpdatedAt = d.LastSeenAt
	d.LastSeenUser = Value(DeviceUser{
		ID: Value(foreignID(id)), Email: Value("visitor-" + id[:8] + "@visitors.example.org"), Name: Value(""),
	})
	a.appendDevice(d)
	a.share(d, owner, created, seen)
}

func moment(now time.Time, days float64) time.Time {
	return now.Add(-time.Duration(days * float64(24*time.Hour))).Truncate(time.Second)
}

func before(now time.Time, days float64) Field[string] { return At(moment(now, days)) }
