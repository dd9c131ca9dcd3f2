package simulation

import (
	"fmt"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func userID(i int) string { return fmt.Sprintf("user-%02d", i) }
func seatID(i int) string { return fmt.Sprintf("seat-%02d", i) }

// sign returns when on a day somebody shows a sign of activity, and whether they do.
func (p *Person) sign(seed uint64, i, today int) (at time.Duration, does bool) {
	if p.IsAbsent || p.Every == 0 || today < p.First || today < p.Joined || p.Last != 0 && today > p.Last || (today-p.First)%p.Every != 0 {
		return 0, false
	}
	start := time.Duration(today) * day
	if p.IsLate {
		return start + between(runAt-time.Minute, runAt+3*time.Minute, seed, "late", i, today), true
	}
	return start + between(7*time.Hour, 20*time.Hour, seed, "works", i, today), true
}

// lastBefore returns how many days before the story began somebody showed the last
// sign of activity, or -1 for never.
func (p *Person) lastBefore() int {
	if p.Every == 0 {
		return -1
	}
	if p.First >= 0 {
		return p.Every - p.First%p.Every
	}
	return (-p.First) % p.Every
}

// join lets the account know somebody.
func (w *world) join(i int) {
	p := &w.story.People[i]
	if p.IsAbsent {
		return
	}
	now := time.Now()
	created, last := now, time.Time{}
	if p.Joined == 0 {
		created = now.Add(-200*day + between(0, day, w.story.Seed, "created", i))
		if days := p.lastBefore(); days >= 0 {
			last = now.Add(-time.Duration(days)*day + between(0, time.Hour, w.story.Seed, "before", i)).Truncate(time.Second)
		}
	}
	record := sandbox.Record{
		ID: sandbox.Value(userID(i)), UID: sandbox.Value(userID(i)), Email: sandbox.Value(p.Email), Name: sandbox.Value(p.Name),
		SeatUID: sandbox.Value(seatID(i)), AccessSeat: sandbox.Value(p.Uses != WARP), GatewaySeat: sandbox.Value(p.Uses != Access),
		CreatedAt: sandbox.At(created),
	}
	if !p.IsUncounted {
		record.ActiveDeviceCount = sandbox.Value(0.0)
	}
	if !last.IsZero() && p.Uses != WARP {
		record.LastSuccessfulLogin = sandbox.At(last)
	}
	if p.IsUnclear {
		record.LastSuccessfulLogin = sandbox.Value("yesterday")
	}
	w.mu.Lock()
	w.owners[seatID(i)] = userID(i)
	w.judge.Joined(userID(i), p.Email, created)
	if p.IsUncounted {
		w.judge.Uncounted(userID(i))
	}
	if p.IsUnclear {
		w.judge.Unclear(userID(i))
	}
	w.mu.Unlock()
	w.box.Put(sandbox.MainAccount, record)
	w.look(true)
	if p.Uses != Access && !last.IsZero() {
		w.enrol(i, last)
	}
	if !last.IsZero() {
		w.active(i, last, p.Uses == WARP)
	}
}

// active tells the judge of a sign of activity.
func (w *world) active(i int, at time.Time, isOnDevice bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.judge.Active(userID(i), at, isOnDevice)
}

// work is what somebody does on a day on which they are there.
func (w *world) work(i int) {
	w.mu.Lock()
	at := time.Since(w.begin)
	for _, span := range w.away {
		if span.who == i && at >= span.from && at < span.to {
			w.mu.Unlock()
			return
		}
	}
	w.mu.Unlock()
	if w.story.People[i].Uses == WARP {
		w.connect(i)
		return
	}
	w.login(i)
	if w.story.People[i].Uses == Both {
		w.connect(i)
	}
}

// login logs somebody in, which takes a seat.
func (w *world) login(i int) {
	if _, isThere := w.box.User(sandbox.MainAccount, userID(i)); !isThere || w.story.People[i].IsUnclear {
		return
	}
	w.look(false)
	must(w.box.Login(sandbox.MainAccount, userID(i)))
	w.mu.Lock()
	w.counts.Logins++
	w.mu.Unlock()
	w.active(i, time.Now().Truncate(time.Second), false)
	w.look(true)
}

// connect connects a device of somebody, which takes the Gateway half of a seat.
func (w *world) connect(i int) {
	record, isThere := w.box.User(sandbox.MainAccount, userID(i))
	if !isThere {
		return
	}
	w.look(false)
	record.GatewaySeat = sandbox.Value(true)
	record.UpdatedAt = sandbox.At(w.apiNow())
	w.box.Put(sandbox.MainAccount, record)
	now := time.Now().Truncate(time.Second)
	w.enrol(i, now)
	w.mu.Lock()
	w.counts.Connections++
	w.mu.Unlock()
	w.active(i, now, true)
	w.look(true)
}

// enrol shows a device as seen at a time: that of the desk for whoever shares it, and
// beside it an old one of their own.
func (w *world) enrol(i int, seen time.Time) {
	p := &w.story.People[i]
	owner := sandbox.DeviceUser{ID: sandbox.Value(userID(i)), Email: sandbox.Value(w.emailOf(i)), Name: sandbox.Value(p.Name)}
	devices := []string{fmt.Sprintf("laptop-%02d", i)}
	if p.Shares {
		devices = []string{"desk"}
	}
	for _, id := range devices {
		device := sandbox.Device{
			ID: sandbox.Value(id), Name: sandbox.Value(id), ActiveRegistrations: sandbox.Value(1.0),
			CreatedAt: sandbox.At(w.begin.Add(-200 * day)), UpdatedAt: sandbox.At(seen), LastSeenAt: sandbox.At(seen),
			LastSeenUser: sandbox.Value(owner),
		}
		w.box.PutDevice(sandbox.MainAccount, device)
		w.box.PutRegistration(sandbox.MainAccount, sandbox.Registration{
			ID: sandbox.Value(fmt.Sprintf("%s-%02d", id, i)), CreatedAt: device.CreatedAt, UpdatedAt: device.UpdatedAt, LastSeenAt: device.LastSeenAt,
			Device: sandbox.Value(sandbox.RegisteredDevice{ID: device.ID, Name: device.Name}), User: sandbox.Value(owner),
		})
	}
	if record, isThere := w.box.User(sandbox.MainAccount, userID(i)); isThere && !p.IsUncounted {
		record.ActiveDeviceCount = sandbox.Value(float64(len(devices)))
		w.box.Put(sandbox.MainAccount, record)
	}
}

// emailOf is the address that the account has of somebody.
func (w *world) emailOf(i int) string {
	record, _ := w.box.User(sandbox.MainAccount, userID(i))
	email, _ := record.Email.Get()
	return email
}
