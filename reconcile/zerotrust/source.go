package zerotrust

import (
	"context"
	"fmt"

	"github.com/seatsync/seatsync/reconcile"
)

// Source reads an account. It cannot write: its transport refuses to. It is
// safe for use by many goroutines.
type Source struct {
	connection *Connection
	caller     *caller
	needed     reconcile.SettingsNeeded
}

// WithSettings returns a source whose snapshots have these settings of the account
// too. They are read once for the connection, beside the first listing, and what
// the API refuses costs no further request.
func (s *Source) WithSettings(needed reconcile.SettingsNeeded) *Source {
	with := *s
	with.needed = needed
	return &with
}

// Snapshot returns every user of the account. The listing is read again, up to
// three times in all, while it does not add up, and is an
// [IncompleteError] after that. It is dated by when reading began.
func (s *Source) Snapshot(ctx context.Context) (reconcile.Live, error) {
	readAt := s.connection.config.Now().UTC()
	settings := s.settings(ctx)
	users, err := s.caller.listUsers(ctx)
	if err != nil {
		return reconcile.Live{}, fmt.Errorf("list users: %w", err)
	}
	devices := 0
	for i := range users {
		devices += int(users[i].ActiveDevices)
	}
	s.connection.devices.Store(int64(devices))
	return reconcile.Live{AccountID: s.connection.config.AccountID, Users: users, ReadAt: readAt, Clock: s.connection.clockAt(readAt), Settings: <-settings}, nil
}

// settings begins to read the settings that are needed, unless they have been read,
// and returns where they will be.
func (s *Source) settings(ctx context.Context) <-chan reconcile.Settings {
	result := make(chan reconcile.Settings, 1)
	c := s.connection
	c.mu.Lock()
	known, isKnown := c.settings[s.needed]
	c.mu.Unlock()
	if isKnown || s.needed == (reconcile.SettingsNeeded{}) {
		result <- known
		return result
	}
	go func() {
		reader := settingsReader{caller: c.probing, needed: s.needed}
		found := reader.read(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		if ctx.Err() == nil {
			c.settings[s.needed] = found
		}
		result <- found
	}()
	return result
}
