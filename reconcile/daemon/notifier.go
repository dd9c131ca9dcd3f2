package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// Receiver takes messages: a chat, a mailbox, a program.
type Receiver interface {
	// Name tells receivers apart, also after a restart. It has nothing of an address.
	Name() string
	// Body returns what a program gets of the notification, nil for people.
	Body(notification *Notification, ended *Ended) (json.RawMessage, error)
	// Send returns nil when the message was taken. Errors have nothing of an address.
	Send(ctx context.Context, message *record.Notification) error
}

// Notifier tells receivers what is new in runs. What a receiver does not take stays
// in the outbox of the account, on the disk, until it does: each run tries all of
// it again, and between the runs of a daemon so does [account.deliver], with growing
// pauses. After a week a message is dropped.
type Notifier struct {
	Receivers []Receiver
	// ExternalURL is where people reach the pages; messages link to the report of
	// their run below it. Empty: they say how to see it on a command line.
	ExternalURL string
	// Clock dates messages.
	Clock func() time.Time
	// Patience is how long all receivers together may take for what is pending.
	Patience time.Duration

	mu sync.Mutex
	// unsaved is what people know of accounts whose disk did not take it.
	unsaved map[string]record.Told
}

// longestPending is how long a message waits for its receiver.
const longestPending = 7 * reconcile.Day

// The pauses between attempts, of which each is twice the one before.
const (
	shortestPause = time.Minute
	longestPause  = time.Hour
)

// outboxes are that of the account, and that of the time before its id was known.
func (a *account) outboxes() []*record.Outbox {
	if a.outbox == nil {
		return nil
	}
	return a.outbox()
}

// notify queues what is new in a run, and tries to deliver all that is pending. A
// run that was told to end still tells.
func (a *account) notify(ctx context.Context, ended *Ended) {
	notifier, boxes := a.daemon.options.Notifier, a.outboxes()
	if notifier == nil || len(notifier.Receivers) == 0 || len(boxes) == 0 {
		return
	}
	log := a.daemon.log.With("account", ended.Account, "run", ended.Outcome.Run.ID)
	ctx = context.WithoutCancel(ctx)
	if err := errors.Join(a.takeOver(ctx, boxes), notifier.queue(ctx, boxes[0], ended)); err != nil {
		log.Error("a notification was not queued", "error", err.Error())
	}
	a.flush(ctx)
}

// takeOver makes what people were told while nobody knew the account of a broken file,
// and what waits to be told of it, a part of what they know of the account: a failure is
// told once, and before its recovery, also where each run is a process of its own.
func (a *account) takeOver(ctx context.Context, boxes []*record.Outbox) error {
	if len(boxes) == 1 {
		return nil // nobody knows it yet
	}
	notifier, box, unread := a.daemon.options.Notifier, boxes[0], boxes[1]
	latest, isKnown := notifier.told(unread, a.name)
	if !isKnown {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, notifier.Patience)
	defer cancel()
	if err := box.TakeOver(ctx, unread, a.name); err != nil {
		return err // the next run takes it over
	}
	told, _ := notifier.told(box, a.label())
	told.RunID, told.Result = latest.RunID, latest.Result
	return errors.Join(notifier.setTold(box, a.label(), told), notifier.forget(unread, a.name))
}

