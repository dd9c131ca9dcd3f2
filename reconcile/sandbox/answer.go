package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// answer is a whole answer, written as it is.
//
// It implements the response interface of every operation in place of the generated response types, for two reasons:
// those cannot write null and missing apart, and a stand-in that wrote its answers with the types that its clients read
// them with would share their mistakes.
type answer struct {
	status int
	body   []byte
}

func (a *answer) VisitListUsersResponse(w http.ResponseWriter) error             { return a.write(w) }
func (a *answer) VisitUpdateUserResponse(w http.ResponseWriter) error            { return a.write(w) }
func (a *answer) VisitUpdateSeatsResponse(w http.ResponseWriter) error           { return a.write(w) }
func (a *answer) VisitListPhysicalDevicesResponse(w http.ResponseWriter) error   { return a.write(w) }
func (a *answer) VisitListRegistrationsResponse(w http.ResponseWriter) error     { return a.write(w) }
func (a *answer) VisitGetOrganizationResponse(w http.ResponseWriter) error       { return a.write(w) }
func (a *answer) VisitListIdentityProvidersResponse(w http.ResponseWriter) error { return a.write(w) }
func (a *answer) VisitListSubscriptionsResponse(w http.ResponseWriter) error     { return a.write(w) }
func (a *answer) VisitVerifyUserTokenResponse(w http.ResponseWriter) error       { return a.write(w) }
func (a *answer) VisitVerifyAccountTokenResponse(w http.ResponseWriter) error    { return a.write(w) }

func (a *answer) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}

// succeed wraps a result, and the result info of a listing unless it is empty, in the envelope of every answer.
func succeed(result, resultInfo []byte) *answer {
	body := make([]byte, 0, len(result)+len(resultInfo)+96)
	body = append(body, `{"success":true,"errors":[],"messages":[],"result":`...)
	body = append(body, result...)
	if len(resultInfo) > 0 {
		body = append(body, `,"result_info":`...)
		body = append(body, resultInfo...)
	}
	return &answer{http.StatusOK, append(body, '}')}
}

// fail is the envelope of a request that was refused.
func fail(status, code int, message string) *answer {
	text, err := json.Marshal(message)
	if err != nil { // a string always has a JSON form
		panic(err)
	}
	return &answer{status, fmt.Appendf(nil,
		`{"success":false,"errors":[{"code":%d,"message":%s}],"messages":[],"result":null}`, code, text)}
}

// The refusals whose codes have been seen at the real API. badRequest's code is Access's for a request that it cannot
// make sense of; nobody publishes a list.

func badHeaders() *answer { return fail(http.StatusBadRequest, 6003, "Invalid request headers") }

func badToken() *answer { return fail(http.StatusUnauthorized, 1000, "Invalid API Token") }

func forbidden() *answer { return fail(http.StatusForbidden, 10000, "Authentication error") }

func noRoute(path string) *answer {
	return fail(http.StatusNotFound, 7003,
		fmt.Sprintf("Could not route to %s, perhaps your object identifier is invalid?", path))
}

func throttled() *answer {
	return fail(http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed")
}

func badRequest(reason string) *answer {
	return fail(http.StatusBadRequest, 12130, "access.api.error.invalid_request: "+reason)
}
