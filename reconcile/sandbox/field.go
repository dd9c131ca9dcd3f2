package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
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

// appendField adds a member to the JSON object under construction in b, unless the field is missing.
func appendField[T comparable](b []byte, name string, field Field[T]) []byte {
	if field.shape == shapeMissing {
		return b
	}
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	if field.shape == shapeNull {
		return append(b, "null"...)
	}
	switch value := any(field.value).(type) {
	case string:
		return appendString(b, value)
	case bool:
		return strconv.AppendBool(b, value)
	case float64:
		return strconv.AppendFloat(b, value, 'f', -1, 64)
	case RegisteredDevice:
		return value.appendJSON(b)
	case DeviceUser:
		return value.appendJSON(b)
	default:
		panic(fmt.Sprintf("sandbox: a field of type %T has no JSON form", value))
	}
}

// appendString adds a JSON string. Most are plain ASCII and need no escaping, which a page of a thousand users notices.
func appendString(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			quoted, err := json.Marshal(text)
			if err != nil { // a string always has a JSON form
				panic(err)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}
