package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// Bounds on answers. The largest page in use, a thousand users, is below one
// megabyte.
const (
	maxAnswer  = 64 << 20
	maxRefusal = 64 << 10
)

// caller makes calls of the generated client. There is one for each kind of
// transport: reading only, or writing too.
type caller struct {
	connection *Connection
	api        *generated.Client
	retry      *retryablehttp.Client
	// maxWait is the longest wait that the API may ask for.
	maxWait time.Duration
}

// exchange is one call with all its attempts. It travels in the context of the
// request, because the generated client stands between the two ends of it.
type exchange struct {
	method, path string
	// read takes in the body of an answer with status 200.
	read func(io.Reader) error
	// attempts is how often the request has been sent.
	attempts int
	// inFlight is true while an attempt counts as such in the budget.
	inFlight bool
	// uncertain is true once an attempt may have had an effect that no answer
	// has told of.
	uncertain bool
	// refused is the last answer that was worth another attempt.
	refused error
	// settled is true when it is known what the call came to, which is err.
	settled bool
	err     error
}

// settle notes what the call came to.
func (x *exchange) settle(err error) { x.settled, x.err = true, err }

type exchangeKey struct{}

// exchangeOf returns the exchange that a request belongs to.
func exchangeOf(ctx context.Context) *exchange {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return &exchange{}
	}
	return x
}

// call makes one call: send is a method of the generated client, and read takes
// in the body of the answer. It may be called once for each attempt, and must
// start anew each time.
func (c *caller) call(ctx context.Context, read func(io.Reader) error,
	send func(context.Context, *generated.Client) (*http.Response, error),
) error {
	ctx, end, err := c.connection.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	response, err := send(context.WithValue(ctx, exchangeKey{}, &exchange{read: read}), c.api)
	if response != nil {
		_ = response.Body.Close() // it has been read
	}
	return err
}

// Do sends a request of the generated client until there is an answer, and
// takes the answer in. The error it returns is what the call came to.
func (c *caller) Do(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	x := exchangeOf(ctx)
	x.method, x.path = request.Method, pathBelow(c.connection.base, request.URL)
	retryable, err := retryablehttp.FromRequest(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", x.method, x.path, err)
	}
	if err := c.startAttempt(ctx, x); err != nil {
		return nil, x.certain(c.outcome(ctx, x, nil, err))
	}
	defer c.finishAttempt(x)
	retryable.SetResponseHandler(func(response *http.Response) error { return c.receive(x, response) })
	response, err := c.retry.Do(retryable)
	if response != nil {
		defer response.Body.Close()
	}
	if err := x.certain(c.outcome(ctx, x, response, err)); err != nil {
		return nil, err
	}
	return response, nil
}

// receive takes in an answer that is not to be repeated for its status. Only an
// error that makes another attempt worth while is returned: the library takes
// every error as a reason to drop all connections.
func (c *caller) receive(x *exchange, response *http.Response) error {
	defer response.Body.Close()
	if x.settled {
		return nil
	}
	err := c.connection.takeIn(x, response)
	var lost *lostError
	if errors.As(err, &lost) {
		x.uncertain = true
		return err
	}
	x.settle(err)
	return nil
}

// takeIn is the one place where answers are checked: the status, the size and
// the body.
func (c *Connection) takeIn(x *exchange, response *http.Response) error {
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return &RedirectError{Method: x.method, Path: x.path, Status: response.StatusCode, Host: c.mask(redirectHost(response))}
	case response.StatusCode != http.StatusOK:
		return c.refusal(x, response)
	case response.ContentLength > c.answerLimit:
		return &UnreadableError{Method: x.method, Path: x.path, Err: &tooLargeError{c.answerLimit}}
	}
	body := &cappedReader{reader: response.Body, limit: c.answerLimit}
	err := x.read(body)
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
			Method: x.method, Path: x.path, Status: response.StatusCode, Messages: c.clean(failure.messages),
		}
	}
	return &UnreadableError{
		Method: x.method, Path: x.path, ContentType: c.mask(response.Header.Get("Content-Type")),
		Err: errors.New(c.mask(err.Error())),
	}
}

