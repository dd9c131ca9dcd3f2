package simulation

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/simulation/judge"
)

// happen lets one event happen.
func (w *world) happen(e Event) {
	w.mu.Lock()
	w.counts.met(e.Kind, time.Since(w.begin))
	w.mu.Unlock()
	switch e.Kind {
	case Login, Connect, Leave, Quit, Marry, Move:
		w.happenToPerson(e)
	case Dismiss, End, Exempt, Protect, Freeze, Halve, Ask, Correct, Drop, Forget, Break, Tear, Checkout, Stale, Short:
		w.happenToFiles(e)
	case Click, Delete, Busy, Apply, Plan, Allow, Saved, Revert:
		w.happenByHand(e)
	case Fault, Delay, Reset, Mute, Outage, APITime, Restart, Silent:
		w.happenToAPI(e)
	case Kill, KillWrite, KillLater, Off, Clock, Disk, Full, Sleep:
		w.happenToMachine(e)
	}
}

// happenToPerson lets people do something.
func (w *world) happenToPerson(e Event) {
	switch e.Kind {
	case Login:
		w.login(e.Who)
	case Connect:
		w.connect(e.Who)
	case Leave, Quit:
		w.leave(e)
	case Marry:
		w.changeRecord(e.Who, func(record *sandbox.Record) {
			record.Name = sandbox.Value(w.story.People[e.Who].Name + " Married")
		})
	case Move:
		isThere := w.changeRecord(e.Who, func(record *sandbox.Record) {
			address := strings.Replace(w.story.People[e.Who].Email, "@", ".new@", 1)
			record.Email = sandbox.Value(address)
			w.judge.Moved(userID(e.Who), address, time.Now())
		})
		if !isThere {
			return // who joins later does so with the address that they have always had
		}
		email := w.story.People[e.Who].Email
		w.edit(func() { w.files.rename(email, strings.Replace(email, "@", ".new@", 1)) })
	}
}

// leave lets somebody go on leave, or leave the company, which HR knows.
func (w *world) leave(e Event) {
	until := e.At + e.For
	if e.For == 0 {
		until = time.Duration(w.story.Days+100) * day
	}
	w.mu.Lock()
	w.away = append(w.away, awaySpan{e.Who, e.At, until})
	w.mu.Unlock()
	if e.Kind == Leave {
		return
	}
	isGone := func(is bool) {
		w.edit(func() {
			if of := w.files.employee(w.story.People[e.Who].Email); of != nil {
				of.isGone = is
			}
		})
	}
	isGone(true)
	if e.For > 0 {
		w.later(e.For, func() { isGone(false) })
	}
}

// changeRecord changes what the account has of somebody, if they are there.
func (w *world) changeRecord(i int, change func(*sandbox.Record)) (isThere bool) {
	record, isThere := w.box.User(sandbox.MainAccount, userID(i))
	if !isThere {
		return false
	}
	w.look(false)
	w.mu.Lock()
	change(&record)
	w.mu.Unlock()
	w.box.Put(sandbox.MainAccount, record)
	w.look(true)
	return true
}

