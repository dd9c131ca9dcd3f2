package zerotrust

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// wireRegistration is the part of [generated.Registration] that seatsync looks at.
type wireRegistration struct {
	ID         string           `json:"id"`
	LastSeenAt reconcile.Moment `json:"last_seen_at"`
	RevokedAt  reconcile.Moment `json:"revoked_at"`
	DeletedAt  reconcile.Moment `json:"deleted_at"`
	Device     wireRegistered   `json:"device"`
	User       wireOwner        `json:"user"`
}

// wireRegistered is the part of [generated.RegisteredDevice] that seatsync looks at.
type wireRegistered struct {
	ID string `json:"id"`
}

// decodeFrom decodes a registration field by field, as [userDecoder] does a user: there
// may be as many.
func (r *wireRegistration) decodeFrom(reader *jsonReader) error {
	d := textDecoder{reader: reader, texts: reader.texts[:0]}
	defer func() { reader.texts = d.texts }()
	var id, device, owner, email span
	err := d.reader.readObject(func(key jsontext.Value) (err error) {
		switch string(key) {
		case `"id"`:
			id, err = d.takeText()
		case `"last_seen_at"`:
			r.LastSeenAt, err = d.takeMoment()
		case `"revoked_at"`:
			r.RevokedAt, err = d.takeMoment()
		case `"deleted_at"`:
			r.DeletedAt, err = d.takeMoment()
		case `"device"`:
			device, _, err = d.takeOwner()
		case `"user"`:
			owner, email, err = d.takeOwner()
		default:
			err = d.reader.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	d.fill([]*string{&r.ID, &r.Device.ID, &r.User.ID, &r.User.Email}, []span{id, device, owner, email})
	return nil
}

// takeOwner takes the id, and the email where there is one, of a person or a device,
// or null.
func (d *textDecoder) takeOwner() (id, email span, err error) {
	if d.reader.decoder.PeekKind() == 'n' {
		return span{}, span{}, d.reader.skip()
	}
	err = d.reader.readObject(func(key jsontext.Value) (err error) {
		switch string(key) {
		case `"id"`:
			id, err = d.takeText()
		case `"email"`:
			email, err = d.takeText()
		default:
			err = d.reader.skip()
		}
		return err
	})
	return id, email, err
}

func (r wireRegistration) listedID() string { return r.ID }

// sign is what the registration says of its user. One that has ended is a sign
// of the time before, and no registered device.
func (r *wireRegistration) sign() sign {
	return sign{
		id: r.ID, owner: r.User, seen: r.LastSeenAt, device: r.Device.ID,
		counted:      r.RevokedAt.IsNone() && r.DeletedAt.IsNone(),
		withoutOwner: r.User == wireOwner{},
		// Nobody used it after its end.
		seenIfUnknown: r.RevokedAt.Newest(r.DeletedAt),
	}
}

// filterState says whether the API selects registrations by the id of a user in
// the list of users, which no source promises.
type filterState int32

const (
	filterUntried filterState = iota
	filterWorks
	filterFails
)

// registrations is what is known about them for the time of a connection.
type registrations struct {
	filter atomic.Int32 // a filterState
	// refused is the API's refusal to list them, which further requests would
	// only repeat.
	refused atomic.Pointer[reconcile.APIError]
}

// errFilterFails says that the responses to requests for single users cannot be
// relied on.
var errFilterFails = errors.New("registrations cannot be selected by user")

// readRegistrations collects the registrations of users in the way that takes
// fewer requests.
func (s *Source) readRegistrations(ctx context.Context, users []reconcile.User) (*evidence, error) {
	if len(users) == 0 {
		return newEvidence(users), nil
	}
	known := &s.connection.registrations
	if refused := known.refused.Load(); refused != nil {
		return nil, withPermission(refused, PermissionDevices)
	}
	collected, err := s.fewestRegistrations(ctx, users)
	if refused, ok := errors.AsType[*reconcile.APIError](err); ok && (refused.IsDenied() || refused.IsNotFound()) {
		known.refused.Store(refused)
	}
	return collected, err
}

func (s *Source) fewestRegistrations(ctx context.Context, users []reconcile.User) (*evidence, error) {
	worth := len(users) // not worth it once there turn out to be more pages than users
	if s.filter() == filterFails {
		worth = maxCursorPages
	} else if len(users) <= s.pagesOfDevices(len(users)) {
		collected, err := s.registrationsOfEach(ctx, users)
		if !errors.Is(err, errFilterFails) {
			return collected, err
		}
		worth = maxCursorPages
	}
	collected, err := s.allRegistrations(ctx, users, worth)
	if !errors.Is(err, errTooManyPages) {
		return collected, err
	}
	if collected, err = s.registrationsOfEach(ctx, users); errors.Is(err, errFilterFails) {
		return s.allRegistrations(ctx, users, maxCursorPages)
	}
	return collected, err
}

func (s *Source) filter() filterState { return filterState(s.connection.registrations.filter.Load()) }

// allRegistrations reads the registrations of everybody.
func (s *Source) allRegistrations(ctx context.Context, users []reconcile.User, worth int) (*evidence, error) {
	collected := newEvidence(users)
	var ids ownerIDs
	all := walk[wireRegistration]{
		what: "registration", everything: true, worth: worth, progress: s.connection.reportProgress,
		ask: func(ctx context.Context, cursor string) (cursorPage[wireRegistration], error) {
			return s.askRegistrations(ctx, "", cursor)
		},
		note: func(page []wireRegistration) error {
			for i := range page {
				sign := page[i].sign()
				ids.note(collected, &sign)
				collected.note(&sign)
			}
			return nil
		},
	}
	if err := all.again(ctx); err != nil {
		return nil, err
	}
	if !ids.agree {
		collected.unowned = collected.unowned.Newest(ids.alone)
	}
	return collected, nil
}

// ownerIDs finds out whether registrations name users by the ids of the list of
// users. Where none of them does, one that has nothing but an id could be
// anybody's.
type ownerIDs struct {
	agree bool
	alone reconcile.Moment // the newest sign with an id and no email
}

func (o *ownerIDs) note(collected *evidence, s *sign) {
	switch {
	case collected.byID[s.owner.ID] != nil:
		o.agree = true
	case s.owner.ID != "" && s.owner.Email == "":
		o.alone = o.alone.Newest(s.moment())
	}
}

// registrationsOfEach asks for the registrations of each user by itself: of one
// first, and of the others side by side once that has shown that the API selects
// by the ids we have. A response with somebody else's registrations, or with
// fewer than the user has devices, is errFilterFails.
func (s *Source) registrationsOfEach(ctx context.Context, users []reconcile.User) (*evidence, error) {
	collected := newEvidence(users)
	rest := users
	if s.filter() == filterUntried {
		first := max(0, slices.IndexFunc(users, func(user reconcile.User) bool { return user.ActiveDevices > 0 }))
		found, err := s.registrationsOf(ctx, &users[first], collected)
		if err != nil {
			return nil, err
		}
		if found == 0 { // which proves nothing
			return nil, errFilterFails
		}
		s.connection.registrations.filter.Store(int32(filterWorks))
		rest = slices.Concat(users[:first], users[first+1:])
	}
	err := s.forEach(ctx, rest, func(ctx context.Context, user *reconcile.User) error {
		_, err := s.registrationsOf(ctx, user, collected)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range users {
		if collected.byID[users[i].ID].Listed < int(users[i].ActiveDevices) {
			return nil, errFilterFails // they may be there under another id
		}
	}
	return collected, nil
}

// registrationsOf asks for the registrations of one user, and returns how many
// there are.
func (s *Source) registrationsOf(ctx context.Context, user *reconcile.User, collected *evidence) (found int, err error) {
	theirs := newEvidence([]reconcile.User{*user})
	one := walk[wireRegistration]{
		what: "registration", worth: maxCursorPages,
		ask: func(ctx context.Context, cursor string) (cursorPage[wireRegistration], error) {
			return s.askRegistrations(ctx, user.ID, cursor)
		},
		note: func(page []wireRegistration) error {
			for i := range page {
				sign := page[i].sign()
				if !theirs.note(&sign) {
					s.connection.registrations.filter.Store(int32(filterFails))
					return errFilterFails
				}
				collected.note(&sign)
				found++
			}
			return nil
		},
	}
	return found, one.again(ctx)
}

// askRegistrations asks for one page of registrations, of one user unless
// userID is empty. Those that have ended are asked for too: they were in use
// until then.
func (s *Source) askRegistrations(ctx context.Context, userID, cursor string) (cursorPage[wireRegistration], error) {
	return withModestPages(&s.connection.devicePageSize, cursor, func(perPage int) (cursorPage[wireRegistration], error) {
		return s.caller.askRegistrationPage(ctx, userID, cursor, perPage)
	})
}

func (c *caller) askRegistrationPage(ctx context.Context, userID, cursor string, perPage int) (cursorPage[wireRegistration], error) {
	params := &generated.ListRegistrationsParams{PerPage: &perPage, Status: new(generated.RegistrationStatusAll)}
	if userID != "" {
		params.UserID = []string{userID}
	}
	if cursor != "" {
		params.Cursor = &cursor
	}
	request, err := generated.NewListRegistrationsRequest(c.connection.server, c.connection.config.AccountID, params)
	return fetch(ctx, c, request, err, PermissionDevices, func(body io.Reader) (cursorPage[wireRegistration], error) {
		return readCursorPage[wireRegistration](body, "registration")
	})
}
