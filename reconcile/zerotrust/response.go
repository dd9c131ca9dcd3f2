package zerotrust

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/seatsync/seatsync/reconcile"
)

// Bounds on responses. The largest page in use, a thousand users, is below one
// megabyte.
const (
	maxResponse = 64 << 20
	maxRefusal  = 64 << 10
)

// decodeResponse is the one place where responses are checked: the status, the
// size and the body.
func (c *caller) decodeResponse(request *http.Request, attempt int, response *http.Response, decode func(io.Reader) error) error {
	method, path := request.Method, pathBelow(c.connection.base, request.URL)
	switch status := response.StatusCode; {
	case status >= 300 && status < 400:
		return &RedirectError{Method: method, Path: path, Status: status, Host: c.connection.mask(redirectHost(response))}
	case status != http.StatusOK:
		refused := &reconcile.APIError{Method: method, Path: path, Status: status, Messages: c.connection.refusal(response)}
		if refused.IsRefusal() {
			return refused
		}
		wait := c.pause(request, attempt, response, refused)
		if status == http.StatusTooManyRequests {
			return &reconcile.ThrottledError{RetryAfter: roundUp(wait), Err: refused}
		}
		return refused
	case response.ContentLength > c.connection.responseLimit:
		return &UnreadableError{Method: method, Path: path, Err: &tooLargeError{c.connection.responseLimit}}
	}
	body := &cappedReader{reader: response.Body, limit: c.connection.responseLimit}
	err := decode(body)
	var failure *failureError
	var tooLarge *tooLargeError
	switch {
	case err == nil && body.err == nil:
		return nil
	case errors.As(body.err, &tooLarge):
		err = tooLarge
	case body.err != nil:
		return &lostError{body.err}
	case errors.As(err, &failure):
		return &reconcile.APIError{
			Method: method, Path: path, Status: response.StatusCode, Messages: c.connection.clean(failure.messages),
		}
	}
	return &UnreadableError{
		Method: method, Path: path, ContentType: c.connection.mask(response.Header.Get("Content-Type")),
		Err: errors.New(c.connection.mask(err.Error())),
	}
}

// refusal returns what a response with another status than 200 says. The envelope
// is looked for in any body, and its absence is no surprise.
func (c *Connection) refusal(response *http.Response) []reconcile.APIMessage {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	if err != nil {
		return nil // the status says enough
	}
	return c.clean(refusalMessages(body))
}

// clean makes messages of the API fit to be shown.
func (c *Connection) clean(messages []reconcile.APIMessage) []reconcile.APIMessage {
	messages = messages[:min(len(messages), maxMessages)]
	for i := range messages {
		messages[i].Message = c.mask(messages[i].Message)
	}
	return messages
}

// mask makes a text that comes from outside fit to be shown.
func (c *Connection) mask(text string) string {
	return inert(c.config.Credentials.withoutSecrets(oneLine(text)))
}

// maskedError shows an error without what must not be shown, and lets it be found.
type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }

func (e *maskedError) Unwrap() error { return e.err }

// redirectHost returns where a redirect points to.
func redirectHost(response *http.Response) string {
	location, err := response.Location()
	if err != nil || location.Host == "" {
		return "nowhere"
	}
	return location.Host
}

// tooLargeError is a response that is cut off.
type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string { return fmt.Sprintf("it is larger than %d MiB", e.limit>>20) }

// lostError is a connection that broke within a response.
type lostError struct{ err error }

func (e *lostError) Error() string {
	return "the connection broke within the response: " + e.err.Error()
}

func (e *lostError) Unwrap() error { return e.err }

// cappedReader reads no more than it is allowed to, and remembers why it
// stopped: a reader that fails is not a text that is malformed. It fills the
// buffer that it is given, so that a response in small pieces costs no more.
type cappedReader struct {
	reader io.Reader
	limit  int64
	count  int64
	err    error
}

func (r *cappedReader) Read(buffer []byte) (n int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.count >= r.limit {
		r.err = &tooLargeError{r.limit}
		return 0, r.err
	}
	buffer = buffer[:min(int64(len(buffer)), r.limit-r.count)]
	for n < len(buffer) && err == nil {
		var more int
		more, err = r.reader.Read(buffer[n:])
		n += more
	}
	r.count += int64(n)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