// happenToFiles lets administrators edit the files, well and badly.
func (w *world) happenToFiles(e Event) {
	email := w.story.People[e.Who].Email
	now := time.Now()
	today := now.Truncate(day)
	no, yes := false, true
	change := func(change func(*entry)) {
		w.edit(func() {
			if of := w.files.entries[email]; of != nil {
				change(of)
			}
		})
	}
	switch e.Kind {
	case Dismiss:
		change(func(of *entry) { of.Access, of.Gateway = &no, &no })
	case Halve:
		change(func(of *entry) { of.Gateway = &no })
	case Ask:
		change(func(of *entry) {
			if e.N == 0 {
				of.Access = &yes
			} else {
				of.Gateway = &yes
			}
		})
	case Correct:
		name := w.story.People[e.Who].Name + " Corrected"
		if w.changeRecord(e.Who, func(record *sandbox.Record) { record.Name = sandbox.Value(name) }) {
			change(func(of *entry) { of.Name = name })
		}
	case End:
		change(func(of *entry) { of.Ends = today.Add(day) })
	case Exempt:
		change(func(of *entry) { of.ExemptUntil = today.Add(time.Duration(e.N) * day) })
	case Protect:
		w.edit(func() { w.files.shields[email] = true })
	case Freeze:
		span := judge.Span{From: today.Add(day), To: today.Add(day + e.For)}
		w.edit(func() { w.files.frozen = append(w.files.frozen, span) })
	case Drop:
		w.wrong(e.For, func(is bool) { w.files.dropped[e.N] = is })
	case Forget:
		w.wrong(e.For, func(is bool) { w.files.isForgotten = is })
	case Break:
		w.wrong(e.For, func(is bool) { w.files.isBroken = is })
	case Tear:
		w.tear(e)
	case Checkout:
		w.checkout(e)
	case Stale:
		w.wrong(e.For, func(is bool) { w.files.isStale = is })
	case Short:
		w.wrong(e.For, func(is bool) { w.files.isShort, w.files.shortest = is, e.N })
	}
}

// wrong makes a mistake in the files, and corrects it after a while.
func (w *world) wrong(lasting time.Duration, set func(is bool)) {
	w.edit(func() { set(true) })
	w.later(lasting, func() { w.edit(func() { set(false) }) })
}

// tear saves a file of a team in two steps, as an editor does that writes in place.
func (w *world) tear(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.files.teamText(e.N)
	lines := strings.SplitAfter(text, "\n")
	half := strings.Join(lines[:len(lines)/2], "")
	if half == "" || half == "users:\n" {
		half = "users: []\n"
	}
	w.files.save(teamFile(e.N), half, time.Now())
	w.edits++
	w.later(e.For, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.files.save(teamFile(e.N), w.files.teamText(e.N), time.Now())
		w.edits++
	})
}

// checkout is what git does: it takes its lock, removes the files of the teams, writes
// them anew, and gives the lock back.
func (w *world) checkout(e Event) {
	lock := filepath.Join(w.files.path, ".git", "index.lock")
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := os.Lstat(lock); err == nil {
		return // git itself would refuse
	}
	must(os.WriteFile(lock, nil, 0o644))
	for team := 2; team <= teams; team++ {
		w.files.remove(teamFile(team))
	}
	w.edits++
	w.later(e.For, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.files.write(time.Now())
		must(os.Remove(lock))
		w.edits++
	})
}

// happenByHand lets somebody use the dashboard, or a terminal beside the daemon.
func (w *world) happenByHand(e Event) {
	switch e.Kind {
	case Click:
		w.changeRecord(e.Who, func(record *sandbox.Record) {
			record.AccessSeat, record.GatewaySeat = sandbox.Value(false), sandbox.Value(false)
		})
	case Delete:
		w.look(false)
		if w.box.Remove(sandbox.MainAccount, userID(e.Who)) {
			w.mu.Lock()
			w.judge.Left(userID(e.Who))
			w.mu.Unlock()
		}
	case Busy:
		for range e.N {
			request, err := http.NewRequest(http.MethodGet, baseURL+"/user/tokens/verify", nil)
			must(err)
			request.Header.Set("Authorization", "Bearer sandbox")
			w.network.serve(request, nil)
		}
	case Plan:
		w.machine.byHand(func(p *process, id string) {
			p.run(p.ctx, order{id: id, mode: reconcile.ModeDryRun})
		})
	case Apply:
		w.machine.byHand(func(p *process, id string) {
			p.run(p.ctx, order{id: id, mode: reconcile.ModeApply, thinks: e.For})
		})
	case Allow:
		w.machine.byHand(func(p *process, id string) {
			p.run(p.ctx, order{id: id, mode: reconcile.ModeApply, allowed: &e.N})
		})
	case Revert:
		w.machine.byHand(func(p *process, id string) {
			p.run(p.ctx, order{id: id, mode: reconcile.ModeApply, reverts: true})
		})
	case Saved:
		w.machine.byHand(func(p *process, id string) {
			result := p.run(p.ctx, order{id: id, mode: reconcile.ModeDryRun})
			if result.Plan == nil || sleep(p.ctx, e.For) != nil {
				return
			}
			p.run(p.ctx, order{id: w.machine.newID(time.Now()), mode: reconcile.ModeApply, saved: result.Plan})
			if e.N > 0 && sleep(p.ctx, e.For) == nil {
				p.run(p.ctx, order{id: w.machine.newID(time.Now()), mode: reconcile.ModeApply, saved: result.Plan})
			}
		})
	}
}

