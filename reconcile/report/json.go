package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/seatsync/seatsync/reconcile"
)

// writeJSON writes the plan as one indented object with its times in UTC.
func writeJSON(out *bufio.Writer, plan *reconcile.Plan) error {
	shown := *plan
	shown.CreatedAt, shown.Live.ReadAt = plan.CreatedAt.UTC(), plan.Live.ReadAt.UTC()
	if plan.Run != nil {
		run := *plan.Run
		run.StartedAt, run.FinishedAt = run.StartedAt.UTC(), run.FinishedAt.UTC()
		shown.Run = &run
	}
	return newJSONStream(out).document(&shown)
}

// jsonStream writes JSON as it goes: objects field by field and arrays element
// by element, so that no more than one element is ever held as text. Fields and
// elements are encoded by encoding/json, whose tags it honours.
type jsonStream struct {
	out     *bufio.Writer
	buffer  bytes.Buffer
	encoder *json.Encoder
	escaped []byte
}

func newJSONStream(out *bufio.Writer) *jsonStream {
	s := &jsonStream{out: out}
	s.encoder = json.NewEncoder(&s.buffer)
	s.encoder.SetEscapeHTML(false)
	return s
}

// document writes v and the end of its last line.
func (s *jsonStream) document(v any) error {
	if err := s.value(reflect.ValueOf(v), ""); err != nil {
		return err
	}
	return s.out.WriteByte('\n')
}

// value writes v, which stands on a line with the given indent.
func (s *jsonStream) value(v reflect.Value, indent string) error {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if _, isEncoded := v.Interface().(json.Marshaler); !isEncoded {
		switch v.Kind() {
		case reflect.Struct:
			return s.object(v, indent)
		case reflect.Slice:
			return s.array(v, indent)
		}
	}
	return s.whole(v.Interface(), indent)
}

// object writes the fields of a struct.
func (s *jsonStream) object(v reflect.Value, indent string) error {
	_ = s.out.WriteByte('{')
	separator := ""
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" || option == "omitempty" && isEmpty(v.Field(i)) {
			continue
		}
		_, _ = fmt.Fprintf(s.out, "%s\n%s  %q: ", separator, indent, name)
		if err := s.value(v.Field(i), indent+"  "); err != nil {
			return err
		}
		separator = ","
	}
	_, err := s.out.WriteString("\n" + indent + "}")
	return err
}

// isEmpty reports whether omitempty leaves a value out.
func isEmpty(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// array writes the elements of a slice; nil is an empty array, never null.
func (s *jsonStream) array(v reflect.Value, indent string) error {
	_ = s.out.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			_ = s.out.WriteByte(',')
		}
		_, _ = s.out.WriteString("\n" + indent + "  ")
		if err := s.whole(v.Index(i).Addr().Interface(), indent+"  "); err != nil {
			return err
		}
	}
	if v.Len() > 0 {
		_, _ = s.out.WriteString("\n" + indent)
	}
	return s.out.WriteByte(']')
}

// whole writes a value that is encoded in one piece.
func (s *jsonStream) whole(v any, indent string) error {
	s.buffer.Reset()
	s.encoder.SetIndent(indent, "  ")
	if err := s.encoder.Encode(v); err != nil {
		return err
	}
	s.escaped = appendEscaped(s.escaped[:0], bytes.TrimSuffix(s.buffer.Bytes(), []byte("\n")))
	_, err := s.out.Write(s.escaped)
	return err
}

// appendEscaped appends JSON with every character of its strings that does not
// show as itself written as an escape. That says the same to a program, and
// keeps a saved plan that someone prints from reaching the terminal's controls
// or a runner's workflow commands. Outside of strings, JSON has no such
// characters.
func appendEscaped(dst, data []byte) []byte {
	for len(data) > 0 {
		plain := bytes.IndexFunc(data, func(r rune) bool { return r == '#' || r >= 0x7f })
		if plain < 0 {
			return append(dst, data...)
		}
		dst, data = append(dst, data[:plain]...), data[plain:]
		if data[0] == '#' {
			if bytes.HasPrefix(data, []byte("##[")) {
				dst = append(dst, `\u0023`...)
			} else {
				dst = append(dst, '#')
			}
			data = data[1:]
			continue
		}
		r, size := utf8.DecodeRune(data)
		switch {
		case reconcile.IsVisible(r):
			dst = append(dst, data[:size]...)
		case r > 0xffff:
			offset := r - 0x10000
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, 0xd800+offset>>10, 0xdc00+offset&0x3ff)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
		data = data[size:]
	}
	return dst
}
