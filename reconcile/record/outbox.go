package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/seatsync/seatsync/reconcile"
)

// Notification is a message that one receiver has not taken yet.
type Notification struct {
	// Receiver names who is to take it, and has nothing of an address: those hold secrets.
	Receiver string    `json:"receiver"`
	Event    string    `json:"event"`
	Account  string    `json:"account"`
	RunID    string    `json:"run_id"`
	QueuedAt time.Time `json:"queued_at"`
	Title    string    `json:"title"`
	Text     string    `json:"text"`
	// Body is what a program gets; null for people.
	Body json.RawMessage `json:"body,omitempty"`

	name string // of its file
}

// Told is what people were told of last, or need not be told, of the runs of an account.
type Told struct {
	RunID  string           `json:"run_id"`
	Result reconcile.Result `json:"result"`
	// Wants names what the last plan asked for; empty for nothing.
	Wants string `json:"wants,omitempty"`
	// Foreseen are the findings of that plan about budget and seats, of which people know.
	Foreseen map[reconcile.Code]string `json:"foreseen,omitempty"`
}

// Outbox keeps what is not delivered yet, in the directory of an account. Each
// message is a file of its own, for one receiver, which is written as a whole before
// it is sent and removed after that: a process that is killed in between sends it
// twice, and loses none.
type Outbox struct{ store *Store }

// Outbox returns the messages of the account that are not delivered yet.
func (s *Store) Outbox() *Outbox { return &Outbox{s} }

// The files of an outbox.
const (
	outboxDirectory = "notifications"
	toldName        = "told.json"
	outboxLock      = "lock"
)

// Bounds on what is read: a plan of 100,000 changes fits.
const (
	longestNotification = 256 << 20
	longestTold         = 1 << 20
)

// receiverPattern is the form of the name of a receiver.
var receiverPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9+-]{0,40}$`) })

// notificationPattern is the name of a message: its place in the queue, what tells
// it from one of another process, and its receiver.
var notificationPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9]{12})-[0-9a-f]{8}-[a-z0-9+-]+\.json$`) })

// Add queues a message behind those that are there. It is on the disk when Add
// returns.
func (o *Outbox) Add(n *Notification) error {
	if !receiverPattern().MatchString(n.Receiver) {
		return fmt.Errorf("%q is not the name of a receiver", n.Receiver)
	}
	directory, err := o.prepare()
	if err != nil {
		return err
	}
	defer directory.Close()
	names, err := o.names(directory)
	if err != nil {
		return o.store.unusable(err)
	}
	place := 1
	if len(names) > 0 {
		_, _ = fmt.Sscanf(names[len(names)-1][:12], "%d", &place)
		place++
	}
	data, _, err := seal(n)
	if err == nil {
		n.name = fmt.Sprintf("%012d-%s-%s.json", place, randomHex(), n.Receiver)
		err = replaceFile(directory, n.name, data)
	}
	if err != nil {
		return o.store.unusable(fmt.Errorf("queue a notification: %w", err))
	}
	return nil
}

// Pending returns the messages in the order in which they were queued. Those that
// are torn or cannot be read are left out and named in the error, beside the others.
func (o *Outbox) Pending() (pending []*Notification, err error) {
	directory, err := o.open()
	if err != nil || directory == nil {
		return nil, err
	}
	defer directory.Close()
	names, err := o.names(directory)
	if err != nil {
		return nil, fmt.Errorf("read the notifications: %w", err)
	}
	var problems []error
	for _, name := range names {
		n := &Notification{name: name}
		err := readSealed(directory, name, longestNotification, n)
		switch {
		case errors.Is(err, fs.ErrNotExist): // another process has delivered it
		case err != nil:
			problems = append(problems, fmt.Errorf("read the notification %s: %w", name, err))
		default:
			pending = append(pending, n)
		}
	}
	return pending, errors.Join(problems...)
}

// Count returns how many messages are pending, those that cannot be read among them.
func (o *Outbox) Count() (int, error) {
	directory, err := o.open()
	if err != nil || directory == nil {
		return 0, err
	}
	defer directory.Close()
	names, err := o.names(directory)
	return len(names), err
}

