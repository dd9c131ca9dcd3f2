package simulation

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// errDead is what a process gets whose machine has stopped: nothing reaches the
// network any more, and what it still writes goes to a disk that nobody looks at.
var errDead = errors.New("the machine has stopped")

// machine is what seatsync runs on: a disk, a clock, and processes.
//
// A machine dies between two steps: everything waits in a bubble while one thing
// happens, so its state directory is copied as it is at that instant, and the copy is
// what the machine has when it is back. The processes that died run on for a moment,
// on the directory that nobody looks at, until they notice.
type machine struct {
	world *world
	disk  string // the state directory
	disks int
	skew  atomic.Int64 // of the clock
	room  atomic.Int64 // how many bytes the disk has left
	isOff bool
	awake chan struct{} // closed when the machine wakes up; nil while it is awake
	// dies is what the machine dies of at the next request that writes, and for how
	// long; empty for nothing.
	dies    Kind
	diesFor time.Duration

	processes []*process
	ids       int
	stores    map[string]*record.Store // by state directory
}

// process is one seatsync: a daemon, or one run.
type process struct {
	machine *machine
	disk    string
	// isByHand is true for one that somebody started at a terminal.
	isByHand bool
	runs     map[string]bool // that have begun and not ended
	dead     chan struct{}
	done     chan struct{}
	ctx      context.Context
	stop     context.CancelCauseFunc
}

func (p *process) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

func newMachine(w *world) *machine {
	m := &machine{world: w, disk: filepath.Join(w.directory, "state-0"), stores: make(map[string]*record.Store)}
	m.room.Store(unbounded)
	return m
}

// store returns the records in a state directory. Processes share it: one of their own
// would read again all records that have not changed, and nothing else.
func (m *machine) store(disk string) *record.Store {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.stores[disk] == nil {
		store := record.Open(disk, sandbox.MainAccount)
		store.Disk = m.limited
		m.stores[disk] = store
	}
	return m.stores[disk]
}

// newID names a run, in the form that records have.
func (m *machine) newID(at time.Time) string {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.ids++
	number := strconv.FormatInt(int64(m.ids), 16)
	return at.UTC().Format("20060102T150405Z") + "-" + "00000000"[:8-len(number)] + number
}

// start begins a process beside others. It returns nil while the machine is off.
func (m *machine) start(live func(*process)) *process {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.isOff {
		return nil
	}
	p := &process{
		machine: m, disk: m.disk, runs: make(map[string]bool), dead: make(chan struct{}), done: make(chan struct{}),
	}
	p.ctx, p.stop = context.WithCancelCause(context.Background())
	m.processes = append(m.processes, p)
	m.world.spawn(func() {
		m.sleeps(p)
		live(p)
		m.world.mu.Lock()
		defer m.world.mu.Unlock()
		p.stop(nil)
		close(p.done)
		for i, other := range m.processes {
			if other == p {
				m.processes = append(m.processes[:i:i], m.processes[i+1:]...)
				break
			}
		}
	})
	return p
}

// waitUntilOn waits until the machine is back, if it is off.
func (m *machine) waitUntilOn() {
	isOff := func() bool {
		m.world.mu.Lock()
		defer m.world.mu.Unlock()
		return m.isOff
	}
	for isOff() {
		time.Sleep(time.Hour)
	}
}

// startDaemon begins the daemon, where there is one.
func (m *machine) startDaemon() {
	if !m.world.story.Setup.IsDaemon {
		return
	}
	m.start(func(p *process) { p.daemon().Run(p.ctx, nil) })
}

// runOnce starts a process for one run.
func (m *machine) runOnce(mode reconcile.Mode) {
	m.start(func(p *process) { p.daemon().Once(p.ctx, mode) })
}

// daemon is the real one, about this account.
func (p *process) daemon() *daemon.Daemon {
	account := &unattended{process: p}
	return daemon.New(daemon.Options{
		Accounts: []daemon.Account{{Name: "desired-state.yaml", Runner: account, History: account, Outbox: p.outboxes}},
		NewID:    p.machine.newID, AfterRun: p.afterRun, Tool: tool, Notifier: p.notifier(),
	})
}

// diesAt reports whether the machine dies now, of something that was to happen at the
// next request that writes; and lets it die.
func (m *machine) diesAt(kind Kind) bool {
	m.world.mu.Lock()
	dies := m.dies == kind
	pause := m.diesFor
	if dies {
		m.dies = ""
	}
	m.world.mu.Unlock()
	if dies {
		m.die(pause)
	}
	return dies
}

// die stops the machine, and starts it again after a while.
func (m *machine) die(pause time.Duration) {
	w := m.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.isOff {
		return
	}
	before := m.disk
	m.disks++
	m.disk = filepath.Join(w.directory, "state-"+strconv.Itoa(m.disks))
	copyTree(m.disk, before)
	if w.mutation == LoseIntents {
		loseIntents(m.disk)
	}
	m.isOff = true
	died := m.processes
	m.processes = nil
	clear(w.summaries)
	for _, p := range died {
		close(p.dead)
		p.stop(errDead)
		for id := range p.runs {
			w.counts.Kills++
			w.judge.IsKilled(id, time.Now())
			w.judge.LookAt(id, w.recordPath(id), time.Now())
		}
	}
	w.spawn(func() {
		for _, p := range died {
			<-p.done
		}
		must(os.RemoveAll(before))
	})
	w.spawn(func() {
		time.Sleep(pause)
		w.mu.Lock()
		m.isOff = false
		w.mu.Unlock()
		m.startDaemon()
	})
}

// copyTree copies what a disk has.
func copyTree(to, from string) {
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return
	}
	must(filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), info.Mode().Perm())
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, info.Mode().Perm())
	}))
}

// fallAsleep suspends the machine for a while: nothing leaves it and nothing reaches it.
// Timers go on, as those do that count the time of a suspension.
func (m *machine) fallAsleep(lasting time.Duration) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.awake != nil {
		return
	}
	awake := make(chan struct{})
	m.awake = awake
	m.world.later(lasting, func() {
		m.world.mu.Lock()
		defer m.world.mu.Unlock()
		m.awake = nil
		close(awake)
	})
}

// sleeps waits until the machine is awake, or the process dead, and reports whether it
// slept.
func (m *machine) sleeps(p *process) bool {
	m.world.mu.Lock()
	awake := m.awake
	m.world.mu.Unlock()
	if awake == nil {
		return false
	}
	select {
	case <-awake:
	case <-p.dead:
	}
	return true
}

// unbounded is the room on a disk that is not full.
const unbounded = 1 << 50

// limited is a file on the disk of the machine, which may be full.
func (m *machine) limited(file record.File) record.File { return &limitedFile{file, m} }

type limitedFile struct {
	record.File
	machine *machine
}

// Write writes as much as there is room for.
func (f *limitedFile) Write(data []byte) (int, error) {
	left := f.machine.room.Add(-int64(len(data)))
	if left >= 0 {
		return f.File.Write(data)
	}
	n, err := f.File.Write(data[:max(0, len(data)+int(left))])
	return n, errors.Join(err, syscall.ENOSPC)
}
