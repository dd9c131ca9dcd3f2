package zerotrust

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAPageThatIsTooLargeToBeGenuineIsGivenUp(t *testing.T) {
	users := func(number int, name string) string {
		var b strings.Builder
		for i := range number {
			fmt.Fprintf(&b, `{"id":"%d","name":%q},`, i, name)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	page := func(result string) string {
		return `{"success":true,"result":[` + result + `],"result_info":{"total_count":1}}`
	}
	for _, test := range []struct {
		name, body string
		want       error
	}{
		{"a user as they are", page(users(1, strings.Repeat("n", 300))), nil},
		{"as many users as ten pages have", page(users(maxPageItems, "n")), nil},
		{"more", page(users(maxPageItems+1, "n")), errManyItems},
		{"a name of several kilobytes", page(users(1, strings.Repeat("n", maxText+1))), errLargeText},
		{"a name of megabytes", page(users(1, strings.Repeat("n", 3*maxValue))), largeValueError{}},
		{"a field that nobody reads, of megabytes", page(`{"id":"a","avatar":"` + strings.Repeat("n", 3*maxValue) + `"}`), largeValueError{}},
		{"errors of megabytes", `{"success":false,"errors":[` + strings.Repeat(`{"code":1},`, maxValue) + `{}]}`, largeValueError{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := readUserPage(bytes.NewReader([]byte(test.body)), nil, new(allowance)); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestTheItemsOfAListingMayTakeSoMuchAndMoreForEachOfThem(t *testing.T) {
	genuine := new(allowance)
	for range 1_000_000 {
		if err := genuine.take(300); err != nil {
			t.Fatal("a million users are refused")
		}
	}
	hostile, taken := new(allowance), 0
	for hostile.take(4*maxText) == nil {
		taken += 4 * maxText
	}
	if taken > listingMemory+listingMemory/10 {
		t.Errorf("%d MiB are kept", taken>>20)
	}
}