// queue puts what is new in a run into the outbox. What people know is what they
// were told, not what was recorded: a run whose process was killed before it could
// report its failure is told first.
func (n *Notifier) queue(ctx context.Context, box *record.Outbox, ended *Ended) error {
	ctx, cancel := context.WithTimeout(ctx, n.Patience)
	defer cancel()
	told, isKnown := n.told(box, ended.Account)
	all := []*Ended{ended}
	switch {
	case !isKnown && !ended.Outcome.Run.Result.IsSuccess():
		copied := *ended
		copied.Before = nil // a run by hand, say, of which nobody was told
		all[0] = &copied
	case isKnown:
		known := &RunSummary{ID: told.RunID, Result: told.Result, wants: told.Wants, foreseen: told.Foreseen}
		missed := ended.Before
		switch {
		case missed == nil || missed.ID == told.RunID:
		case !missed.Result.IsSuccess() && told.Result.IsSuccess():
			all = []*Ended{{Account: ended.Account, Before: known, Planned: known, Outcome: RunResult{Run: *missed}}, ended}
			known = &RunSummary{ID: missed.ID, Result: missed.Result, wants: told.Wants, foreseen: told.Foreseen}
		case missed.Result.IsSuccess() && !ended.Outcome.Run.Result.IsSuccess():
			// They may have been told so while the disk did not take that they were.
			known.ID, known.Result = missed.ID, missed.Result
		}
		copied := *ended
		copied.Before, copied.Planned = known, known
		all[len(all)-1] = &copied
	}
	var problems []error
	for _, one := range all {
		for _, notification := range one.Notifications() {
			problems = append(problems, n.add(ctx, box, &notification, one))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err // so that the next run tells it again
	}
	run := &ended.Outcome.Run
	told.RunID, told.Result = run.ID, run.Result
	switch {
	case run.Summary != nil:
		if told.Wants = run.wants; run.Result.IsSuccess() {
			told.Foreseen = run.foreseen // the message about a failure says nothing of it
		}
	case !isKnown && ended.Planned != nil:
		told.Wants, told.Foreseen = ended.Planned.wants, ended.Planned.foreseen
	}
	return n.setTold(box, ended.Account, told)
}

// told returns what people know of the runs of an account, or false where nobody knows.
func (n *Notifier) told(box *record.Outbox, account string) (record.Told, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if told, isUnsaved := n.unsaved[account]; isUnsaved {
		return told, true
	}
	return box.Told(account)
}

// setTold records what people know now, for this process alone where the disk does not
// take it.
func (n *Notifier) setTold(box *record.Outbox, account string, told record.Told) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := box.SetTold(account, told)
	if delete(n.unsaved, account); err != nil {
		if n.unsaved == nil {
			n.unsaved = make(map[string]record.Told)
		}
		n.unsaved[account] = told
	}
	return err
}

// forget removes what people know of the runs that went by the name of their file.
func (n *Notifier) forget(box *record.Outbox, name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.unsaved, name)
	return box.Forget(name)
}

// add queues one message for each receiver. What the disk does not take is sent at once:
// that the disk is full must not be what keeps anybody from hearing of it.
func (n *Notifier) add(ctx context.Context, box *record.Outbox, notification *Notification, ended *Ended) error {
	var problems []error
	for _, receiver := range n.Receivers {
		body, err := receiver.Body(notification, ended)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		message := &record.Notification{
			Receiver: receiver.Name(), Event: string(notification.Event), Account: notification.Account, RunID: notification.RunID, QueuedAt: n.Clock().UTC(),
			Title: notification.Title, Text: notification.Text + "\n" + n.more(notification.RunID), Body: body,
		}
		if err := box.Add(message); err != nil {
			if sendErr := receiver.Send(ctx, message); sendErr != nil {
				problems = append(problems, err, sendErr)
			}
		}
	}
	return errors.Join(problems...)
}

// more says where the report of a run is.
func (n *Notifier) more(runID string) string {
	if n.ExternalURL == "" {
		return "more: seatsync history " + runID
	}
	return "report: " + n.Link(runID)
}

// Link returns the address of the report of a run, "" where people cannot reach it.
func (n *Notifier) Link(runID string) string {
	if n.ExternalURL == "" {
		return ""
	}
	return strings.TrimRight(n.ExternalURL, "/") + "/runs/" + runID
}

// flush tries to deliver all that is pending for the account, and returns how much is
// left.
func (a *account) flush(ctx context.Context) (left int) {
	notifier := a.daemon.options.Notifier
	ctx, cancel := context.WithTimeout(ctx, notifier.Patience)
	defer cancel()
	log := a.daemon.log.With("account", a.label())
	for _, box := range a.outboxes() {
		if pending, err := box.Count(); err != nil || pending > 0 {
			notifier.deliver(ctx, box, log)
		}
		pending, err := box.Count()
		if err != nil {
			log.Error("the notifications cannot be read", "error", err.Error())
		}
		left += pending
	}
	a.daemon.metrics.notifications(a.label(), left)
	return left
}

