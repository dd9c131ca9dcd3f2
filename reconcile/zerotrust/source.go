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
}

// Snapshot returns every user of the account. The listing is read again, up to
// three times in all, while it does not add up, and is an
// [reconcile.IncompleteError] after that. It is dated by when reading began.
func (s *Source) Snapshot(ctx context.Context) (reconcile.Live, error) {
	readAt := s.connection.config.Now().UTC()
	users, err := s.caller.listUsers(ctx)
	if err != nil {
		return reconcile.Live{}, fmt.Errorf("list users: %w", err)
	}
	devices := 0
	for i := range users {
		devices += int(users[i].ActiveDevices)
	}
	s.connection.devices.Store(int64(devices))
	return reconcile.Live{AccountID: s.connection.config.AccountID, Users: users, ReadAt: readAt, Clock: s.connection.clockAt(readAt)}, nil
}
