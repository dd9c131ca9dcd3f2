package reconcile

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// APIError is a response of the API that is not a success.
type APIError struct {
	// Method and Path are those of the request; the path has no host and no query.
	Method, Path string
	// Status is the HTTP status. It is 200 when only the envelope says failure.
	Status int
	// Messages are the errors of the envelope; empty when the response had none.
	Messages []APIMessage
}

// APIMessage is one error of an envelope.
type APIMessage struct {
	Code    int
	Message string
}

// Error returns the request, the status and what the API says.
func (e *APIError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s: %d", e.Method, e.Path, e.Status)
	for i, message := range e.Messages {
		if i > 0 {
			text.WriteByte(';')
		}
		text.WriteString(message.String())
	}
	if len(e.Messages) == 0 {
		text.WriteString(" without an explanation")
	}
	return text.String()
}

// String returns the message as it is within an error.
func (m APIMessage) String() string { return fmt.Sprintf(" %d %s", m.Code, m.Message) }

// WithoutAPIWords returns the text of an error in which the codes of the API stand, and
// none of its words: those may name somebody, in a form that nobody can know.
func WithoutAPIWords(err error) string {
	text := err.Error()
	for _, refused := range apiErrors(err) {
		for _, message := range refused.Messages {
			text = strings.ReplaceAll(text, message.String(), APIMessage{message.Code, "…"}.String())
		}
	}
	return text
}

// apiErrors returns the responses behind an error.
func apiErrors(err error) []*APIError {
	switch err := err.(type) {
	case *APIError:
		return []*APIError{err}
	case interface{ Unwrap() error }:
		return apiErrors(err.Unwrap())
	case interface{ Unwrap() []error }:
		var found []*APIError
		for _, one := range err.Unwrap() {
			found = append(found, apiErrors(one)...)
		}
		return found
	}
	return nil
}

// IsRefusal reports whether the API has looked at the request and refused it, so
// that sending it again would be refused again. Throttling and time-outs are not.
func (e *APIError) IsRefusal() bool {
	return e.IsMixed() || e.Status >= 400 && e.Status < 500 && e.Status != statusTimeout && e.Status != statusThrottled
}

// IsMixed reports whether the status says success and the envelope failure, so
// that only reading shows what happened.
func (e *APIError) IsMixed() bool { return e.Status < 300 }

// IsDenied reports whether the credentials are bad or lack a permission.
func (e *APIError) IsDenied() bool {
	return e.Status == statusUnauthorized || e.Status == statusForbidden
}

// IsNotFound reports whether the API says that there is no such thing.
func (e *APIError) IsNotFound() bool { return e.Status == statusNotFound }

// The HTTP statuses that decisions depend on. This package does not know HTTP.
const (
	statusUnauthorized = 401
	statusForbidden    = 403
	statusNotFound     = 404
	statusTimeout      = 408
	statusThrottled    = 429

	statusNotImplemented = 501
)

// ThrottledError says that the API limits the rate of requests for longer than
// there is time. Nothing was written by the request that met it.
type ThrottledError struct {
	// RetryAfter is how long the API asks to wait; 0 when it does not say.
	RetryAfter time.Duration
	// Err is the last response.
	Err error
}

// Error says for how long, and what was being done.
func (e *ThrottledError) Error() string {
	if e.RetryAfter > 0 {
		return fmt.Sprintf("rate limited by the API; retry after %s (%v)", e.RetryAfter, e.Err)
	}
	return fmt.Sprintf("rate limited by the API for longer than there is time; retry later (%v)", e.Err)
}

// Unwrap returns the last response.
func (e *ThrottledError) Unwrap() error { return e.Err }

// NoResponseError says that a request got no response, or not all of one.
type NoResponseError struct {
	// Request is the method and the path, Reason what went wrong.
	Request, Reason string
	// Sent is false when the request never left, so that it had no effect.
	Sent bool
	// Permanent is true when sending it again would not help: the host does not
	// exist, or is not the one that its certificate is for.
	Permanent bool
	// Err is what is behind Reason; nil when it is the time-out of the request.
	Err error
}

// Error says what went wrong with which request.
func (e *NoResponseError) Error() string { return e.Request + ": no response " + e.Reason }

// Unwrap returns what is behind it.
func (e *NoResponseError) Unwrap() error { return e.Err }

// IsWorthRetrying reports whether sending a request again may help after an error.
// Whether it is right to is another question for a write.
func IsWorthRetrying(err error) bool {
	var answered *APIError
	var unanswered *NoResponseError
	switch {
	case isThrottled(err):
		return true
	case errors.As(err, &answered):
		return !answered.IsRefusal() && answered.Status != statusNotImplemented
	case errors.As(err, &unanswered):
		return !unanswered.Permanent
	}
	return false
}

// HadNoEffect reports whether it is certain that a request did nothing, although
// the API has not refused it.
func HadNoEffect(err error) bool {
	var unanswered *NoResponseError
	return isThrottled(err) || errors.As(err, &unanswered) && !unanswered.Sent
}

func isThrottled(err error) bool {
	_, ok := errors.AsType[*ThrottledError](err)
	return ok
}

func isRefusal(err error) bool {
	var refused *APIError
	return errors.As(err, &refused) && refused.IsRefusal()
}

// withoutURL drops the request from a transport error: it stands in front of
// the message already, and a URL can carry what nobody should read.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}
