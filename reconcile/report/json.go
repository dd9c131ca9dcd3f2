package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/seatsync/seatsync/reconcile"
)

// writeJSON writes the plan as one indented object. Its long arrays are written
// element by element: the plan is marshalled without them, and they are put
// where their empty brackets stand.
func writeJSON(out *bufio.Writer, plan *reconcile.Plan) error {
	shell := emptied(plan)
	encoder := newElementEncoder()
	frame, err := encoder.encode(shell, "")
	if err != nil {
		return err
	}
	frame = slices.Clone(frame)
	// A line break inside a value is written as an escape, so these markers
	// occur exactly once, at the depth that they name.
	holes := []hole{
		{"\n  \"changes\": [", "  ", elements(encoder, plan.Changes)},
		{"\n  \"findings\": [", "  ", elements(encoder, plan.Findings)},
	}
	if plan.Run != nil {
		holes = append(holes, hole{"\n    \"outcomes\": [", "    ", elements(encoder, plan.Run.Outcomes)})
	}
	for _, hole := range holes {
		before, after, found := bytes.Cut(frame, []byte(hole.marker))
		if !found {
			return fmt.Errorf("plan without %q", hole.marker)
		}
		_, _ = out.Write(before)
		_, _ = out.WriteString(hole.marker)
		if err := hole.fill(out, hole.indent); err != nil {
			return err
		}
		frame = after
	}
	_, _ = out.Write(frame)
	return out.WriteByte('\n')
}

// hole is where the elements of an array belong: after its opening bracket,
// whose line has the given indent.
type hole struct {
	marker, indent string
	fill           func(out *bufio.Writer, indent string) error
}

// elements returns a function that writes the elements of an array.
func elements[Element any](encoder *elementEncoder, list []Element) func(*bufio.Writer, string) error {
	return func(out *bufio.Writer, indent string) error {
		for i := range list {
			data, err := encoder.encode(&list[i], indent+"  ")
			if err != nil {
				return err
			}
			if i > 0 {
				_ = out.WriteByte(',')
			}
			_, _ = out.WriteString("\n" + indent + "  ")
			if _, err := out.Write(data); err != nil {
				return err
			}
		}
		if len(list) > 0 {
			_, _ = out.WriteString("\n" + indent)
		}
		return nil
	}
}

// emptied returns a copy of the plan without its long arrays, with no array
// null, and with its times in UTC.
func emptied(plan *reconcile.Plan) *reconcile.Plan {
	shell := *plan
	shell.CreatedAt, shell.Live.ReadAt = plan.CreatedAt.UTC(), plan.Live.ReadAt.UTC()
	shell.Desired.Files = present(plan.Desired.Files)
	shell.Changes, shell.Findings = []reconcile.Change{}, []reconcile.Finding{}
	if plan.Activity != nil {
		activity := *plan.Activity
		activity.Buckets = present(activity.Buckets)
		shell.Activity = &activity
	}
	if plan.Run != nil {
		run := *plan.Run
		run.StartedAt, run.FinishedAt = run.StartedAt.UTC(), run.FinishedAt.UTC()
		run.Outcomes = []reconcile.Outcome{}
		shell.Run = &run
	}
	return &shell
}

// present returns list, or an empty one for nil, which JSON would call null.
func present[Element any](list []Element) []Element {
	if list == nil {
		return []Element{}
	}
	return list
}

// elementEncoder marshals values one after another into one buffer.
type elementEncoder struct {
	buffer  bytes.Buffer
	encoder *json.Encoder
	escaped []byte
}

func newElementEncoder() *elementEncoder {
	e := new(elementEncoder)
	e.encoder = json.NewEncoder(&e.buffer)
	e.encoder.SetEscapeHTML(false)
	return e
}

// encode returns the indented JSON of v without a final newline. The result is
// valid until the next call.
func (e *elementEncoder) encode(v any, indent string) ([]byte, error) {
	e.buffer.Reset()
	e.encoder.SetIndent(indent, "  ")
	if err := e.encoder.Encode(v); err != nil {
		return nil, err
	}
	data := bytes.TrimSuffix(e.buffer.Bytes(), []byte("\n"))
	e.escaped = appendEscaped(e.escaped[:0], data)
	return e.escaped, nil
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
			if bytes.HasPrefix(data, []byte(oldCommand)) {
				dst = append(dst, `\u0023`...)
			} else {
				dst = append(dst, '#')
			}
			data = data[1:]
			continue
		}
		r, size := utf8.DecodeRune(data)
		switch {
		case isVisible(r):
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
