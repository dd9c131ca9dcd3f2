package zerotrust

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// WriteRefusedError says that something tried to write through a connection
// that only reads. Nothing was sent. It is a mistake of the program, never of
// its user.
type WriteRefusedError struct{ Method, Path string }

// Error names the request.
func (e *WriteRefusedError) Error() string {
	return fmt.Sprintf("%s %s: refused before it was sent: this connection only reads", e.Method, e.Path)
}

// RedirectError is a response that sends us elsewhere. It is not followed: the
// API does not redirect, and whoever does must not be handed the credentials.
type RedirectError struct {
	Method, Path string
	Status       int
	// Host is where the response points to.
	Host string
}

// Error names the host that was not asked.
func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s %s: %d redirects to %s, which was not followed: check the base URL, and what is between here and the API",
		e.Method, e.Path, e.Status, e.Host)
}

// PermissionError is a refusal that a permission of the token would have prevented.
type PermissionError struct {
	// Permission is what it is called in Cloudflare's dashboard.
	Permission string
	// Err is the response.
	Err error
}

// Error says what was refused and what to do.
func (e *PermissionError) Error() string {
	return fmt.Sprintf("%v: check that the token is valid for this account and has the permission %q (%s)", e.Err, e.Permission, tokenPage)
}

// Unwrap returns the response.
func (e *PermissionError) Unwrap() error { return e.Err }

// withPermission adds to a refusal for lack of rights which one is missing. The
// API answers the same to a bad token as to a missing permission.
func withPermission(err error, permission string) error {
	if refused, ok := errors.AsType[*reconcile.APIError](err); ok && refused.IsDenied() {
		return &PermissionError{Permission: permission, Err: err}
	}
	return err
}

// UnreadableError is a response that says success and cannot be understood.
// Nobody knows what became of the request.
type UnreadableError struct {
	Method, Path string
	// ContentType is what the response says it is.
	ContentType string
	// Err says what is wrong with it.
	Err error
}

// Error says what is wrong with the response.
func (e *UnreadableError) Error() string {
	text := fmt.Sprintf("%s %s: the response cannot be read: %v", e.Method, e.Path, e.Err)
	if e.ContentType != "" && !strings.Contains(e.ContentType, "json") {
		text += fmt.Sprintf(" (it is %s: is there a proxy or a login page in between?)", e.ContentType)
	}
	return text
}

// Unwrap returns what is wrong with the response.
func (e *UnreadableError) Unwrap() error { return e.Err }

// inconsistentError says that pages do not add up to a listing.
type inconsistentError struct{ reason string }

func (e *inconsistentError) Error() string { return e.reason }

func inconsistent(format string, arguments ...any) error {
	return &inconsistentError{fmt.Sprintf(format, arguments...)}
}

// worthReadingAgain reports whether reading a listing from its start may fix
// what went wrong: pages that do not add up or cannot be decoded.
func worthReadingAgain(err error) bool {
	// Reading 64 MiB again would not make it smaller.
	return isA[*inconsistentError](err) || isA[*UnreadableError](err) && !isA[*tooLargeError](err)
}

// Bounds on what a response may put into our messages.
const (
	maxMessages      = 5
	maxMessageLength = 300
)

// inert makes a text of the API safe to show in one line.
func inert(text string) string { return reconcile.Inert(oneLine(text), maxMessageLength) }

// oneLine returns a text with a space for each run of white space.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// IncompleteError says that the users could not be listed as a whole, so that
// nothing may be concluded from who is missing.
type IncompleteError struct {
	// Reason says what was wrong in the last attempt.
	Reason string
	// Attempts is how often the listing was read.
	Attempts int
}

// Error says what was wrong.
func (e *IncompleteError) Error() string {
	return fmt.Sprintf("the list of users could not be read completely in %s: %s", reconcile.Count(e.Attempts, "attempt"), e.Reason)
}
