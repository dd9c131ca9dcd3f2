package sandbox

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// quota counts the requests of every token and key in windows of fixed length that start with a request.
type quota struct {
	Quota
	mu      sync.Mutex
	windows map[[sha256.Size]byte]*window
}

type window struct {
	start time.Time
	used  int
}

func newQuota(settings Quota) *quota {
	return &quota{Quota: settings, windows: make(map[[sha256.Size]byte]*window)}
}

// take counts a request, sets the quota headers of its response, and returns what to say if there was none left. Refused
// requests count for nothing: the window ends when it ends.
func (q *quota) take(header http.Header, r *http.Request) *response {
	if q.Requests <= 0 {
		return nil
	}
	// Hashed, so that no credential stays in memory; requests without credentials share one window.
	credential, _ := credentialOf(r.Header)
	key := sha256.Sum256([]byte(credential.token + "\x00" + credential.email + "\x00" + credential.key))

	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.Now()
	current := q.windows[key]
	if current == nil || !now.Before(current.start.Add(q.Window)) {
		current = &window{start: now}
		q.windows[key] = current
	}
	exhausted := current.used >= q.Requests
	if !exhausted {
		current.used++
	}
	reset := strconv.Itoa(wholeSeconds(current.start.Add(q.Window).Sub(now)))
	header.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%s`, q.Requests-current.used, reset))
	header.Set("Ratelimit-Policy", fmt.Sprintf(`"burst";q=%d;w=%d`, q.Requests, wholeSeconds(q.Window)))
	if exhausted {
		header.Set("Retry-After", reset)
		return throttled()
	}
	return nil
}

// wholeSeconds rounds up, so that waiting as long as a header says is long enough.
func wholeSeconds(duration time.Duration) int {
	return int((duration + time.Second - 1) / time.Second)
}
