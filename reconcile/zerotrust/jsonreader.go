package zerotrust

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// jsonReader takes a text in JSON apart while it arrives, without holding more
// of it than the value at hand. It finds where values begin and end; what they
// mean, and whether they are well formed, is for encoding/json to say, or for
// someone who is as strict. It is what json.Decoder is for, at a fifth of the
// cost: that one looks at each byte of a page three times.
type jsonReader struct {
	source io.Reader
	buffer []byte // what has been read and not been taken yet is from start on
	start  int
	err    error // of source; io.EOF at its end
}

// initialBuffer holds a few dozen users. It grows to the largest value.
const initialBuffer = 32 << 10

func newJSONReader(source io.Reader) *jsonReader {
	return &jsonReader{source: source, buffer: make([]byte, 0, initialBuffer)}
}

// fill reads more, and reports whether there was any. It moves what is in the
// buffer to its front.
func (r *jsonReader) fill() bool {
	if r.err != nil {
		return false
	}
	if r.start > 0 {
		r.buffer = r.buffer[:copy(r.buffer, r.buffer[r.start:])]
		r.start = 0
	}
	if len(r.buffer) == cap(r.buffer) {
		r.buffer = append(r.buffer, make([]byte, len(r.buffer))...)[:len(r.buffer)]
	}
	for empty := 0; empty < 100; empty++ {
		n, err := r.source.Read(r.buffer[len(r.buffer):cap(r.buffer)])
		r.buffer = r.buffer[:len(r.buffer)+n]
		if r.err = err; n > 0 || err != nil {
			return n > 0
		}
	}
	r.err = io.ErrNoProgress
	return false
}

// failure is why there is nothing more within a value.
func (r *jsonReader) failure() error {
	if r.err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return r.err
}

// peek returns the first byte of what comes next, white space left out.
func (r *jsonReader) peek() (byte, error) {
	for {
		for ; r.start < len(r.buffer); r.start++ {
			switch c := r.buffer[r.start]; c {
			case ' ', '\t', '\r', '\n':
			default:
				return c, nil
			}
		}
		if !r.fill() {
			return 0, r.failure()
		}
	}
}

// expect takes one byte that is known beforehand.
func (r *jsonReader) expect(want byte) error {
	c, err := r.peek()
	if err != nil {
		return err
	}
	if c != want {
		return fmt.Errorf("%q where %c should be", c, want)
	}
	r.start++
	return nil
}

// next takes the comma between two items, or the end of the object or array
// that they are in, and reports whether another item follows.
func (r *jsonReader) next(end byte) (bool, error) {
	c, err := r.peek()
	if err != nil {
		return false, err
	}
	if c != ',' && c != end {
		return false, fmt.Errorf("%q after an item", c)
	}
	r.start++
	return c == ',', nil
}

// end returns an error unless there is nothing more.
func (r *jsonReader) end() error {
	if c, err := r.peek(); err == nil {
		return fmt.Errorf("%q after its end", c)
	}
	if r.err != io.EOF {
		return r.err
	}
	return nil
}

// Decode takes the next value as json.Decoder does.
func (r *jsonReader) Decode(into any) error {
	value, err := r.value()
	if err != nil {
		return err
	}
	return json.Unmarshal(value, into)
}

// key takes a key and the colon after it.
func (r *jsonReader) key() (key string, err error) {
	value, err := r.value()
	if err != nil {
		return "", err
	}
	if value[0] != '"' || json.Unmarshal(value, &key) != nil {
		return "", fmt.Errorf("%.20q where a key should be", value)
	}
	return key, r.expect(':')
}

// value takes the text of the next value, which holds until more is read. Only
// its extent is certain; it may not be JSON.
func (r *jsonReader) value() ([]byte, error) {
	first, err := r.peek()
	if err != nil {
		return nil, err
	}
	length := 0
	switch first {
	case '{', '[':
		length, err = r.nested()
	case '"':
		length, err = r.text(0)
	default:
		length = r.word()
	}
	if err != nil {
		return nil, err
	}
	value := r.buffer[r.start : r.start+length]
	r.start += length
	return value, nil
}

// has reports whether there is a byte at a distance from the start.
func (r *jsonReader) has(offset int) bool {
	for r.start+offset >= len(r.buffer) {
		if !r.fill() {
			return false
		}
	}
	return true
}

// nested returns the length of the object or array at the start.
func (r *jsonReader) nested() (int, error) {
	depth := 0
	for i := 0; r.has(i); i++ {
		switch r.buffer[r.start+i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		case '"':
			end, err := r.text(i)
			if err != nil {
				return 0, err
			}
			i = end - 1
		}
	}
	return 0, r.failure()
}

// text returns where the text ends whose first quote is at an offset.
func (r *jsonReader) text(offset int) (end int, err error) {
	// Nearly every text is here whole and has no escape.
	rest := r.buffer[r.start+offset+1:]
	if end := bytes.IndexByte(rest, '"'); end >= 0 && bytes.IndexByte(rest[:end], '\\') < 0 {
		return offset + end + 2, nil
	}
	for i := offset + 1; r.has(i); i++ {
		switch r.buffer[r.start+i] {
		case '"':
			return i + 1, nil
		case '\\':
			i++
		}
	}
	return 0, r.failure()
}

// word returns the length of the number or literal at the start; at least 1.
func (r *jsonReader) word() int {
	for i := 0; r.has(i); i++ {
		switch r.buffer[r.start+i] {
		case ',', ':', ']', '}', '[', '{', '"', ' ', '\t', '\r', '\n':
			return max(1, i)
		}
	}
	return len(r.buffer) - r.start
}
