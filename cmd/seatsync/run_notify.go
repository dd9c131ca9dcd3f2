package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr"
	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/report"
)

// Where the addresses of notifications come from. They hold secrets, so they are
// never on a command line, in a log or in an error.
const (
	notifyVariable  = "SEATSYNC_NOTIFY_URLS" // shoutrrr's, between spaces or line breaks
	webhookVariable = "SEATSYNC_WEBHOOK_URL" // gets JSON with the plan
)

// notifyPatience is how long all notifications of one run may take.
const notifyPatience = 20 * time.Second

// messenger tells people and programs what is new. That it cannot is logged, and
// is no reason to fail a run.
type messenger struct {
	services []service
	webhook  string
	mask     *report.Masker
	log      *slog.Logger
	client   *http.Client
}

// service is one address of shoutrrr's.
type service struct {
	scheme, address string
	sender          *router.ServiceRouter
}

// newMessenger reads the addresses and checks their form.
func (a *app) newMessenger(flags runFlags, log *slog.Logger) (*messenger, error) {
	text, origin := a.getenv(notifyVariable), notifyVariable
	if flags.notifyFile != "" {
		data, err := os.ReadFile(flags.notifyFile)
		if err != nil {
			return nil, fmt.Errorf("--notify-file: %w", err)
		}
		text, origin = string(data), "--notify-file"
	}
	m := &messenger{webhook: a.getenv(webhookVariable), mask: a.mask, log: log, client: &http.Client{Timeout: notifyPatience}}
	for i, address := range strings.Fields(text) {
		scheme, _, found := strings.Cut(address, "://")
		if !found {
			return nil, fmt.Errorf("%s: address %d is not a valid URL", origin, i+1)
		}
		sender, err := shoutrrr.CreateSender(address)
		if err != nil {
			return nil, fmt.Errorf("%s: address %d (%s) is not one that shoutrrr knows: see https://shoutrrr.nickfedor.com for its form", origin, i+1, reconcile.Inert(scheme[:min(len(scheme), 20)], 0))
		}
		m.services = append(m.services, service{scheme: scheme, address: address, sender: sender})
	}
	if m.webhook != "" {
		hook, err := url.Parse(m.webhook)
		if err != nil || hook.Host == "" || hook.Scheme != "https" && hook.Scheme != "http" {
			return nil, errors.New(webhookVariable + " is not an http or https URL")
		}
	}
	return m, nil
}

// tell sends what is new in a run, if anything is. A run that was told to end
// still tells.
func (m *messenger) tell(ctx context.Context, ended daemon.Ended) {
	news := ended.News()
	if news == nil || len(m.services) == 0 && m.webhook == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), notifyPatience)
	defer cancel()
	log := m.log.With("run", ended.Outcome.Run.ID, "account", ended.Account, "event", string(news.Event))
	for _, to := range m.services {
		m.note(log, to.scheme, to.address, to.send(ctx, news))
	}
	if m.webhook != "" {
		m.note(log, "webhook", m.webhook, m.post(ctx, news, &ended))
	}
}

// note logs how a notification went.
func (m *messenger) note(log *slog.Logger, service, address string, err error) {
	if err == nil {
		log.Info("notified", "service", service)
		return
	}
	log.Error("a notification was not sent", "service", service, "error", withoutAddress(err.Error(), address))
}

// send sends one message. shoutrrr cannot be interrupted, so it is left behind
// when it takes too long.
func (s service) send(ctx context.Context, news *daemon.News) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if cause := recover(); cause != nil {
				done <- fmt.Errorf("the service panicked: %v", cause)
			}
		}()
		params := types.Params{}
		params.SetTitle(news.Title)
		done <- errors.Join(s.sender.Send(news.Title+"\n"+news.Text, &params)...)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("it took longer than %s", notifyPatience)
	}
}

// webhookBody is what the generic webhook gets.
type webhookBody struct {
	Event   daemon.Event    `json:"event"`
	Account string          `json:"account"`
	Title   string          `json:"title"`
	Run     daemon.RunSummary      `json:"run"`
	Plan    json.RawMessage `json:"plan"` // null when the run ended before it had one
}

// post sends the plan, as JSON, to the generic webhook.
func (m *messenger) post(ctx context.Context, news *daemon.News, ended *daemon.Ended) error {
	body := webhookBody{Event: news.Event, Account: news.Account, Title: news.Title, Run: ended.Outcome.Run, Plan: json.RawMessage("null")}
	if plan := ended.Outcome.Plan; plan != nil {
		var text bytes.Buffer
		if err := report.Write(&text, report.JSON, m.mask.Plan(plan), report.Options{}); err != nil {
			return err
		}
		body.Plan = text.Bytes()
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.webhook, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", tool())
	response, err := m.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	defer m.client.CloseIdleConnections()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if response.StatusCode >= 300 {
		return fmt.Errorf("the webhook returned %s", response.Status)
	}
	return nil
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
