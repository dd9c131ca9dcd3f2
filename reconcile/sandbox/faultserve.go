package sandbox

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"
)

// serveFault answers a request that meets a fault.
func (s *Sandbox) serveFault(w http.ResponseWriter, r *http.Request, operation Operation, fault Fault) {
	switch fault.Kind {
	case KindThrottled, KindInvalidToken, KindForbidden, KindInternal, KindBadGateway, KindUnavailable, KindEdge, KindFailure, KindRedirect:
		fault.refuse(w, r)
	case KindResetBefore:
		reset(w)
	case KindResetAfter:
		s.serveOperation(newRecording(), r, operation)
		reset(w)
	case KindHang:
		s.wait(r.Context(), math.MaxInt64)
		abort(w)
	case KindHangAfter:
		s.serveOperation(newRecording(), r, operation)
		s.wait(r.Context(), math.MaxInt64)
		abort(w)
	case KindSlow:
		if !s.wait(r.Context(), cmp.Or(fault.Delay, time.Second)) {
			abort(w)
			return
		}
		s.serveOperation(w, r, operation)
	case KindSkewedDate:
		w.Header().Set("Date", s.options.Now().Add(cmp.Or(fault.Offset, 10*time.Minute)).UTC().Format(http.TimeFormat))
		s.serveOperation(w, r, operation)
	case KindMissingDate:
		w.Header()["Date"] = nil // which keeps the server from adding its own
		s.serveOperation(w, r, operation)
	case KindLateEffect:
		s.late.add(s.quota.Now().Add(cmp.Or(fault.Delay, time.Second)), s.withoutAnswer(r, operation))
		reset(w)
	case KindEndless:
		s.serveEndless(w, r)
	case KindTruncated, KindCutBody, KindWrongTypes:
		s.serveDamaged(w, r, operation, fault)
	default:
		s.serveMisleading(w, r, operation, fault)
	}
}

// refuse answers in place of the API.
func (f Fault) refuse(w http.ResponseWriter, r *http.Request) {
	html := func(status int, title string) {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html>\r\n<head><title>%[1]s</title></head>\r\n<body>\r\n<center><h1>%[1]s</h1></center>\r\n"+
			"<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n", title)
	}
	var refusal *response
	switch f.Kind {
	case KindThrottled:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		refusal = throttled()
	case KindInvalidToken:
		refusal = badToken()
	case KindForbidden:
		refusal = forbidden()
	case KindInternal:
		refusal = fail(http.StatusInternalServerError, 10001, "Internal server error")
	case KindFailure:
		refusal = fail(http.StatusOK, 10001, "Internal server error")
	case KindBadGateway:
		html(http.StatusBadGateway, "502 Bad Gateway")
		return
	case KindEdge:
		html(520, "520: Web server is returning an unknown error")
		return
	case KindUnavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	default: // KindRedirect
		w.Header().Set("Location", cmp.Or(f.To, "https://elsewhere.example.net")+r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	_ = refusal.write(w) // the client is gone if this fails
}

// serveEndless streams what looks like a list until the client hangs up.
func (s *Sandbox) serveEndless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	chunk := bytes.Repeat([]byte(`{"name":"and so on"},`), 3000)
	_, err := w.Write([]byte(`{"success":true,"errors":[],"messages":[],"result":[`))
	for err == nil {
		select {
		case <-s.closed:
			abort(w)
			return
		case <-r.Context().Done():
			return
		default:
			_, err = w.Write(chunk)
		}
	}
}

// serveDamaged carries the request out and spoils the response.
func (s *Sandbox) serveDamaged(w http.ResponseWriter, r *http.Request, operation Operation, fault Fault) {
	response := s.record(r, operation)
	body := response.body
	switch fault.Kind {
	case KindTruncated:
		response.body = body[:len(body)/2]
		response.send(w)
	case KindCutBody:
		response.copyHeader(w)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(response.status)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush() // or the half would be lost with the connection
		abort(w)
	default: // KindWrongTypes
		var envelope map[string]any
		if json.Unmarshal(body, &envelope) == nil {
			envelope["result"] = wrongTypes(envelope["result"])
			if info, ok := envelope["result_info"]; ok {
				envelope["result_info"] = wrongTypes(info)
			}
			response.setBody(envelope)
		}
		response.send(w)
	}
}

// wrongTypes turns flags and numbers into strings and strings into numbers, all the way down.
func wrongTypes(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = wrongTypes(member)
		}
		return value
	case []any:
		for i, element := range value {
			value[i] = wrongTypes(element)
		}
		return value
	case string:
		return len(value)
	case nil:
		return []any{}
	default:
		return fmt.Sprint(value)
	}
}

// reset breaks the connection so that the client sees a reset rather than an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		abort(w)
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // what makes it a reset
	}
	_ = conn.Close()
}

// abort ends the request without a response, or with what there is of one.
func abort(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// recording is a response that was caught on its way to the client.
type recording struct {
	header http.Header
	status int
	body   []byte
}

func newRecording() *recording { return &recording{header: make(http.Header), status: http.StatusOK} }

func (a *recording) Header() http.Header    { return a.header }
func (a *recording) WriteHeader(status int) { a.status = status }
func (a *recording) Write(body []byte) (int, error) {
	a.body = append(a.body, body...)
	return len(body), nil
}

// record carries the request out and catches the response.
func (s *Sandbox) record(r *http.Request, operation Operation) *recording {
	response := newRecording()
	s.serveOperation(response, r, operation)
	return response
}

// setBody replaces the body.
func (a *recording) setBody(value any) {
	body, err := json.Marshal(value)
	if err != nil { // it was JSON before
		panic(err)
	}
	a.body = body
}

func (a *recording) copyHeader(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
}

// send passes the response on.
func (a *recording) send(w http.ResponseWriter) {
	a.copyHeader(w)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client is gone if this fails
}
