package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr"
	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
)

// Where the addresses of notifications come from. They hold secrets, so they are
// never on a command line, in a log or in an error.
const (
	notifyVariable  = "SEATSYNC_NOTIFY_URLS" // shoutrrr's, between spaces or line breaks
	webhookVariable = "SEATSYNC_WEBHOOK_URL" // gets JSON with the plan
)

// notifyPatience is how long all receivers may take for what is pending after a run.
const notifyPatience = 20 * time.Second

// newNotifier reads the addresses and checks their form. Receivers go by the kind of
// their address and its place among those of that kind: so what is pending for one
// whose token has expired reaches it by the new one.
func (a *app) newNotifier(flags runFlags) (*daemon.Notifier, error) {
	text, origin := a.getenv(notifyVariable), notifyVariable
	if flags.notifyFile != "" {
		data, err := os.ReadFile(flags.notifyFile)
		if err != nil {
			return nil, fmt.Errorf("--notify-file: %w", err)
		}
		text, origin = string(data), "--notify-file"
	}
	n := &daemon.Notifier{ExternalURL: flags.externalURL, Clock: a.clock, Patience: notifyPatience}
	kinds := make(map[string]int)
	for i, address := range strings.Fields(text) {
		scheme, _, found := strings.Cut(address, "://")
		if !found {
			return nil, fmt.Errorf("%s: address %d is not a valid URL", origin, i+1)
		}
		sender, err := shoutrrr.CreateSender(address)
		if err != nil {
			return nil, fmt.Errorf("%s: address %d (%s) is not one that shoutrrr knows: see https://shoutrrr.nickfedor.com for its form", origin, i+1, reconcile.Inert(scheme[:min(len(scheme), 20)], 0))
		}
		kind := kindOf(scheme)
		kinds[kind]++
		n.Receivers = append(n.Receivers, service{name: fmt.Sprintf("%s-%d", kind, kinds[kind]), address: address, sender: sender})
	}
	if address := a.getenv(webhookVariable); address != "" {
		hook, err := url.Parse(address)
		if err != nil || hook.Host == "" || hook.Scheme != "https" && hook.Scheme != "http" {
			return nil, errors.New(webhookVariable + " is not an http or https URL")
		}
		n.Receivers = append(n.Receivers, newWebhook(address, a.mask, n))
	}
	return n, nil
}

// kindOf returns the kind of a receiver by the scheme of its address.
func kindOf(scheme string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(scheme[:min(len(scheme), 20)])), "-")
}

// service is one address of shoutrrr's.
type service struct {
	name, address string
	sender        *router.ServiceRouter
}

func (s service) Name() string { return s.name }

// Body returns nothing: people read the text.
func (s service) Body(*daemon.Notification, *daemon.Ended) (json.RawMessage, error) { return nil, nil }

// Send sends one message. shoutrrr cannot be interrupted, so it is left behind
// when it takes too long.
func (s service) Send(ctx context.Context, message *record.Notification) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if cause := recover(); cause != nil {
				done <- fmt.Errorf("the service panicked: %v", cause)
			}
		}()
		params := types.Params{}
		params.SetTitle(message.Title)
		done <- errors.Join(s.sender.Send(message.Title+"\n"+message.Text, &params)...)
	}()
	select {
	case err := <-done:
		return concealed(err, s.address)
	case <-ctx.Done():
		return fmt.Errorf("it took longer than %s", notifyPatience)
	}
}

// concealed returns an error without the address that is in it, nil for nil.
func concealed(err error, address string) error {
	if err == nil {
		return nil
	}
	return errors.New(withoutAddress(err.Error(), address))
}

// withoutAddress leaves nothing of an address in a message: tokens are in its
// user, its host or its path, as the service likes.
func withoutAddress(text, address string) string {
	text = strings.ReplaceAll(text, address, "…")
	parts := strings.FieldsFunc(address, func(r rune) bool { return strings.ContainsRune("/:@?&=#", r) })
	for i, part := range parts {
		if i > 0 && len(part) > 3 {
			text = strings.ReplaceAll(text, part, "…")
		}
	}
	return reconcile.Inert(text, 0)
}
