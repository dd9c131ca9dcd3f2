package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// Devices and registrations are listed by cursor, page by page. A listing is
// believed only when it is whole: every page says whether there are more, no
// cursor leads back, nothing is listed twice, and there is as much of it as the
// total says.

// maxCursorPages bounds a walk whose cursors never end.
const maxCursorPages = 10_000

// listed is what a listing by cursor has: something with an id.
type listed interface{ listedID() string }

// cursorPage is one page of a listing by cursor.
type cursorPage[T listed] struct {
	items []T
	info  resultInfo
}

// readCursorPage reads a response with a page.
func readCursorPage[T listed](body io.Reader, what string) (page cursorPage[T], err error) {
	page.info, err = readEnvelope(body, func(reader *jsonReader) error {
		return readArray(reader, func() error {
			var element T
			if err := decodeItem(reader, &element); err != nil {
				return err
			}
			if element.listedID() == "" {
				return fmt.Errorf("it has a %s without an id", what)
			}
			if len(element.listedID()) > maxText {
				return errLargeText
			}
			page.items = append(page.items, element)
			return nil
		})
	})
	if err != nil {
		return cursorPage[T]{}, err
	}
	return page, nil
}

// decodeItem takes the next item, which may know how to decode itself.
func decodeItem(reader *jsonReader, item any) error {
	if own, ok := item.(interface {
		decodeFrom(reader *jsonReader) error
	}); ok {
		return own.decodeFrom(reader)
	}
	return reader.Decode(item)
}

// walk is a way through a listing by cursor.
type walk[T listed] struct {
	// what the items are called, one of them.
	what string
	// everything is true when no filter is set, under which the total may be
	// that of all items, as it is of users.
	everything bool
	// worth is how many more pages are worth reading after the first.
	worth int
	// ask asks for the page at a cursor.
	ask func(ctx context.Context, cursor string) (cursorPage[T], error)
	// note takes in the items of a page, or says why they cannot be believed.
	note func(items []T) error
	// progress is told of pages that have been read, where it is not nil.
	progress func(done, total int)
}

// errTooManyPages ends a walk that takes more requests than its alternative.
var errTooManyPages = errors.New("asking for each user takes fewer requests")

// again follows the listing to its end, and does so again up to three times in
// all while it is not consistent. What an earlier reading has noted stays: it
// was seen.
func (w *walk[T]) again(ctx context.Context) error {
	for reading := 1; ; reading++ {
		err := w.follow(ctx)
		if err == nil || !worthReadingAgain(err) {
			return err
		}
		if reading == maxReadings {
			return fmt.Errorf("could not be read completely in %d attempts: %w", reading, err)
		}
	}
}

// follow follows the listing once. It gives up after the first page when there
// are more pages than are worth it.
func (w *walk[T]) follow(ctx context.Context) error {
	soFar := cursorListing[T]{what: w.what, cursors: make(map[string]bool), ids: make(map[string]bool), allowed: new(allowance)}
	for cursor, pages := "", 1; soFar.pages < maxCursorPages; {
		page, err := w.ask(ctx, cursor)
		if err != nil {
			return err
		}
		if err := soFar.take(&page); err != nil {
			return err
		}
		if err := w.note(page.items); err != nil {
			return err
		}
		total := page.info.TotalCount
		if w.everything && total.known {
			pages = (total.value + max(1, len(page.items)) - 1) / max(1, len(page.items))
		}
		if w.progress != nil {
			w.progress(soFar.pages, max(soFar.pages, pages))
		}
		if cursor = page.info.Cursor; cursor == "" {
			if w.everything && total.known && len(soFar.ids) < total.value {
				return inconsistent("the pages have %d %ss, and there are %d in total", len(soFar.ids), w.what, total.value)
			}
			return nil
		}
		if soFar.pages == 1 && pages-1 > w.worth {
			return errTooManyPages
		}
	}
	return inconsistent("there are more than %d pages of %ss", maxCursorPages, w.what)
}

// cursorListing is what has been read of a listing by cursor.
type cursorListing[T listed] struct {
	what    string
	pages   int
	cursors map[string]bool
	ids     map[string]bool
	allowed *allowance
}

// take adds a page, or returns what is wrong with it.
func (l *cursorListing[T]) take(page *cursorPage[T]) error {
	l.pages++
	if !page.info.present && len(page.items) > 0 {
		return inconsistent("page %d of %ss does not say whether there are more", l.pages, l.what)
	}
	if count := page.info.Count; count.known && count.value != len(page.items) {
		return inconsistent("page %d of %ss says that it has %s and has %d", l.pages, l.what, count, len(page.items))
	}
	for i := range page.items {
		id := page.items[i].listedID()
		if l.ids[id] {
			return inconsistent("page %d of %ss has %s, which has been listed already", l.pages, l.what, inert(id))
		}
		l.ids[id] = true
		if err := l.allowed.take(len(id)); err != nil {
			return err
		}
	}
	cursor := page.info.Cursor
	switch {
	case cursor != "" && len(page.items) == 0:
		return inconsistent("page %d of %ss is empty and not the last", l.pages, l.what)
	case cursor != "" && l.cursors[cursor]:
		return inconsistent("page %d of %ss leads back to an earlier one", l.pages, l.what)
	}
	l.cursors[cursor] = true
	return nil
}

// withModestPages asks for a page of the size that has worked so far, and again
// with a modest one when the API refuses the first page.
func withModestPages[T listed](size *atomic.Int64, cursor string, ask func(perPage int) (cursorPage[T], error)) (cursorPage[T], error) {
	page, err := ask(int(size.Load()))
	if cursor == "" && size.Load() > modestPageSize && refusesPageSize(err) {
		size.Store(modestPageSize)
		page, err = ask(modestPageSize)
	}
	return page, err
}