// refusal is what an answer with another status than 200 comes to. The envelope
// is looked for in any body, and its absence is no surprise.
func (c *Connection) refusal(x *exchange, response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	if err != nil {
		body = nil // the status says enough
	}
	return &reconcile.APIError{
		Method: x.method, Path: x.path, Status: response.StatusCode, Messages: c.clean(refusalMessages(body)),
	}
}

// clean makes messages of the API fit to be shown.
func (c *Connection) clean(messages []reconcile.APIMessage) []reconcile.APIMessage {
	messages = messages[:min(len(messages), maxMessages)]
	for i := range messages {
		messages[i].Message = c.mask(messages[i].Message)
	}
	return messages
}

// outcome is what a call came to after its last attempt.
func (c *caller) outcome(ctx context.Context, x *exchange, response *http.Response, err error) error {
	var throttled *reconcile.ThrottledError
	switch {
	case errors.As(err, &throttled):
		return throttled
	case x.settled:
		return x.err
	case err == nil && response.StatusCode == http.StatusTooManyRequests:
		wait, _ := retryAfter(response.Header, time.Now())
		return &reconcile.ThrottledError{RetryAfter: roundUp(wait), Err: x.refused}
	case err == nil:
		return x.refused
	case ctx.Err() != nil && x.method != http.MethodGet && !x.uncertain:
		return &reconcile.ThrottledError{Err: context.Cause(ctx)} // it was waiting to be sent again
	case ctx.Err() != nil:
		return fmt.Errorf("%s %s: %w", x.method, x.path, context.Cause(ctx))
	}
	return c.connection.transportError(x, err)
}

// certain returns what a call came to. An error that says that the request did
// nothing must not be believed of a write when an earlier attempt may have had
// an effect. It becomes an error of no type, so that whoever wrote looks for
// the effect.
func (x *exchange) certain(err error) error {
	if x.method == http.MethodGet || !x.uncertain {
		return err
	}
	var throttled *reconcile.ThrottledError
	var refused *reconcile.APIError
	if errors.As(err, &throttled) || errors.As(err, &refused) && refused.IsRefusal() {
		return fmt.Errorf("%s %s: an earlier attempt may have taken effect, and then: %s", x.method, x.path, err)
	}
	return err
}

// transportError is what a call without an answer comes to. It is never a
// context error, which would look as if the caller had given up.
func (c *Connection) transportError(x *exchange, err error) error {
	var timed net.Error
	if errors.As(err, &timed) && timed.Timeout() {
		return fmt.Errorf("%s %s: no answer within %s in %s", x.method, x.path, c.config.RequestTimeout, x.tries())
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the URL: a query can carry what nobody should read
	}
	var refused *WriteRefusedError
	var elsewhere *RedirectError
	if errors.As(err, &refused) || errors.As(err, &elsewhere) {
		return err
	}
	return fmt.Errorf("%s %s: no answer in %s: %w", x.method, x.path, x.tries(), &maskedError{c.mask(err.Error()), err})
}

// maskedError shows an error without what must not be shown, and lets it be found.
type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }

func (e *maskedError) Unwrap() error { return e.err }

// mask makes a text that comes from outside fit to be shown.
func (c *Connection) mask(text string) string {
	return shorten(c.config.Credentials.withoutSecrets(plain(text)))
}

// tries says how often a request was sent.
func (x *exchange) tries() string {
	if x.attempts == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", x.attempts)
}

// redirectHost returns where a redirect points to.
func redirectHost(response *http.Response) string {
	location, err := response.Location()
	if err != nil || location.Host == "" {
		return "nowhere"
	}
	return location.Host
}

// pathBelow returns the path of a request as Cloudflare documents it, without
// that of the base URL.
func pathBelow(base, request *url.URL) string {
	return strings.TrimPrefix(request.Path, base.Path)
}

// tooLargeError is an answer that is cut off.
type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string { return fmt.Sprintf("it is larger than %d MiB", e.limit>>20) }

// lostError is a connection that broke within an answer.
type lostError struct{ err error }

func (e *lostError) Error() string { return "the connection broke within the answer: " + e.err.Error() }

func (e *lostError) Unwrap() error { return e.err }

// cappedReader reads no more than it is allowed to, and remembers why it
// stopped: a reader that fails is not a text that is malformed. It fills the
// buffer that it is given, so that an answer in small pieces costs no more.
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
