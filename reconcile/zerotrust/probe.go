package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// Probe finds out whether a connection works, question by question. It never
// writes, and tries each request once so that the response is quick.
type Probe struct {
	connection *Connection
	caller     *caller
}

// TokenStatus is what the API says about the API token itself. It does not say
// what the token may do.
type TokenStatus struct {
	// ID names the token in the dashboard; it is not secret.
	ID string
	// Status is "active", "disabled" or "expired".
	Status string
	// Owner is "user" or "account".
	Owner string
	// ExpiresOn and NotBefore are none where the token has no such limit.
	ExpiresOn, NotBefore reconcile.Moment
}

// IsActive reports whether the API says that the token works.
func (t *TokenStatus) IsActive() bool {
	return t.Status == string(generated.TokenStatusActive)
}

// ErrNoToken says that the credentials are an email address and a key, which
// the API has no way to verify by themselves.
var ErrNoToken = errors.New("the credentials are an API key, which cannot be verified by itself: an API token is preferred")

// wireToken is [generated.Token] without its pointers.
type wireToken struct {
	ID        string           `json:"id"`
	Status    string           `json:"status"`
	ExpiresOn reconcile.Moment `json:"expires_on"`
	NotBefore reconcile.Moment `json:"not_before"`
}

// Token verifies the token: as one that belongs to a user, and when the API
// does not know it as such, as one that belongs to the account.
func (p *Probe) Token(ctx context.Context) (TokenStatus, error) {
	if !p.connection.config.Credentials.IsToken() {
		return TokenStatus{}, ErrNoToken
	}
	request, err := generated.NewVerifyUserTokenRequest(p.connection.server)
	if err != nil {
		return TokenStatus{}, err
	}
	status, err := p.verify(ctx, "user", request)
	var refused *reconcile.APIError
	if err == nil || !errors.As(err, &refused) || !refused.IsRefusal() {
		return status, err
	}
	var ofAccount TokenStatus
	request, second := generated.NewVerifyAccountTokenRequest(p.connection.server, p.connection.config.AccountID)
	if second == nil {
		ofAccount, second = p.verify(ctx, "account", request)
	}
	if second == nil {
		return ofAccount, nil
	}
	return TokenStatus{}, fmt.Errorf("%w; and as a token of the account: %w", err, second)
}

func (p *Probe) verify(ctx context.Context, owner string, request *http.Request) (TokenStatus, error) {
	var token *wireToken
	err := p.caller.call(ctx, request, func(body io.Reader) error {
		_, err := readEnvelope(body, func(reader *jsonReader) error {
			token = nil
			return reader.Decode(&token)
		})
		if err == nil && token == nil {
			err = errors.New("it has no token")
		}
		return err
	})
	if err != nil {
		return TokenStatus{}, err
	}
	return TokenStatus{
		ID: p.connection.mask(token.ID), Status: p.connection.mask(token.Status), Owner: owner,
		ExpiresOn: token.ExpiresOn, NotBefore: token.NotBefore,
	}, nil
}

// Users asks for one user, to see whether the account can be reached and
// listed. It returns how many there are; false when the API does not report it.
func (p *Probe) Users(ctx context.Context) (total int, known bool, err error) {
	page, err := p.caller.askUsers(ctx, userQuery{page: 1, perPage: 1, allowed: new(allowance)})
	if err != nil {
		return 0, false, err
	}
	return page.info.TotalCount.value, page.info.TotalCount.known, nil
}

// Registrations asks for one registration, to see whether they may be listed.
func (p *Probe) Registrations(ctx context.Context) error {
	_, err := p.caller.askRegistrationPage(ctx, "", "", 1)
	return err
}

// Devices asks for one device, to see whether devices may be listed.
func (p *Probe) Devices(ctx context.Context) error {
	_, err := p.caller.askDevicePage(ctx, deviceQuery{}, "", 1)
	return err
}

// Clock returns the API's time now, by the date of the last response; the zero
// value when it had none. Call it after one of the others.
func (p *Probe) Clock() reconcile.Clock {
	return p.connection.clockAt(p.connection.config.Now())
}

// Settings asks for the settings of the account that are needed. What cannot be
// read is an error in its place.
func (p *Probe) Settings(ctx context.Context, needed reconcile.SettingsNeeded) reconcile.Settings {
	reader := settingsReader{caller: p.caller, needed: needed}
	return reader.read(ctx)
}
