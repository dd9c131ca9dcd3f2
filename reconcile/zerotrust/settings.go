package zerotrust

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// wireOrganization is the part of [generated.Organization] that seatsync looks at.
type wireOrganization struct {
	SeatExpiration string `json:"user_seat_expiration_inactive_time"`
}

// wireProvider is the part of [generated.IdentityProvider] that seatsync looks at.
type wireProvider struct {
	Name string   `json:"name"`
	Type string   `json:"type"`
	SCIM wireSCIM `json:"scim_config"`
}

// wireSCIM is the part of [generated.SCIMConfig] that seatsync looks at.
type wireSCIM struct {
	Enabled         reconcile.Flag `json:"enabled"`
	SeatDeprovision reconcile.Flag `json:"seat_deprovision"`
}

// unnamed stands for a name that the API does not say.
const unnamed = "without a name"

// settingsReader reads the settings of an account that are needed, each with one
// request that is not repeated: nothing but findings depends on them.
type settingsReader struct {
	caller *caller
	needed reconcile.SettingsNeeded
}

// read reads all of them side by side. What cannot be read is an error in its
// place.
func (r *settingsReader) read(ctx context.Context) (settings reconcile.Settings) {
	var reading sync.WaitGroup
	if r.needed.OtherHands {
		reading.Go(func() { settings.SeatExpiration, settings.SeatExpirationErr = r.seatExpiration(ctx) })
		reading.Go(func() { settings.Deprovisioning, settings.DeprovisioningErr = r.deprovisioning(ctx) })
	}
	if r.needed.Subscription {
		reading.Go(func() { settings.Subscription = r.subscription(ctx) })
	}
	reading.Wait()
	return settings
}

func (r *settingsReader) seatExpiration(ctx context.Context) (time.Duration, error) {
	organization, err := readSetting[wireOrganization](ctx, r.caller, generated.NewGetOrganizationRequest, PermissionSettings)
	if err != nil || organization.SeatExpiration == "" {
		return 0, err
	}
	expiration, err := time.ParseDuration(organization.SeatExpiration)
	if err != nil || expiration < 0 {
		return 0, fmt.Errorf("%s where the duration of seat expiration should be", inert(organization.SeatExpiration))
	}
	return expiration, nil
}

func (r *settingsReader) deprovisioning(ctx context.Context) ([]string, error) {
	providers, err := readSetting[[]wireProvider](ctx, r.caller, generated.NewListIdentityProvidersRequest, PermissionSettings)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, provider := range providers {
		if provider.SCIM.Enabled != reconcile.False && provider.SCIM.SeatDeprovision == reconcile.True {
			names = append(names, `the identity provider "`+r.caller.connection.mask(cmp.Or(provider.Name, provider.Type, unnamed))+`"`)
		}
	}
	return names, nil
}

// readSetting makes one call and decodes its result.
func readSetting[T any](ctx context.Context, c *caller, build func(server, accountID string) (*http.Request, error), permission string) (T, error) {
	request, err := build(c.connection.server, c.connection.config.AccountID)
	return fetch(ctx, c, request, err, permission, func(body io.Reader) (result T, err error) {
		var found *T
		_, err = readEnvelope(body, func(reader *jsonReader) error { return reader.Decode(&found) })
		if err == nil && found == nil {
			err = errors.New("it has no result")
		}
		if err == nil {
			result = *found
		}
		return result, err
	})
}
