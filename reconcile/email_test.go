package reconcile_test

import (
	"testing"

	. "github.com/seatsync/seatsync/reconcile"
)

func TestEmailsAreComparedAsPeopleReadThem(t *testing.T) {
	for _, pair := range [][2]string{
		{"Ada@Example.com", "ada@example.com"}, {" ada@example.com ", "ada@example.com"}, {"jos\u00e9@b.c", "jose\u0301@b.c"},
		{"STRASSE@b.c", "stra\u00dfe@b.c"}, {"a\u200bda@b.c", "ada@b.c"}, {"bo\u017f@b.c", "bos@b.c"},
	} {
		if EmailKey(pair[0]) != EmailKey(pair[1]) {
			t.Errorf("%q and %q are told apart", pair[0], pair[1])
		}
	}
}
