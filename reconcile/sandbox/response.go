package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
)

// response is a whole response, written as it is.
//
// It implements the response interface of every operation in place of the generated response types, for two reasons:
// those cannot write null and missing apart, and a stand-in that wrote its responses with the types that its clients read
// them with would share their mistakes.
type response struct {
	status int
	body   []byte
}

func (a *response) VisitListUsersResponse(w http.ResponseWriter) error             { return a.write(w) }
func (a *response) VisitUpdateUserResponse(w http.ResponseWriter) error            { return a.write(w) }
func (a *response) VisitUpdateSeatsResponse(w http.ResponseWriter) error           { return a.write(w) }
func (a *response) VisitListPhysicalDevicesResponse(w http.ResponseWriter) error   { return a.write(w) }
func (a *response) VisitListRegistrationsResponse(w http.ResponseWriter) error     { return a.write(w) }
func (a *response) VisitGetOrganizationResponse(w http.ResponseWriter) error       { return a.write(w) }
func (a *response) VisitListIdentityProvidersResponse(w http.ResponseWriter) error { return a.write(w) }
func (a *response) VisitListSubscriptionsResponse(w http.ResponseWriter) error     { return a.write(w) }
func (a *response) VisitVerifyUserTokenResponse(w http.ResponseWriter) error       { return a.write(w) }
func (a *response) VisitVerifyAccountTokenResponse(w http.ResponseWriter) error    { return a.write(w) }

func (a *response) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}

// succeed wraps a result, and the result info of a listing unless it is empty, in the envelope of every response.
func succeed(result any, resultInfo []byte) *response {
	body := append([]byte(`{"success":true,"errors":[],"messages":[],"result":`), asJSON(result)...)
	if len(resultInfo) > 0 {
		body = append(body, `,"result_info":`...)
		body = append(body, resultInfo...)
	}
	return &response{http.StatusOK, append(body, '}')}
}

// fail is the envelope of a request that was refused.
func fail(status, code int, message string) *response {
	return &response{status, fmt.Appendf(nil,
		`{"success":false,"errors":[{"code":%d,"message":%s}],"messages":[],"result":null}`, code, asJSON(message))}
}

// The refusals whose codes have been seen at the real API. badRequest's code is Access's for a request that it cannot
// make sense of; nobody publishes a list.

func badHeaders() *response { return fail(http.StatusBadRequest, 6003, "Invalid request headers") }

func badToken() *response { return fail(http.StatusUnauthorized, 1000, "Invalid API Token") }

func forbidden() *response { return fail(http.StatusForbidden, 10000, "Authentication error") }

func noRoute(path string) *response {
	return fail(http.StatusNotFound, 7003,
		fmt.Sprintf("Could not route to %s, perhaps your object identifier is invalid?", path))
}

func throttled() *response {
	return fail(http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed")
}

func badRequest(reason string) *response {
	return fail(http.StatusBadRequest, 12130, "access.api.error.invalid_request: "+reason)
}
