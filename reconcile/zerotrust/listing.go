package zerotrust

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seatsync/seatsync/reconcile"
)

// The API lists users page by page, in an order that it does not promise, while
// people come and go. A listing is believed only when everything that can be
// checked about it is right: every page has as many users as it must have, all
// pages tell the same total, and nobody is missing an id or there twice. What
// cannot be seen is a user who slips from a page that is yet to come into one
// that has been read while another one leaves; such a user is missing for one
// run, and nothing is done to users who are missing.

// maxReadings is how often a listing is read before it is given up.
const maxReadings = 3

// maxUsers is beyond any account, so that a total that is nonsense does not
// send us after a billion pages.
const maxUsers = 10_000_000

// modestPageSize is asked for when the API refuses the page size. Its bounds
// are undocumented; a hundred is common among Cloudflare's listings.
const modestPageSize = 100

// listUsers returns every user of the account, or why that is not possible.
func (c *caller) listUsers(ctx context.Context) ([]reconcile.User, error) {
	for reading := 1; ; reading++ {
		users, err := c.readListing(ctx)
		if err == nil {
			c.connection.users.Store(int64(len(users)))
			return users, nil
		}
		if !worthReadingAgain(err) {
			return nil, err
		}
		reason := c.connection.mask(err.Error())
		c.connection.config.Logger.LogAttrs(ctx, slog.LevelInfo, "the list of users is not consistent",
			slog.Int("reading", reading), slog.String("reason", reason))
		if reading == maxReadings {
			return nil, &IncompleteError{Reason: reason, Attempts: reading}
		}
	}
}

// readListing reads the listing once: the first page, which says how many there
// are, and then the others side by side.
func (c *caller) readListing(ctx context.Context) ([]reconcile.User, error) {
	allowed := new(allowance)
	first, err := c.firstPage(ctx, allowed)
	if err != nil {
		return nil, err
	}
	shape, err := shapeOf(&first)
	if err != nil {
		c.askForLess(&first)
		return nil, err
	}
	c.connection.reportProgress(1, shape.pages)
	users := make([]reconcile.User, shape.total)
	copy(users, first.users)
	if err := c.otherPages(ctx, shape, users, allowed); err != nil {
		return nil, err
	}
	return users, shape.checkIDs(users)
}

// firstPage asks for the first page, and again with a modest page size when
// the API refuses the request.
func (c *caller) firstPage(ctx context.Context, allowed *allowance) (userPage, error) {
	size := &c.connection.userPageSize
	page, err := c.askUsers(ctx, userQuery{page: 1, perPage: int(size.Load()), allowed: allowed})
	if size.Load() > modestPageSize && refusesPageSize(err) {
		size.Store(modestPageSize)
		page, err = c.askUsers(ctx, userQuery{page: 1, perPage: modestPageSize, allowed: allowed})
	}
	return page, err
}

// refusesPageSize reports whether a page that is too large may be why the API
// refused.
func refusesPageSize(err error) bool {
	var refused *reconcile.APIError
	return errors.As(err, &refused) &&
		(refused.Status == http.StatusBadRequest || refused.Status == http.StatusUnprocessableEntity)
}

// askForLess makes the next reading ask for pages of the size that the API
// answers with, in case it repeats the size that it was asked for and gives
// less. Should the page have been short for another reason, that does no harm.
func (c *caller) askForLess(first *userPage) {
	const smallest = 20 // the API's own default
	if n := len(first.users); n >= smallest && int64(n) < c.connection.userPageSize.Load() {
		c.connection.userPageSize.Store(int64(n))
	}
}

// otherPages reads the second page and all that follow, each into its place among the users.
func (c *caller) otherPages(ctx context.Context, shape listingShape, users []reconcile.User, allowed *allowance) error {
	var mu sync.Mutex
	read := 1
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(c.connection.config.Concurrency)
	perPage := int(c.connection.userPageSize.Load())
	for number := 2; number <= shape.pages && groupCtx.Err() == nil; number++ {
		group.Go(func() error {
			page, err := c.askUsers(groupCtx, userQuery{page: number, perPage: perPage, into: shape.placeOf(number, users), allowed: allowed})
			if err != nil {
				return err
			}
			if err := shape.check(&page); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			read++
			c.connection.reportProgress(read, shape.pages)
			return nil
		})
	}
	err := group.Wait()
	if err == nil {
		err = ctx.Err() // no page may have been asked for because of it
	}
	return err
}

// reportProgress reports pages that have been read.
func (c *Connection) reportProgress(done, total int) {
	if c.config.Progress == nil {
		return
	}
	c.progress.Lock()
	defer c.progress.Unlock()
	c.config.Progress(done, total)
}

// listingShape is what the first page says about the whole listing.
type listingShape struct{ total, perPage, pages int }

// shapeOf works out the shape of a listing from its first page.
func shapeOf(first *userPage) (listingShape, error) {
	n := len(first.users)
	if !first.info.TotalCount.known {
		if n > 0 {
			return listingShape{}, inconsistent("page 1 has %d users and does not say how many there are in total", n)
		}
		return listingShape{pages: 1}, nil
	}
	shape := listingShape{total: first.info.TotalCount.value, perPage: first.info.PerPage.value}
	if shape.total > maxUsers {
		return listingShape{}, inconsistent("page 1 says that there are %d users, which cannot be", shape.total)
	}
	if shape.perPage < 1 {
		shape.perPage = n
	}
	if shape.perPage < 1 && shape.total > 0 {
		return listingShape{}, inconsistent("page 1 is empty, and %d in total are there", shape.total)
	}
	shape.pages = max(1, (shape.total+max(1, shape.perPage)-1)/max(1, shape.perPage))
	return shape, shape.check(first)
}

// check returns what is wrong with a page.
func (s listingShape) check(page *userPage) error {
	if total := page.info.TotalCount; total.known && total.value != s.total || !total.known && s.total > 0 {
		return inconsistent("page 1 says that there are %d users in total, page %d says %s", s.total, page.number, total)
	}
	if n, want := len(page.users), s.expected(page.number); n != want {
		return inconsistent("page %d of %d has %d users where %d of %d belong", page.number, s.pages, n, want, s.total)
	}
	return nil
}

// expected returns how many users belong on a page.
func (s listingShape) expected(page int) int {
	if page == s.pages {
		return s.total - (s.pages-1)*s.perPage
	}
	return s.perPage
}

// placeOf returns where the users of a page belong: an empty slice with room for them.
func (s listingShape) placeOf(page int, users []reconcile.User) []reconcile.User {
	from := (page - 1) * s.perPage
	return users[from:from:min(from+s.perPage, s.total)]
}

// checkIDs returns an error when somebody is in the listing twice.
func (s listingShape) checkIDs(users []reconcile.User) error {
	places := make(map[string]int, len(users))
	for i := range users {
		if earlier, twice := places[users[i].ID]; twice {
			return inconsistent("the user %s is on page %d and on page %d", inert(users[i].ID), 1+earlier/s.perPage, 1+i/s.perPage)
		}
		places[users[i].ID] = i
	}
	return nil
}