// Remove takes a message out of the queue: its receiver has taken it, or never will.
func (o *Outbox) Remove(n *Notification) error {
	directory, err := o.open()
	if err != nil || directory == nil {
		return err
	}
	defer directory.Close()
	if err := directory.Remove(n.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// RemoveUnreadable removes what cannot be read and was written before a time: torn
// messages, and what was left of messages whose process was killed.
func (o *Outbox) RemoveUnreadable(before time.Time) error {
	directory, err := o.open()
	if err != nil || directory == nil {
		return err
	}
	defer directory.Close()
	entries, err := entriesOf(directory)
	problems := []error{err}
	for _, entry := range entries {
		isTorn := notificationPattern().MatchString(entry.Name()) && readSealed(directory, entry.Name(), longestNotification, new(Notification)) != nil
		info, err := entry.Info()
		if err == nil && (isTorn || isLeftover(entry)) && info.ModTime().Before(before) {
			problems = append(problems, directory.Remove(entry.Name()))
		}
	}
	return errors.Join(problems...)
}

// Told returns what people know of the runs that go by a label, or false where
// that is not recorded.
func (o *Outbox) Told(label string) (Told, bool) {
	told, known := o.told()[label]
	return told, known
}

// told reads what people know. A file that is torn says nothing: they are told again.
func (o *Outbox) told() map[string]Told {
	var file toldFile
	directory, err := o.open()
	if err != nil || directory == nil {
		return nil
	}
	defer directory.Close()
	if readSealed(directory, toldName, longestTold, &file) != nil {
		return nil
	}
	return file.Accounts
}

// toldFile is the form of the file. An account that is not known yet goes by the
// name of its file.
type toldFile struct {
	Accounts map[string]Told `json:"accounts"`
}

// SetTold records what people know now.
func (o *Outbox) SetTold(label string, told Told) error {
	accounts := o.told()
	if accounts == nil {
		accounts = make(map[string]Told)
	}
	accounts[label] = told
	return o.write(accounts)
}

// Forget removes what people know of the runs that go by a label: they go by another one now.
func (o *Outbox) Forget(label string) error {
	accounts := o.told()
	if _, isThere := accounts[label]; !isThere {
		return nil
	}
	delete(accounts, label)
	return o.write(accounts)
}

// write writes what people know. A full disk takes no new file, and still what is written
// over an old one: that a failure was told must outlast it, or nobody would hear of the
// recovery. Where the process is killed in between, people are told again.
func (o *Outbox) write(accounts map[string]Told) error {
	directory, err := o.prepare()
	if err != nil {
		return err
	}
	defer directory.Close()
	data, _, err := seal(toldFile{accounts})
	if err != nil {
		return err
	}
	if err := replaceFile(directory, toldName, data); err != nil && overwriteFile(directory, toldName, data) != nil {
		return o.store.unusable(err)
	}
	return nil
}

// TakeOver moves the messages about the runs that go by a label from another outbox behind
// those that are here, which are older. Nobody sends them meanwhile.
func (o *Outbox) TakeOver(ctx context.Context, from *Outbox, label string) error {
	unlock, err := from.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	pending, err := from.Pending()
	problems := []error{err}
	for _, n := range pending {
		if n.Account != label {
			continue
		}
		moved := *n
		if err := o.Add(&moved); err != nil {
			return errors.Join(append(problems, err)...) // later ones stay behind it
		}
		problems = append(problems, from.Remove(n))
	}
	return errors.Join(problems...)
}

// Lock lets one process at a time send what is pending, so that none is sent twice.
// It waits until ctx ends.
func (o *Outbox) Lock(ctx context.Context) (unlock func(), err error) {
	directory, err := o.prepare()
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	if info, err := directory.Lstat(outboxLock); err == nil && !info.Mode().IsRegular() {
		return nil, o.store.unusable(&fs.PathError{Op: "lock", Path: directory.Name() + "/" + outboxLock, Err: errLink})
	}
	file := flock.New(filepath.Join(o.store.Directory(), outboxDirectory, outboxLock), flock.SetPermissions(fileMode))
	locked, err := file.TryLockContext(ctx, lockPatience/10)
	if err != nil || !locked {
		return nil, fmt.Errorf("another process is sending notifications: %w", errors.Join(err, file.Close()))
	}
	return func() { _ = file.Unlock() }, nil
}

// prepare makes the directory of the outbox and opens it.
func (o *Outbox) prepare() (*os.Root, error) {
	account, err := o.store.prepare()
	if err != nil {
		return nil, err
	}
	defer account.Close()
	directory, err := makeDirectory(account, outboxDirectory)
	if err != nil {
		return nil, o.store.unusable(err)
	}
	return directory, nil
}

// open opens the directory of the outbox, nil where there is none.
func (o *Outbox) open() (*os.Root, error) {
	directory, err := o.store.openIn(accountsDirectory, o.store.name(), outboxDirectory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return directory, err
}

// names returns the names of the messages in their order.
func (o *Outbox) names(directory *os.Root) ([]string, error) {
	entries, err := entriesOf(directory)
	var names []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && notificationPattern().MatchString(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	return names, err
}
