package zerotrust

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzAnswersAreReadAsByEncodingJSON holds the reader of responses together with encoding/json: it takes no text that is
// not JSON, and of one that is it finds every element, however it arrives.
func FuzzAnswersAreReadAsByEncodingJSON(f *testing.F) {
	for _, text := range []string{
		`{"success":true,"result":[{"a":"}]\""},1,null,"x"],"result_info":{"total_count":4}}`, `{"success":true,"result":null}`,
		" {\n\"result\" : [ ] , \"success\" : true } ", `{"success":true,"result":[1,]}`, `{"success":true,"result":[1 2]}`,
		`{"success":true,"result":[{]}]}`, `{"success":true,"result":["\\"]}`, `{"success":true,"result":["\`, `{"success":true,}`,
		`{"success":true,"result":[]}x`, `{null:1,"success":true,"result":[]}`, `{"success" true}`, `[]`, ``, `{}`, `{"result":{}`,
		`{"success":true,"result":[-1.5e3,tru]}`, `{"success":true,"result":"[]"}`, `{"success":true,"result":[]]`,
	} {
		f.Add([]byte(text))
	}
	read := func(body io.Reader) (elements []string, err error) {
		_, err = readEnvelope(body, func(reader *jsonReader) error {
			return readArray(reader, func() error {
				var element json.RawMessage
				err := reader.Decode(&element)
				elements = append(elements, string(element))
				return err
			})
		})
		return elements, err
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := read(bytes.NewReader(text))
		slowly, errSlowly := read(iotest.OneByteReader(bytes.NewReader(text)))
		if (err == nil) != (errSlowly == nil) || err == nil && strings.Join(got, "\n") != strings.Join(slowly, "\n") {
			t.Fatalf("%q is read as %q, %v, and byte by byte as %q, %v", text, got, err, slowly, errSlowly)
		}
		if err != nil {
			return
		}
		var want struct {
			Result []json.RawMessage `json:"result"`
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("%q is read, and encoding/json says: %v", text, err)
		}
		if len(got) != len(want.Result) && len(got) > 0 {
			t.Errorf("%q has %d elements, want %d", text, len(got), len(want.Result))
		}
	})
}