// deliver sends what is pending, to several receivers at a time.
func (n *Notifier) deliver(ctx context.Context, box *record.Outbox, log *slog.Logger) {
	unlock, err := box.Lock(ctx)
	if err != nil {
		log.Error("notifications were not sent", "error", err.Error())
		return
	}
	defer unlock()
	expired := n.Clock().Add(-longestPending)
	pending, problems := box.Pending()
	if problems != nil {
		log.Error("notifications that cannot be read are left out", "error", problems.Error())
		problems = box.RemoveUnreadable(expired)
	}
	byReceiver := make(map[string][]*record.Notification)
	for _, message := range pending {
		if message.QueuedAt.Before(expired) {
			log.Error("a notification is dropped: nobody took it for a week", "service", message.Receiver, "event", message.Event, "run", message.RunID)
			problems = errors.Join(problems, box.Remove(message))
			continue
		}
		byReceiver[message.Receiver] = append(byReceiver[message.Receiver], message)
	}
	if problems != nil {
		log.Error("notifications were not removed", "error", problems.Error())
	}
	var sending sync.WaitGroup
	for _, receiver := range n.Receivers {
		if messages := byReceiver[receiver.Name()]; len(messages) > 0 {
			sending.Go(func() { sendInOrder(ctx, receiver, box, messages, log) })
		}
	}
	sending.Wait()
}

// sendInOrder sends the messages of one receiver. Those about one thing stay in their
// order: after one that is not taken none of them is tried, so that a failure is told
// before its recovery. Others are, since one message that is never taken must not
// keep all others back.
func sendInOrder(ctx context.Context, receiver Receiver, box *record.Outbox, messages []*record.Notification, log *slog.Logger) {
	isWaiting := make(map[Event]bool)
	for _, message := range messages {
		thing := Event(message.Event)
		if thing == EventRecovery {
			thing = EventFailure
		}
		if isWaiting[thing] || ctx.Err() != nil {
			continue
		}
		log := log.With("run", message.RunID, "event", message.Event, "service", receiver.Name())
		if err := receiver.Send(ctx, message); err != nil {
			isWaiting[thing] = true
			log.Error("a notification was not sent, and is tried again", "error", err.Error())
			continue
		}
		log.Info("notified")
		if err := box.Remove(message); err != nil {
			log.Error("a notification was sent and cannot be removed, so it will be sent again", "error", err.Error())
		}
	}
}

// deliver reports a run that was killed before it could, and tries what is pending
// again until ctx ends.
func (a *account) deliver(ctx context.Context) {
	notifier := a.daemon.options.Notifier
	if notifier == nil || len(notifier.Receivers) == 0 {
		return
	}
	a.catchUp(ctx, notifier)
	pause := shortestPause
	for left := a.flush(ctx); sleep(ctx, pause); left = a.flush(ctx) {
		if left == 0 {
			pause = shortestPause
		} else {
			pause = min(2*pause, longestPause)
		}
	}
}

// catchUp queues the failure of the last recorded run where its process ended before
// anybody was told.
func (a *account) catchUp(ctx context.Context, notifier *Notifier) {
	boxes := a.outboxes()
	a.mu.Lock()
	last, planned, label := a.last, a.planned, a.id
	a.mu.Unlock()
	if len(boxes) == 0 || last == nil || last.Result.IsSuccess() {
		return
	}
	if err := a.takeOver(ctx, boxes); err != nil {
		a.daemon.log.Error("not all notifications were taken over", "account", label, "error", err.Error())
	}
	told, isKnown := notifier.told(boxes[0], label)
	if !isKnown || told.RunID == last.ID || !told.Result.IsSuccess() {
		return
	}
	ended := Ended{Account: label, Before: &RunSummary{ID: told.RunID, Result: told.Result}, Planned: planned, Outcome: RunResult{Run: *last}}
	if err := notifier.queue(ctx, boxes[0], &ended); err != nil {
		a.daemon.log.Error("a notification was not queued", "account", label, "run", last.ID, "error", err.Error())
	}
}
