package reconcile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPeopleAreFoundByAPartOfTheirNameOrAddress(t *testing.T) {
	ada, jane, jdoe, noname := Person{"ada@example.com", "Ada Lovelace"}, Person{"jane@example.com", "Jane Doe"}, Person{"JDoe@example.org", "John Doe"}, Person{"x@example.com", ""}
	known := []Person{jdoe, ada, jane, noname, {"ada@example.com", ""}, {"x@example.com", "Xenia"}, {"", "Jane of no address"}}
	for name, test := range map[string]struct {
		text string
		want []Person
	}{
		"a whole address":                        {"ada@example.com", []Person{ada}},
		"a whole address in other letters":       {" ADA@Example.COM ", []Person{ada}},
		"a whole address that is part of others": {"x@example.com", []Person{{"x@example.com", "Xenia"}}},
		"a part of an address":                   {"jdoe", []Person{jdoe}},
		"a part of a name":                       {"lovel", []Person{ada}},
		"a name in two words":                    {"jane doe", []Person{jane}},
		"a part of several names":                {"DOE", []Person{jane, jdoe}},
		"a domain":                               {"@example.org", []Person{jdoe}},
		"nobody":                                 {"grace", []Person{}},
		"nothing":                                {" ", nil},
	} {
		if diff := cmp.Diff(test.want, FindPeople(test.text, known)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
