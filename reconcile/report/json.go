package report

import (
	"bufio"
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

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
	return writeDocument(out, &shown)
}

// writeDocument writes a value as indented JSON, as it goes: a plan is never held as text.
// Empty lists are written as such, and keys and omissions are those of encoding/json.
func writeDocument(out *bufio.Writer, v any) error {
	err := json.MarshalWrite(&visibleJSON{out: out}, v, jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true),
		json.Deterministic(true), json.FormatNilMapAsNull(true), jsonv1.OmitEmptyWithLegacySemantics(true))
	if err != nil {
		return err
	}
	return out.WriteByte('\n')
}

// visibleJSON passes on JSON with what would not show as itself escaped. It is given
// whole tokens.
type visibleJSON struct {
	out     *bufio.Writer
	escaped []byte
}

func (w *visibleJSON) Write(data []byte) (int, error) {
	w.escaped = appendEscaped(w.escaped[:0], data)
	_, err := w.out.Write(w.escaped)
	return len(data), err
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
