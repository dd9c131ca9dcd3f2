package sandbox

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Field is one field of a JSON object in one of the three shapes that the API gives it: missing, which is the zero
// value, null, or a value. An empty string is a value.
type Field[T comparable] struct {
	shape shape
	value T
}

type shape uint8

const (
	shapeMissing shape = iota
	shapeNull
	shapeValue
)

// Value returns a field with a value.
func Value[T comparable](value T) Field[T] { return Field[T]{shape: shapeValue, value: value} }

// Null returns a field that is there and null.
func Null[T comparable]() Field[T] { return Field[T]{shape: shapeNull} }

// Missing returns a field that is not there. It is the zero value, spelt out.
func Missing[T comparable]() Field[T] { return Field[T]{} }

// At returns a date field in the format the API uses, RFC 3339 in UTC.
func At(moment time.Time) Field[string] { return Value(moment.UTC().Format(time.RFC3339)) }

// Get returns the value, and whether there is one.
func (f Field[T]) Get() (T, bool) { return f.value, f.shape == shapeValue }

// IsNull reports whether the field is there and null.
func (f Field[T]) IsNull() bool { return f.shape == shapeNull }

// IsMissing reports whether the field is not there.
func (f Field[T]) IsMissing() bool { return f.shape == shapeMissing }

// Equal reports whether two fields have the same shape and value.
func (f Field[T]) Equal(other Field[T]) bool { return f == other }

// String shows the field as a test's message wants it.
func (f Field[T]) String() string {
	switch f.shape {
	case shapeMissing:
		return "missing"
	case shapeNull:
		return "null"
	default:
		return fmt.Sprintf("%#v", f.value)
	}
}

// is reports whether the field has exactly this value.
func (f Field[T]) is(value T) bool { return f.shape == shapeValue && f.value == value }

// MarshalJSONTo writes the value, or null. A field that is missing is left out by the struct that it is in.
func (f *Field[T]) MarshalJSONTo(out *jsontext.Encoder) error {
	if f.shape != shapeValue {
		return out.WriteToken(jsontext.Null)
	}
	switch value := any(&f.value).(type) { // most are of these, which take no memory then
	case *string:
		return out.WriteToken(jsontext.String(*value))
	case *bool:
		return out.WriteToken(jsontext.Bool(*value))
	}
	return json.MarshalEncode(out, &f.value)
}

// appendMember appends a field of an object to the part of it that is written, unless the field is missing.
func appendMember[T comparable](object []byte, name string, field Field[T], appendValue func([]byte, T) []byte) []byte {
	if field.IsMissing() {
		return object
	}
	if object[len(object)-1] != '{' {
		object = append(object, ',')
	}
	object = append(append(append(object, '"'), name...), `":`...)
	if value, ok := field.Get(); ok {
		return appendValue(object, value)
	}
	return append(object, "null"...)
}

// appendText appends a text in quotes. What in it is not UTF-8 is replaced.
func appendText(object []byte, text string) []byte {
	object, _ = jsontext.AppendQuote(object, text)
	return object
}

func appendNumber(object []byte, number float64) []byte {
	return strconv.AppendFloat(object, number, 'f', -1, 64)
}

// asJSON writes a value that is known to have a JSON form, unless it is written already. Names may have bytes that are
// not UTF-8.
func asJSON(value any) []byte {
	if text, isWritten := value.(jsontext.Value); isWritten {
		return text
	}
	text, err := json.Marshal(value, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err)
	}
	return text
}