// byHand starts a process of somebody at a terminal.
func (m *machine) byHand(live func(p *process, id string)) {
	id := m.newID(time.Now())
	m.start(func(p *process) {
		p.isByHand = true
		live(p, id)
	})
}

// happenToAPI lets something go wrong with the API, or on the way to it.
func (w *world) happenToAPI(e Event) {
	set := func(begin, end func()) {
		w.mu.Lock()
		begin()
		w.mu.Unlock()
		w.later(e.For, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			end()
		})
	}
	n := w.network
	long := time.Duration(e.N) * time.Second
	switch e.Kind {
	case Fault:
		fault, err := sandbox.ParseFault(e.Text)
		must(err)
		must(w.box.Inject(fault))
		w.later(e.For, func() {
			w.box.ClearFaults()
			w.refuseRegistrations()
		})
	case Delay:
		set(func() { n.writesTravel = long }, func() { n.writesTravel = 0 })
	case Reset:
		set(func() { n.resetWrites = long }, func() { n.resetWrites = 0 })
	case Mute:
		set(func() { n.isMuted = true }, func() { n.isMuted = false })
	case Outage:
		set(func() { n.isDown = true }, func() { n.isDown = false })
	case APITime:
		w.apiSkew.Store(int64(long))
		w.later(e.For, func() { w.apiSkew.Store(0) })
	case Restart:
		set(func() { n.restarts, n.isDown = n.restarts+1, true }, func() { n.isDown = false })
	case Silent:
		set(func() { w.silent[e.N] = true }, func() { w.silent[e.N] = false })
	}
}

// refuseRegistrations is what the API does for ever in some stories.
func (w *world) refuseRegistrations() {
	if w.story.Setup.RegistrationsAreRefused {
		must(w.box.Inject(sandbox.Fault{Path: "registrations", Kind: sandbox.KindForbidden}))
	}
}

// happenToMachine lets something go wrong with the machine.
func (w *world) happenToMachine(e Event) {
	m := w.machine
	switch e.Kind {
	case Kill, Off:
		m.die(e.For)
	case KillWrite, KillLater:
		w.mu.Lock()
		defer w.mu.Unlock()
		m.dies, m.diesFor = e.Kind, e.For
	case Clock:
		m.skew.Store(int64(time.Duration(e.N) * time.Second))
		w.later(e.For, func() { m.skew.Store(0) })
	case Disk:
		w.disk(e)
	case Full:
		m.room.Store(int64(e.N))
		w.later(e.For, func() { m.room.Store(unbounded) })
	case Sleep:
		m.fallAsleep(e.For)
	}
}

// disk makes the directory of the records one that nothing can be written to.
func (w *world) disk(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	runs := filepath.Join(w.machine.disk, "accounts", sandbox.MainAccount, "runs")
	if err := os.Rename(runs, runs+".lost"); w.noDisk || err != nil {
		return // it is like that already, or nothing has run yet
	}
	must(os.WriteFile(runs, nil, 0o600))
	w.noDisk = true
	w.later(e.For, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		runs := filepath.Join(w.machine.disk, "accounts", sandbox.MainAccount, "runs")
		must(os.Remove(runs))
		must(os.Rename(runs+".lost", runs))
		w.noDisk = false
	})
}
