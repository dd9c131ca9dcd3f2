package zerotrust

import (
	"bytes"
	"unicode/utf8"

	"github.com/seatsync/seatsync/reconcile"
)

// Nearly all users of an account are written in the plainest JSON there is: keys
// in lower case, texts without escapes, nothing nested. Such a user is read here
// in one pass and with one allocation. Whatever is not that plain, malformed or
// of an unexpected type is left to encoding/json, so that what it means, and what
// is wrong with it, is said in one place only. A test holds the two together.

// plainTexts are the fields of a user that are texts.
type plainTexts struct{ id, email, name, seatUID, lastLogin, created []byte }

// readPlain reads a user, and reports whether that was possible. The user is of
// no use where it was not.
func (w *wireUser) readPlain(text []byte) bool {
	var texts plainTexts
	seen := 0
	rest, ok := cutByte(text, '{')
	for more := true; more && ok; {
		var key, value []byte
		if key, rest, ok = cutText(rest); !ok {
			return false
		}
		if rest, ok = cutByte(rest, ':'); !ok {
			return false
		}
		if value, rest, ok = cutScalar(rest); !ok {
			return false
		}
		field := w.takePlain(key, value, &texts)
		if field < 0 || seen&field != 0 {
			return false
		}
		seen |= field
		if len(rest) == 0 {
			return false
		}
		more = rest[0] == ','
		if !more && rest[0] != '}' {
			return false
		}
		rest = skipSpace(rest[1:])
	}
	if !ok || len(rest) > 0 {
		return false
	}
	w.keep(&texts)
	return true
}

// takePlain takes in a field. It returns a bit for each field that it knows, 0
// for one that nobody looks at, and -1 for what is not plain.
func (w *wireUser) takePlain(key, value []byte, texts *plainTexts) int {
	switch string(key) {
	case "id":
		return takeText(value, &texts.id, 1<<0)
	case "email":
		return takeText(value, &texts.email, 1<<1)
	case "name":
		return takeText(value, &texts.name, 1<<2)
	case "seat_uid":
		return takeText(value, &texts.seatUID, 1<<3)
	case "last_successful_login":
		return takeText(value, &texts.lastLogin, 1<<4)
	case "created_at":
		return takeText(value, &texts.created, 1<<5)
	case "access_seat":
		return takeFlag(value, &w.AccessSeat, 1<<6)
	case "gateway_seat":
		return takeFlag(value, &w.GatewaySeat, 1<<7)
	case "active_device_count":
		if w.ActiveDevices.UnmarshalJSON(value) != nil {
			return -1
		}
		return 1 << 8
	}
	for _, c := range key {
		if (c < 'a' || c > 'z') && c != '_' {
			return -1 // encoding/json does not mind the case of keys
		}
	}
	return 0
}

// takeText takes in a text, or null.
func takeText(value []byte, into *[]byte, field int) int {
	if value[0] == '"' {
		*into = value[1 : len(value)-1]
		return field
	}
	if string(value) == "null" {
		return field
	}
	return -1
}

// takeFlag takes in a boolean, or null.
func takeFlag(value []byte, into *reconcile.Flag, field int) int {
	if into.UnmarshalJSON(value) != nil {
		return -1
	}
	return field
}

// keep copies the texts into one piece of memory.
func (w *wireUser) keep(texts *plainTexts) {
	w.LastLogin = reconcile.ParseMoment(string(texts.lastLogin))
	w.CreatedAt = reconcile.ParseMoment(string(texts.created))
	id, email, name := len(texts.id), len(texts.email), len(texts.name)
	all := make([]byte, 0, 128)
	all = append(append(append(append(all, texts.id...), texts.email...), texts.name...), texts.seatUID...)
	kept := string(all)
	w.ID, kept = kept[:id], kept[id:]
	w.Email, kept = kept[:email], kept[email:]
	w.Name, w.SeatUID = kept[:name], kept[name:]
}

// skipSpace returns a text without the white space that it begins with.
func skipSpace(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\n' || text[0] == '\t' || text[0] == '\r') {
		text = text[1:]
	}
	return text
}

// cutByte takes one byte, and the white space after it, off a text.
func cutByte(text []byte, want byte) (rest []byte, ok bool) {
	if len(text) == 0 || text[0] != want {
		return nil, false
	}
	return skipSpace(text[1:]), true
}

// cutText takes a plain text, without its quotes, off a text.
func cutText(text []byte) (plain, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return nil, nil, false
	}
	end := bytes.IndexByte(text[1:], '"')
	if end < 0 {
		return nil, nil, false
	}
	plain = text[1 : 1+end]
	if !isPlain(plain) {
		return nil, nil, false
	}
	return plain, skipSpace(text[end+2:]), true
}

// isPlain reports whether a text stands for itself.
func isPlain(text []byte) bool {
	ascii := true
	for _, c := range text {
		if c < ' ' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(text)
}

// cutScalar takes a plain text, with its quotes, a small number or a literal off
// a text.
func cutScalar(text []byte) (value, rest []byte, ok bool) {
	if len(text) > 0 && text[0] == '"' {
		plain, rest, ok := cutText(text)
		if !ok {
			return nil, nil, false
		}
		return text[:len(plain)+2], rest, true
	}
	for _, literal := range [...]string{"true", "false", "null"} {
		if len(text) >= len(literal) && string(text[:len(literal)]) == literal {
			return text[:len(literal)], skipSpace(text[len(literal):]), true
		}
	}
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits == 0 || digits > 9 || text[0] == '0' && digits > 1 {
		return nil, nil, false
	}
	return text[:digits], skipSpace(text[digits:]), true
}
