package sandbox

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/generated"
)

// cursorListing is a listing by cursor, as devices and registrations have it.
type cursorListing[T any] struct {
	// from visits the items from a number on. Numbers only grow, in the order of the listing.
	from   func(number uint64) iter.Seq2[uint64, T]
	wanted func(T) bool
	order  func(x, y T) int // nil for the order of the listing
	total  int
	// written returns an item as it goes over the wire.
	written func(T) T
}

// answer answers a request for a page.
func (l cursorListing[T]) answer(s server, cursor *string, perPage *int) *response {
	_, size, refused := s.paging(nil, perPage)
	if refused != nil {
		return refused
	}
	start, err := parseCursor(cursor)
	if err != nil {
		return badRequest(err.Error())
	}
	page, next := l.page(start, size)
	for i := range page {
		page[i] = l.written(page[i])
	}
	info := fmt.Appendf(nil, `{"count":%d,"cursor":%q,"per_page":%d,"total_count":%d}`, len(page), formatCursor(next), size, l.total)
	return succeed(page, info)
}

// page returns the items from a place in the listing on, and the place where the next page starts, or 0. A place is one
// more than the number of an item or, in a sorted listing, than a position.
func (l cursorListing[T]) page(start uint64, size int) (page []T, next uint64) {
	from := max(start, 1) - 1
	if l.order != nil {
		var sorted []T
		for _, item := range l.from(0) {
			if l.wanted(item) {
				sorted = append(sorted, item)
			}
		}
		slices.SortStableFunc(sorted, l.order)
		begin := min(int(from), len(sorted))
		end := min(begin+size, len(sorted))
		if end < len(sorted) {
			next = uint64(end) + 1
		}
		return sorted[begin:end], next
	}
	for number, item := range l.from(from) {
		switch {
		case !l.wanted(item):
		case len(page) == size:
			return page, number + 1
		default:
			page = append(page, item)
		}
	}
	return page, 0
}

// cursorPrefix keeps a cursor from being a number in disguise, which somebody would start to count with.
const cursorPrefix = "place:"

func formatCursor(place uint64) string {
	if place == 0 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + strconv.FormatUint(place, 10)))
}

func parseCursor(cursor *string) (uint64, error) {
	if cursor == nil || *cursor == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*cursor)
	if err == nil {
		if digits, ok := strings.CutPrefix(string(text), cursorPrefix); ok {
			if place, err := strconv.ParseUint(digits, 10, 32); err == nil {
				return place, nil
			}
		}
	}
	return 0, fmt.Errorf("cursor is not one of ours: take it from result_info")
}

// seenBetween returns whether a date is within what a request asks for; any is where it asks for nothing.
func seenBetween(seenAfter, seenBefore *string) (func(date Field[string]) bool, error) {
	after, err := parseMoment("seen_after", seenAfter)
	if err != nil {
		return nil, err
	}
	before, err := parseMoment("seen_before", seenBefore)
	if err != nil {
		return nil, err
	}
	return func(date Field[string]) bool {
		if after.IsZero() && before.IsZero() {
			return true
		}
		text, _ := date.Get()
		seen, err := time.Parse(time.RFC3339, text)
		return err == nil && (after.IsZero() || seen.After(after)) && (before.IsZero() || seen.Before(before))
	}, nil
}

func parseMoment(name string, text *string) (time.Time, error) {
	if text == nil {
		return time.Time{}, nil
	}
	moment, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s must be a date and time as in 2026-11-22T06:00:00Z", name)
	}
	return moment, nil
}

// by is the order by a field.
func by[T any, V cmp.Ordered](field func(T) Field[V]) func(x, y T) int {
	return func(x, y T) int {
		a, _ := field(x).Get()
		b, _ := field(y).Get()
		return cmp.Compare(a, b)
	}
}

// orderOf returns how to sort, or nil for the order of the listing.
func orderOf[T any](sortBy *string, direction *generated.SortOrder, known string, orders map[string]func(x, y T) int) (func(x, y T) int, error) {
	if direction != nil && !direction.Valid() {
		return nil, fmt.Errorf("sort_order must be asc or desc")
	}
	if sortBy == nil {
		return nil, nil
	}
	order, ok := orders[*sortBy]
	switch {
	case !ok:
		return nil, fmt.Errorf("sort_by must be %s", known)
	case direction != nil && *direction == generated.SortOrderDesc:
		return func(x, y T) int { return order(y, x) }, nil
	}
	return order, nil
}
