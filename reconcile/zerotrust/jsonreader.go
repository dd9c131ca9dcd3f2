package zerotrust

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonReader takes a text in JSON apart while it arrives, without holding more of
// it than the value at hand. A key that is there twice in an object is an error,
// since nobody knows which of the two is meant.
type jsonReader struct {
	decoder *jsontext.Decoder
	texts   []byte // room for those of an item, used again for the next
}

func newJSONReader(source io.Reader) *jsonReader {
	// A name that is not UTF-8 must not hide an account.
	bound := &valueBound{source: source}
	decoder := jsontext.NewDecoder(bound, jsontext.AllowInvalidUTF8(true))
	bound.given = decoder.InputOffset
	return &jsonReader{decoder: decoder}
}

// Decode takes the next value into a variable, as its json tags say.
func (r *jsonReader) Decode(into any) error { return json.UnmarshalDecode(r.decoder, into) }

// skip takes the next value and forgets it.
func (r *jsonReader) skip() error { return r.decoder.SkipValue() }

// readObject reads an object. The function takes in the value of each key, which
// it is given as it is written, in quotes.
func (r *jsonReader) readObject(takeValue func(key jsontext.Value) error) error {
	if err := r.open('{', "an object"); err != nil {
		return err
	}
	for r.decoder.PeekKind() == '"' {
		key, err := r.decoder.ReadValue()
		if err != nil {
			return err
		}
		if err := takeValue(key); err != nil {
			return err
		}
	}
	_, err := r.decoder.ReadToken() // its end, or what is wrong
	return err
}

// readArray reads an array, or null, which is how some services write an empty
// one. The function takes in each element.
func readArray(r *jsonReader, takeElement func() error) error {
	if r.decoder.PeekKind() == 'n' {
		return r.skip()
	}
	if err := r.open('[', "a list"); err != nil {
		return err
	}
	for items := 0; r.decoder.PeekKind() != ']'; items++ {
		if r.decoder.PeekKind() == 0 {
			break // what is wrong comes with the end
		}
		if items == maxPageItems {
			return errManyItems
		}
		if err := takeElement(); err != nil {
			return err
		}
	}
	_, err := r.decoder.ReadToken()
	return err
}

// open takes the begin of an object or a list.
func (r *jsonReader) open(kind jsontext.Kind, want string) error {
	token, err := r.decoder.ReadToken()
	if err == nil && token.Kind() != kind {
		err = fmt.Errorf("%v where %s should be", token.Kind(), want)
	}
	return err
}

// end returns an error unless there is nothing more.
func (r *jsonReader) end() error {
	switch _, err := r.decoder.ReadToken(); err {
	case io.EOF:
		return nil
	case nil:
		return errors.New("something comes after its end")
	default:
		return err
	}
}
