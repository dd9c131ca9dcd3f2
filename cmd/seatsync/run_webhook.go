package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// webhook is the address that gets JSON with the plan.
type webhook struct {
	address string
	mask    *report.Masker
	link    func(runID string) string
	client  *http.Client
}

// newWebhook returns the receiver at an address. It follows no redirect: a plan has
// names and emails, and goes where the operator said.
func newWebhook(address string, mask *report.Masker, n *daemon.Notifier) *webhook {
	return &webhook{address: address, mask: mask, link: n.Link, client: &http.Client{
		Timeout: notifyPatience, CheckRedirect: refuseRedirect,
	}}
}

// refuseRedirect makes a client return the response that redirects.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Name is the same whatever the address: there is one.
func (w *webhook) Name() string { return "webhook" }

// webhookBody is what the generic webhook gets.
type webhookBody struct {
	Event   daemon.Event      `json:"event"`
	Account string            `json:"account"`
	Title   string            `json:"title"`
	Run     daemon.RunSummary `json:"run"`
	// Report is the address of the report; empty without --external-url.
	Report string          `json:"report,omitempty"`
	Plan   json.RawMessage `json:"plan"` // null when the run ended before it had one
}

// Body returns the notification with the plan as JSON.
func (w *webhook) Body(notification *daemon.Notification, ended *daemon.Ended) (json.RawMessage, error) {
	body := webhookBody{
		Event: notification.Event, Account: notification.Account, Title: notification.Title, Run: ended.Outcome.Run, Report: w.link(notification.RunID),
		Plan: json.RawMessage("null"),
	}
	body.Run.Error = notification.Error
	if plan := ended.Outcome.Plan; plan != nil {
		var text bytes.Buffer
		if err := report.Write(&text, report.JSON, w.mask.Plan(plan), report.Options{}); err != nil {
			return nil, err
		}
		body.Plan = text.Bytes()
	}
	return json.Marshal(body)
}

// Send posts the body of a message.
func (w *webhook) Send(ctx context.Context, message *record.Notification) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address, bytes.NewReader(message.Body))
	if err != nil {
		return concealed(err, w.address)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", tool())
	response, err := w.client.Do(request)
	if err != nil {
		return concealed(err, w.address)
	}
	defer response.Body.Close()
	defer w.client.CloseIdleConnections()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return fmt.Errorf("the webhook returned %s, and redirects are not followed: correct %s", response.Status, webhookVariable)
	case response.StatusCode >= 300:
		return fmt.Errorf("the webhook returned %s", response.Status)
	}
	return nil
}
