package zerotrust

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seatsync/seatsync/reconcile"
)

// A response is read element by element instead of into the generated envelope,
// so that a page takes the memory of its users and not three times as much, and
// so that a response that is large and wrong is given up at its first fault.

// failureError is an envelope that says that the request was not carried out.
type failureError struct{ messages []reconcile.APIMessage }

func (*failureError) Error() string { return "success is false" }

// resultInfo says where in a listing a response stands. All of it is optional.
type resultInfo struct {
	Count      count  `json:"count"`
	PerPage    count  `json:"per_page"`
	TotalCount count  `json:"total_count"`
	Cursor     string `json:"cursor"`
	// present is false when the response has none.
	present bool
}

// readEnvelope reads a response. The function takes in the result, at which the
// reader stands when it is called. It is called once or the envelope is an
// error, and what it has taken in counts only when there is none.
func readEnvelope(body io.Reader, takeResult func(*jsonReader) error) (resultInfo, error) {
	var info *resultInfo
	var success reconcile.Flag
	var failures json.RawMessage
	hasResult := false
	reader := newJSONReader(body)
	err := reader.readObject(func(key jsontext.Value) error {
		switch string(key) {
		case `"success"`:
			return reader.Decode(&success)
		case `"result"`:
			hasResult = true
			return takeResult(reader)
		case `"result_info"`:
			return reader.Decode(&info)
		case `"errors"`:
			return reader.Decode(&failures)
		}
		return reader.skip()
	})
	if err == nil {
		err = reader.end()
	}
	switch {
	case err != nil:
		return resultInfo{}, plainEOF(err)
	case success == reconcile.Unknown:
		return resultInfo{}, errors.New("it does not say whether it is a success")
	case success == reconcile.False:
		return resultInfo{}, &failureError{messagesOf(failures)}
	case !hasResult:
		return resultInfo{}, errors.New("it has no result")
	}
	if info == nil {
		return resultInfo{}, nil
	}
	info.present = true
	return *info, nil
}

// plainEOF says in words that a response ends too early.
func plainEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it is not whole JSON: it ends too early")
	}
	return err
}

// refusalMessages returns the errors of an envelope, as far as there is one.
func refusalMessages(body []byte) []reconcile.APIMessage {
	var envelope struct {
		Errors json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return nil
	}
	return messagesOf(envelope.Errors)
}

// messagesOf reads a list of errors. It is lenient: what the API wants to say
// must not get lost because it says it in another form than documented.
func messagesOf(list json.RawMessage) []reconcile.APIMessage {
	var items []json.RawMessage
	if json.Unmarshal(list, &items) != nil {
		return nil
	}
	var messages []reconcile.APIMessage
	for _, item := range items {
		var code struct {
			Code float64 `json:"code"`
		}
		var text struct {
			Message string `json:"message"`
		}
		// An error leaves the zero value, which is all that is known then.
		_ = json.Unmarshal(item, &code)
		_ = json.Unmarshal(item, &text)
		if code.Code < 0 || code.Code > largestNumber {
			code.Code = 0
		}
		if code.Code != 0 || text.Message != "" {
			messages = append(messages, reconcile.APIMessage{Code: int(code.Code), Message: text.Message})
		}
	}
	return messages
}

// count is a number of things. The API types its counters as numbers, so that
// 20.0 is as good as 20; a fraction or a negative number is an error.
type count struct {
	value int
	known bool
}

// UnmarshalJSON reads a number, or null for a count that is not told.
func (c *count) UnmarshalJSON(data []byte) error {
	*c = count{}
	if string(data) == "null" {
		return nil
	}
	number, err := strconv.ParseFloat(string(data), 64)
	if err != nil || number != float64(int64(number)) || number < 0 || number > largestNumber {
		return fmt.Errorf("%s where a count should be", inert(string(data)))
	}
	*c = count{value: int(number), known: true}
	return nil
}

// String returns the number, or that it is not told.
func (c count) String() string {
	if !c.known {
		return "nothing"
	}
	return strconv.Itoa(c.value)
}
