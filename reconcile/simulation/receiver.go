package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
)

// receivers is how many there are of notifications.
const receivers = 2

// receiver takes notifications that a process sends, unless it is down.
type receiver struct {
	process *process
	number  int
}

// notifier is the real one, nil where nothing is sent.
func (p *process) notifier() *daemon.Notifier {
	if !p.machine.world.story.Setup.HasReceivers {
		return nil
	}
	n := &daemon.Notifier{Clock: p.now, Patience: 20 * time.Second}
	for number := range receivers {
		n.Receivers = append(n.Receivers, &receiver{p, number})
	}
	return n
}

// outboxes is where notifications wait.
func (p *process) outboxes() []*record.Outbox {
	return []*record.Outbox{p.runner().Store.Outbox()}
}

// Name tells receivers apart.
func (r *receiver) Name() string { return fmt.Sprintf("receiver-%d", r.number) }

// Body is nothing: these receivers are for people.
func (r *receiver) Body(*daemon.Notification, *daemon.Ended) (json.RawMessage, error) {
	return nil, nil
}

// Send delivers a message, after it was on its way for a moment.
func (r *receiver) Send(ctx context.Context, message *record.Notification) error {
	w := r.process.machine.world
	if err := sleep(ctx, between(fastest, slowest, w.story.Seed, "message", r.number, message.RunID, message.Event)); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case r.process.isDead():
		return errDead
	case w.silent[r.number]:
		if w.noDisk || r.process.machine.room.Load() <= 0 {
			w.judge.CannotBeTold(r.number, message.RunID) // it can neither be sent nor kept
		}
		return errors.New("the receiver is down")
	}
	w.judge.Delivered(r.number, message.RunID, message.Event == string(daemon.EventFailure))
	return nil
}
