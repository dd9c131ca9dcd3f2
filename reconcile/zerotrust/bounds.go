package zerotrust

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// Bounds on the memory that responses may take. Those of a genuine account are
// far below each of them: a user is a quarter of a kilobyte.
const (
	// maxValue is the most that one value of a response may have while it is read.
	maxValue = 1 << 20
	// maxText is the most that a text may have which is kept: an id, an email, a name.
	maxText = 4 << 10
	// maxPageItems is the most items of one page, ten times what is asked for.
	maxPageItems = 10_000
	// listingMemory and itemMemory are what a listing may keep in bytes: so much, and
	// so much more for each item, so that a listing is never too long.
	listingMemory = 64 << 20
	itemMemory    = 1 << 10
)

var (
	errLargeText  = fmt.Errorf("a text of more than %d bytes", maxText)
	errManyItems  = fmt.Errorf("more than %d items in one page", maxPageItems)
	errLargeItems = errors.New("its items are too large to be those of an account")
)

// largeValueError is a value that is not worth reading to its end.
type largeValueError struct{}

func (largeValueError) Error() string {
	return fmt.Sprintf("a value of more than %d MiB", maxValue>>20)
}

// valueBound ends reading when one value is too large. The decoder holds what it has
// read and not yet given out.
type valueBound struct {
	source io.Reader
	read   int64
	given  func() int64 // how far the decoder has come
}

func (b *valueBound) Read(buffer []byte) (int, error) {
	if b.read-b.given() > maxValue {
		return 0, largeValueError{}
	}
	n, err := b.source.Read(buffer)
	b.read += int64(n)
	return n, err
}

// allowance counts what the items of one listing keep. It is safe for use by many
// goroutines.
type allowance struct{ kept atomic.Int64 }

// take counts an item of so many bytes, or says that it is too much.
func (a *allowance) take(bytes int) error {
	if a.kept.Add(int64(bytes-itemMemory)) > listingMemory {
		return errLargeItems
	}
	return nil
}
