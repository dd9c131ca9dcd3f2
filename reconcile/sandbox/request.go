package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
)

// maxBody is the largest request body that is read. A PATCH of ten thousand seats is a tenth of it.
const maxBody = 10 << 20

// bodyKey is the context key of the request body as it came. The generated server hands operations a decoded body in
// which a flag that was not sent looks like one that was sent as false, and false takes a seat away.
type bodyKey struct{}

func bodyOf(ctx context.Context) []byte {
	body, _ := ctx.Value(bodyKey{}).([]byte)
	return body
}

// readBody reads the whole body and puts a copy in its place. The result is what to say if that fails.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *response) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return body, fail(http.StatusRequestEntityTooLarge, 10013, "Request body is too large")
	case err != nil:
		return body, badRequest("the body could not be read")
	default:
		return body, nil
	}
}

// operation returns what a request asks for, or "" when no route leads anywhere.
func (s *Sandbox) operation(r *http.Request) Operation {
	if r.URL.Path != path.Clean(r.URL.Path) { // the mux would redirect to a path that is clean
		return ""
	}
	_, pattern := s.mux.Handler(r)
	method, route, _ := strings.Cut(pattern, " ")
	switch method + strings.TrimPrefix(route, BasePath) {
	case "GET/accounts/{account_id}/access/users":
		return OperationUsers
	case "PUT/accounts/{account_id}/access/users/{user_id}":
		return OperationRename
	case "PATCH/accounts/{account_id}/access/seats":
		return OperationSeats
	case "GET/accounts/{account_id}/devices/physical-devices":
		return OperationDevices
	case "GET/accounts/{account_id}/devices/registrations":
		return OperationRegistrations
	case "GET/accounts/{account_id}/access/organizations":
		return OperationOrganization
	case "GET/accounts/{account_id}/access/identity_providers":
		return OperationProviders
	case "GET/accounts/{account_id}/subscriptions":
		return OperationSubscriptions
	case "GET/user/tokens/verify", "GET/accounts/{account_id}/tokens/verify":
		return OperationVerify
	default:
		return ""
	}
}

// credential is what a request proves its right with. It is compared and counted, never kept or shown.
type credential struct {
	token      string
	email, key string
}

// credentialOf reads the authentication headers. Both schemes at once are fine, and the token counts: Cloudflare's SDKs
// send all they are given. The result is what to say if the headers make no sense.
func credentialOf(header http.Header) (credential, *response) {
	authorization := header.Get("Authorization")
	email, key := header.Get("X-Auth-Email"), header.Get("X-Auth-Key")
	switch {
	case authorization != "":
		scheme, token, _ := strings.Cut(authorization, " ")
		if !strings.EqualFold(scheme, "Bearer") || !wellFormed(token) {
			return credential{}, badHeaders()
		}
		return credential{token: token}, nil
	case email == "" && key == "":
		return credential{}, forbidden()
	case !strings.Contains(email, "@") || !wellFormed(email) || !wellFormed(key):
		return credential{}, badHeaders()
	default:
		return credential{email: email, key: key}, nil
	}
}

// wellFormed reports whether a token or key is made of visible ASCII characters and nothing else.
func wellFormed(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
}

// authorize returns nil if the request may do what it asks for, and else what to say.
func (s *Sandbox) authorize(r *http.Request, operation Operation) *response {
	credential, refused := credentialOf(r.Header)
	if refused != nil {
		return refused
	}
	restricted := len(s.options.Tokens)+len(s.options.Keys) > 0
	if credential.token != "" {
		if slices.Contains(s.options.InvalidTokens, credential.token) ||
			restricted && !slices.Contains(s.options.Tokens, credential.token) {
			return badToken()
		}
	} else {
		if key, ok := s.options.Keys[credential.email]; restricted && (!ok || key != credential.key) {
			return forbidden()
		}
		if operation == OperationVerify { // there is no token to verify
			return forbidden()
		}
	}
	if slices.ContainsFunc(s.options.Deny, func(denied Operation) bool { return denied.covers(operation) }) {
		return forbidden()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if route := strings.TrimPrefix(r.URL.Path, BasePath); strings.HasPrefix(route, "/accounts/") && s.accounts[accountOf(r)] == nil {
		return noRoute(route)
	}
	return nil
}
