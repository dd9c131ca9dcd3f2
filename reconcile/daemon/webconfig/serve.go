package webconfig

import (
	"crypto/sha256"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/time/rate"
)

// Serve serves as the file says until the server is shut down; the error is that of [http.Server.Serve]. Certificates
// and users are read again for each connection and request, so that new ones need no restart. The open paths answer
// without a password: those of probes, which tell nothing about anyone.
func Serve(listener net.Listener, server *http.Server, path string, log *slog.Logger, open ...string) error {
	c, err := read(path)
	if err != nil {
		return err
	}
	g := &guard{path: path, next: server.Handler, log: log, open: open}
	if c.RateLimit.Interval > 0 {
		g.limiter = rate.NewLimiter(rate.Every(c.RateLimit.Interval), c.RateLimit.Burst)
	}
	server.Handler = g
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	if !c.TLS.isEnabled() {
		return server.Serve(listener)
	}
	server.Protocols.SetHTTP2(c.HTTP.HTTP2 == nil || *c.HTTP.HTTP2)
	if server.TLSConfig, err = c.TLS.build(); err != nil {
		return err
	}
	// Set by ServeTLS on the configuration above alone, which the one of a connection stands in for.
	protocols := []string{"http/1.1"}
	if server.Protocols.HTTP2() {
		protocols = []string{"h2", "http/1.1"}
	}
	server.TLSConfig.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now, err := read(path)
		if err != nil {
			return nil, err
		}
		built, err := now.TLS.build()
		if err == nil {
			built.NextProtos = protocols
		}
		return built, err
	}
	return server.ServeTLS(listener, "", "")
}

// guard asks for a password before anything is served.
type guard struct {
	path    string
	next    http.Handler
	log     *slog.Logger
	open    []string
	limiter *rate.Limiter // nil without a limit

	// mu is held while a password is compared, which is slow on purpose: nobody can keep every processor busy with it.
	mu    sync.Mutex
	known [][sha256.Size]byte // passwords that were right, the last ones
}

// mostKnown is how many right passwords are remembered.
const mostKnown = 64

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := read(g.path)
	if err != nil {
		g.log.Error("cannot read the file of --web-config", "error", err.Error())
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if g.limiter != nil && !g.limiter.Allow() {
		http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
		return
	}
	for name, value := range c.HTTP.Headers {
		w.Header().Set(name, value)
	}
	if len(c.Users) == 0 || slices.Contains(g.open, r.URL.Path) || g.knows(r, c.Users) {
		g.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", "Basic")
	http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
}

// nobodysHash is compared with where there is no such user, so that the time taken does not tell who there is. It has
// the cost that htpasswd and the documentation use.
const nobodysHash = "$2b$10$CwTycUXWue0Thq9StjUM0uJ8F0Yq5l7d8Zr5QG6k2n4i7l2Hk8m1K"

// knows reports whether a request has the password of a user.
func (g *guard) knows(r *http.Request, users map[string]string) bool {
	name, password, given := r.BasicAuth()
	if !given {
		return false
	}
	hash, exists := users[name]
	if !exists {
		hash = nobodysHash
	}
	// With the hash in it, so that a password that was changed is not remembered.
	key := sha256.Sum256([]byte(strings.Join([]string{name, hash, password}, "\x00")))
	g.mu.Lock()
	defer g.mu.Unlock()
	if exists && slices.Contains(g.known, key) {
		return true
	}
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) != nil || !exists {
		return false
	}
	g.known = append(g.known, key)
	if len(g.known) > mostKnown {
		g.known = g.known[1:]
	}
	return true
}
