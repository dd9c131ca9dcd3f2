package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// look returns what there is in an account as the API would now show it, or the zero value where there is no account.
func look[T any](s *Sandbox, accountID string, get func(*account) T) (found T) {
	s.land()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if account := s.accounts[accountID]; account != nil {
		found = get(account)
	}
	return found
}

// User returns a user as the API would now show it, and whether there is one.
func (s *Sandbox) User(accountID, userID string) (Record, bool) {
	return look(s, accountID, func(a *account) Field[Record] {
		if user := a.user(userID); user != nil {
			return Value(user.Record)
		}
		return Missing[Record]()
	}).Get()
}

// UserByEmail returns the first user with exactly that address, and whether there is one.
func (s *Sandbox) UserByEmail(accountID, email string) (Record, bool) {
	return look(s, accountID, func(a *account) Field[Record] {
		if i := slices.IndexFunc(a.users, func(u user) bool { return u.Email.is(email) }); i >= 0 {
			return Value(a.users[i].Record)
		}
		return Missing[Record]()
	}).Get()
}

// Users returns a copy of all users of an account in the order of the listing.
func (s *Sandbox) Users(accountID string) []Record {
	return look(s, accountID, func(a *account) (records []Record) {
		for i := range a.users {
			records = append(records, a.users[i].Record)
		}
		return records
	})
}

// Devices returns a copy of all devices of an account in the order of the listing.
func (s *Sandbox) Devices(accountID string) []Device {
	return look(s, accountID, func(a *account) (devices []Device) {
		for _, device := range a.eachDevice(0) {
			devices = append(devices, device)
		}
		return devices
	})
}

// Put sets a user exactly: it replaces the one with the same id, or adds one at the end of the listing. The account is
// made if there is none.
func (s *Sandbox) Put(accountID string, record Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account(accountID).put(record)
}

// Replace makes an account hold exactly these users, in this order, no devices and no registrations. The account is made if there is none.
func (s *Sandbox) Replace(accountID string, records ...Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := newAccount(len(records))
	for _, record := range records {
		account.append(record)
	}
	s.accounts[accountID] = account
}

// Remove takes a user and the devices last seen with them out of an account, and reports whether there was one. The
// real API cannot do that.
func (s *Sandbox) Remove(accountID, userID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accounts[accountID]
	return account != nil && account.remove(userID)
}

// PutDevice sets a device exactly: it replaces the one with the same id, or adds one. The account is made if there is
// none.
func (s *Sandbox) PutDevice(accountID string, device Device) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account(accountID).putDevice(device)
}

// Registrations returns a copy of all registrations of an account in the order of the listing.
func (s *Sandbox) Registrations(accountID string) []Registration {
	return look(s, accountID, func(a *account) (registrations []Registration) {
		for _, registration := range a.eachRegistration(0) {
			registrations = append(registrations, registration)
		}
		return registrations
	})
}

// PutRegistration sets a registration exactly: it replaces the one with the same id, or adds one, and stands in for
// the one that a device makes for the person last seen on it. The account is made if there is none.
func (s *Sandbox) PutRegistration(accountID string, registration Registration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account(accountID).putRegistration(registration)
}

// Login logs a user in to Access, as a person would: it takes a seat, now.
func (s *Sandbox) Login(accountID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accounts[accountID]
	if account == nil {
		return fmt.Errorf("sandbox: log in %s: there is no account %s", userID, accountID)
	}
	user := account.user(userID)
	if user == nil {
		return fmt.Errorf("sandbox: log in %s: there is no such user in account %s", userID, accountID)
	}
	record := user.Record
	now := At(s.options.Now().Truncate(time.Second))
	record.AccessSeat = Value(true)
	record.LastSuccessfulLogin, record.UpdatedAt = now, now
	if seat, _ := record.SeatUID.Get(); seat == "" {
		record.SeatUID = Value(s.newUUID())
	}
	account.put(record) // which also ends loggedOut
	return nil
}

// account returns the account, which it makes if there is none. The lock is held.
func (s *Sandbox) account(id string) *account {
	if s.accounts[id] == nil {
		s.accounts[id] = newAccount(0)
	}
	return s.accounts[id]
}
