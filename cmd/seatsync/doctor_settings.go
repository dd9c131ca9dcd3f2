package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// settings checks what else the account says about its seats. All of it is
// optional, and none of it a failure.
func (c *checkup) settings(ctx context.Context, probe *zerotrust.Probe, desired *reconcile.Desired) {
	found := probe.Settings(ctx, reconcile.SettingsNeeded{OtherHands: true, Subscription: true})
	switch limit := found.SeatExpiration; {
	case found.SeatExpirationErr != nil:
		c.optional("seat expiration", found.SeatExpirationErr, zerotrust.PermissionSettings,
			"would show whether Cloudflare itself takes the seats of idle people, protected ones too")
	case limit > 0:
		c.warning("seat expiration", fmt.Sprintf("the account takes the seat of whoever is idle for %s", reconcile.Count(int(limit/reconcile.Day), "day")),
			"it knows neither protected nor exempt people: turn it off, or make it longer than policy.inactive")
	default:
		c.ok("seat expiration", "off")
	}
	switch {
	case found.DeprovisioningErr != nil:
		c.optional("identity providers", found.DeprovisioningErr, zerotrust.PermissionSettings,
			"would show whether an identity provider frees seats by itself")
	case len(found.Deprovisioning) > 0:
		c.warning("identity providers", strings.Join(found.Deprovisioning, ", ")+" frees seats by SCIM",
			"it knows neither protected nor exempt people")
	default:
		c.ok("identity providers", "none that is listed frees seats")
	}
	c.subscription(found.Subscription, desired)
}

// optional says that something optional cannot be read, and what it would add.
func (c *checkup) optional(name string, err error, permission, adds string) {
	next := unreachable
	if isDenied(err) {
		next = fmt.Sprintf("optional: the permission %q %s", permission, adds)
	}
	c.warning(name, err.Error(), next)
}

// subscription says what the account pays for, as far as that can be told.
func (c *checkup) subscription(found reconcile.Subscription, desired *reconcile.Desired) {
	var parts []string
	if found.Plan != "" {
		parts = append(parts, found.Plan, found.State)
	}
	if found.Purchased != nil {
		parts = append(parts, reconcile.Count(*found.Purchased, "seat"))
	}
	if found.Price != "" {
		parts = append(parts, fmt.Sprintf("%s %s a seat and month", reconcile.Thousands(string(found.Price)), found.Currency))
	}
	if !found.Renews.IsZero() {
		parts = append(parts, "renews on "+found.Renews.String())
	}
	text := strings.Join(parts, ", ")
	switch {
	case found.Err != nil:
		c.optional("subscription", found.Err, zerotrust.PermissionBilling, "would let 'license.from: subscription' read seats, price and renewal")
	case found.Unknown != "":
		c.warning("subscription", strings.TrimPrefix(text+"; "+found.Unknown, "; "), "write what is missing into 'license:' of the file")
	case desired != nil && !desired.License.FromSubscription:
		c.line("32", "ok     ", "subscription", text, "'license.from: subscription' in the file would use it")
	default:
		c.ok("subscription", text)
	}
}
