package sandbox

import (
	"slices"
	"sort"
)

// account holds the people and devices of one account. Its methods expect the sandbox's lock to be held.
//
// Positions are int32 and the maps hold nothing but them, because a benchmark fills an account with a million people.
type account struct {
	users  []user
	byID   map[string]int32
	bySeat map[string]int32

	devices    []device
	nextDevice uint64 // the number of the next device or registration

	// registrations are those that do not follow from a device; registered has their people and devices.
	registrations []registration
	registered    map[string]bool
}

type user struct {
	Record
	// loggedOut is set by losing the seat, which revokes the registrations of all devices. It is kept here so that a
	// release need not search the devices; listing them looks it up.
	loggedOut bool
}

// device is a Device with its place in the listing. Numbers only grow, so that a cursor which holds one stays right
// when devices before it disappear.
type device struct {
	Device
	number uint64
}

// registration is a Registration with its place in the listing, among the numbers of the devices.
type registration struct {
	Registration
	number uint64
}

func newAccount(size int) *account {
	return &account{
		users:  make([]user, 0, size),
		byID:   make(map[string]int32, size),
		bySeat: make(map[string]int32, size),
		// About one device for two people, with room to spare.
		devices:    make([]device, 0, size*5/8),
		registered: make(map[string]bool),
	}
}

// index makes the user at the position findable. Where two users share an identifier, the first is found.
func (a *account) index(position int) {
	record := &a.users[position].Record
	if id, ok := record.ID.Get(); ok {
		if _, taken := a.byID[id]; !taken {
			a.byID[id] = int32(position)
		}
	}
	if seat, ok := record.SeatUID.Get(); ok && seat != "" {
		if _, taken := a.bySeat[seat]; !taken {
			a.bySeat[seat] = int32(position)
		}
	}
}

// reindex starts over, after positions have moved.
func (a *account) reindex() {
	clear(a.byID)
	clear(a.bySeat)
	for position := range a.users {
		a.index(position)
	}
}

// user returns the user with that id, or nil.
func (a *account) user(id string) *user {
	if position, ok := a.byID[id]; ok {
		return &a.users[position]
	}
	return nil
}

// seat returns the user with that seat, or nil.
func (a *account) seat(seatUID string) *user {
	if position, ok := a.bySeat[seatUID]; ok {
		return &a.users[position]
	}
	return nil
}

// append adds a user at the end of the listing.
func (a *account) append(record Record) {
	a.users = append(a.users, user{Record: record})
	a.index(len(a.users) - 1)
}

// put replaces the user with the record's id, or adds one at the end of the listing.
func (a *account) put(record Record) {
	id, ok := record.ID.Get()
	existing := a.user(id)
	if !ok || existing == nil {
		a.append(record)
		return
	}
	moved := existing.SeatUID != record.SeatUID
	*existing = user{Record: record}
	if moved {
		a.reindex()
	}
}

// insertFirst adds a user at the start of the listing, which moves everybody else down by one.
func (a *account) insertFirst(record Record) {
	a.users = slices.Insert(a.users, 0, user{Record: record})
	a.reindex()
}

// remove takes the user with that id out of the listing, and reports whether there was one.
func (a *account) remove(id string) bool {
	position, ok := a.byID[id]
	if !ok {
		return false
	}
	a.users = slices.Delete(a.users, int(position), int(position)+1)
	a.devices = slices.DeleteFunc(a.devices, func(d device) bool {
		owner, _ := d.LastSeenUser.Get()
		return owner.ID.is(id)
	})
	a.registrations = slices.DeleteFunc(a.registrations, func(r registration) bool {
		owner, _ := r.User.Get()
		return owner.ID.is(id)
	})
	a.reindexRegistrations()
	a.reindex()
	return true
}

// putDevice replaces the device with that id, or adds one at the end of the listing.
func (a *account) putDevice(d Device) {
	if id, ok := d.ID.Get(); ok {
		for i := range a.devices {
			if a.devices[i].ID.is(id) {
				a.replaceDevice(i, d)
				return
			}
		}
	}
	a.appendDevice(d)
}

// replaceDevice replaces a device. Whoever was last seen on it stays registered there when somebody else is now.
func (a *account) replaceDevice(i int, d Device) {
	before := a.devices[i].Device
	then, ok := before.LastSeenUser.Get()
	now, _ := d.LastSeenUser.Get()
	if ok && pairing(before.ID, then) != pairing(d.ID, now) && a.ownRegistration(&before) {
		a.putRegistration(registrationOf(&before))
	}
	a.devices[i].Device = d
}

func (a *account) appendDevice(d Device) {
	a.devices = append(a.devices, device{Device: d, number: a.nextDevice})
	a.nextDevice++
}

// deviceFrom returns the position of the first device with that number or a later one.
func (a *account) deviceFrom(number uint64) int {
	return sort.Search(len(a.devices), func(i int) bool { return a.devices[i].number >= number })
}

// shown returns the device as a listing shows it: without the registration of its user once they have lost the seat.
func (a *account) shown(d Device) Device {
	owner, _ := d.LastSeenUser.Get()
	if id, ok := owner.ID.Get(); ok {
		if user := a.user(id); user != nil && user.loggedOut {
			active, _ := d.ActiveRegistrations.Get()
			d.ActiveRegistrations = Value(max(0, active-1))
		}
	}
	return d
}
