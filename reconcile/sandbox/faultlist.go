package sandbox

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// listing is a successful response taken apart as far as its faults need.
type listing struct {
	Success  bool              `json:"success"`
	Errors   json.RawMessage   `json:"errors"`
	Messages json.RawMessage   `json:"messages"`
	Result   []json.RawMessage `json:"result"`
	Info     map[string]any    `json:"result_info,omitempty"`
}

// serveMisleading gives responses that are sound JSON and do not tell the truth.
func (s *Sandbox) serveMisleading(w http.ResponseWriter, r *http.Request, operation Operation, fault Fault) {
	if fault.Kind == KindNotTaken {
		s.notTaken(r, operation).send(w)
		return
	}
	response := s.record(r, operation)
	var page listing
	if response.status != http.StatusOK || json.Unmarshal(response.body, &page) != nil {
		response.send(w) // a refusal: there is nothing to mislead about
		return
	}
	switch fault.Kind {
	case KindShortPage:
		page.Result = page.Result[:max(0, len(page.Result)-max(fault.Drop, 1))]
	case KindDoubledPage:
		page.Result = s.otherPage(r, operation, page)
	case KindWrongTotal:
		page.miscount(cmp.Or(fault.By, 1))
	case KindMissingTotal:
		delete(page.Info, "total_count")
		delete(page.Info, "total_pages")
	case KindMissingInfo:
		page.Info = nil
	case KindSameCursor:
		page.Info["cursor"] = cmp.Or(r.URL.Query().Get("cursor"), formatCursor(1))
	case KindLostPage:
		s.skipPage(r, operation, page)
	case KindUserAdded:
		s.addUser(accountOf(r))
	case KindUserRemoved:
		if len(page.Result) > 0 {
			var user struct{ ID string }
			if json.Unmarshal(page.Result[0], &user) == nil {
				s.Remove(accountOf(r), user.ID)
			}
		}
	}
	response.setBody(page)
	response.send(w)
}

// miscount makes the total wrong, and the number of pages with it.
func (l *listing) miscount(by int) {
	total, _ := l.Info["total_count"].(float64)
	total = max(0, total+float64(by))
	l.Info["total_count"] = total
	if size, ok := l.Info["per_page"].(float64); ok && l.Info["total_pages"] != nil {
		l.Info["total_pages"] = math.Ceil(total / size)
	}
}

// otherPage returns the items of the page before the one asked for, of the one after the first, or, where there is no
// other page, the items twice. In a listing by cursor the first page is the other page.
func (s *Sandbox) otherPage(r *http.Request, operation Operation, asked listing) []json.RawMessage {
	query := r.URL.Query()
	twice := append(append([]json.RawMessage{}, asked.Result...), asked.Result...)
	if OperationDevices.covers(operation) {
		if query.Get("cursor") == "" {
			return twice
		}
		query.Del("cursor")
	} else {
		page, err := strconv.Atoi(cmp.Or(query.Get("page"), "1"))
		if err != nil {
			return twice
		}
		query.Set("page", strconv.Itoa(cmp.Or(page-1, 2)))
	}
	page, ok := s.another(r, operation, query)
	if !ok || len(page.Result) == 0 {
		return twice
	}
	return page.Result
}

// another returns the page of a listing that another query leads to.
func (s *Sandbox) another(r *http.Request, operation Operation, query url.Values) (page listing, ok bool) {
	other := r.Clone(r.Context())
	other.URL.RawQuery = query.Encode()
	err := json.Unmarshal(s.record(other, operation).body, &page)
	return page, err == nil
}

// skipPage makes the cursor of a page lead past the next page, where there is one.
func (s *Sandbox) skipPage(r *http.Request, operation Operation, page listing) {
	cursor, _ := page.Info["cursor"].(string)
	if cursor == "" {
		return
	}
	query := r.URL.Query()
	query.Set("cursor", cursor)
	if next, ok := s.another(r, operation, query); ok {
		page.Info["cursor"] = next.Info["cursor"]
	}
}

// addUser puts a new user at the top of an account's list.
func (s *Sandbox) addUser(accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accounts[accountID]
	if account == nil {
		return
	}
	id, now := s.newUUID(), At(s.options.Now())
	account.insertFirst(Record{
		ID: Value(id), UID: Value(id), Email: Value("added-" + id[:8] + "@example.com"), Name: Value("Ad Dedd"),
		SeatUID: Value(s.newUUID()), AccessSeat: Value(true), GatewaySeat: Value(false),
		LastSuccessfulLogin: now, CreatedAt: now, UpdatedAt: now,
	})
}

// notTaken answers a PATCH with the state that every seat has, and changes none.
func (s *Sandbox) notTaken(r *http.Request, operation Operation) *recording {
	response := newRecording()
	items, refused := s.seatItems(bodyOf(r.Context()))
	if refused == nil {
		refused = s.authorize(r, operation)
	}
	if refused != nil {
		_ = refused.write(response)
		return response
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var seats []Record
	account := s.accounts[accountOf(r)]
	for _, item := range items {
		if user := account.seat(*item.SeatUID); user != nil {
			seats = append(seats, user.seat())
		}
	}
	_ = succeed(seats, nil).write(response)
	return response
}

// accountOf returns the account in a request's path.
func accountOf(r *http.Request) string {
	rest, _ := strings.CutPrefix(r.URL.Path, BasePath+"/accounts/")
	account, _, _ := strings.Cut(rest, "/")
	return account
}
