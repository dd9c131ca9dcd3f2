package reconcile

import "fmt"

// Flag is a boolean that may be unknown. In a desired user the zero value,
// [Unknown], means that the file does not speak of the flag; in a live user it
// means that the API did not return it. Unknown is never taken for false.
type Flag uint8

// The values of a Flag.
const (
	Unknown Flag = iota
	False
	True
)

// FlagOf returns the Flag for a boolean that is known.
func FlagOf(value bool) Flag {
	if value {
		return True
	}
	return False
}

// Or returns the flag, or other where the flag is unknown.
func (f Flag) Or(other Flag) Flag {
	if f == Unknown {
		return other
	}
	return f
}

// String returns "true", "false" or "unknown".
func (f Flag) String() string {
	switch f {
	case True:
		return "true"
	case False:
		return "false"
	default:
		return "unknown"
	}
}

// MarshalJSON writes true, false, or null for an unknown flag.
func (f Flag) MarshalJSON() ([]byte, error) {
	if f == Unknown {
		return []byte("null"), nil
	}
	return []byte(f.String()), nil
}

// UnmarshalJSON reads true, false or null.
func (f *Flag) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true":
		*f = True
	case "false":
		*f = False
	case "null":
		*f = Unknown
	default:
		return fmt.Errorf("expected true, false or null, got %s", data)
	}
	return nil
}
