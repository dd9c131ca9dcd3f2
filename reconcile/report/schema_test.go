package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seatsync/seatsync/reconcile"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(PlanSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("plan.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestEveryPlanInJSONFollowsTheSchema(t *testing.T) {
	schema := compiledSchema(t)
	for name, plan := range samplePlans() {
		for kind, plan := range map[string]*reconcile.Plan{"": plan, " redacted": NewMasker("").Plan(plan)} {
			document, err := jsonschema.UnmarshalJSON(strings.NewReader(written(t, JSON, plan, Options{})))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(document); err != nil {
				t.Errorf("%s%s: %v", name, kind, err)
			}
		}
	}
}

// objects calls visit for every object in a document, with where it is.
func objects(at string, value any, visit func(at string, object map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(at, value)
		for key, child := range value {
			objects(at+"/"+key, child, visit)
		}
	case []any:
		for i, child := range value {
			objects(fmt.Sprintf("%s/%d", at, i), child, visit)
		}
	}
}

func TestTheSchemaCatchesAKeyThatIsMissingOrUnknown(t *testing.T) {
	schema := compiledSchema(t)
	optional := []string{"run", "held_because", "exemption", "unreadable", "stopped", "error", "protected", "activity-unknown"}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(written(t, JSON, partialPlan(), Options{})))
	if err != nil {
		t.Fatal(err)
	}
	objects("", document, func(at string, object map[string]any) {
		object["surprise"] = true
		if schema.Validate(document) == nil {
			t.Errorf("%s may have an unknown key", at)
		}
		delete(object, "surprise")
		for key, value := range object {
			delete(object, key)
			if err := schema.Validate(document); (err == nil) != slices.Contains(optional, key) {
				t.Errorf("without %s/%s: %v", at, key, err)
			}
			object[key] = value
		}
	})
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
}

// jsonNames lists the keys of a struct in their order.
func jsonNames(of reflect.Type) []string {
	var names []string
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if of.Field(i).IsExported() && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

func TestTheSchemaHasTheKeysOfThePlanInTheirOrder(t *testing.T) {
	var schema struct {
		Properties orderedKeys `json:"properties"`
	}
	if err := json.Unmarshal(PlanSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	if want := jsonNames(reflect.TypeFor[reconcile.Plan]()); !slices.Equal(schema.Properties, want) {
		t.Errorf("the schema has %v, the plan %v", schema.Properties, want)
	}
}

func TestTheSchemaHasEveryWordThatAPlanMayUse(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Properties map[string]struct {
				Enum []any `json:"enum"`
			} `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(PlanSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	words := constants(t, "..")
	for _, enum := range []struct{ of, definition, property string }{
		{"Kind", "change", "kind"}, {"Reason", "change", "reason"}, {"Hold", "change", "held"},
		{"Severity", "finding", "severity"}, {"Code", "finding", "code"}, {"Status", "outcome", "status"},
	} {
		var got []string
		for _, word := range schema.Defs[enum.definition].Properties[enum.property].Enum {
			if word != nil {
				got = append(got, word.(string))
			}
		}
		slices.Sort(got)
		if want := words[enum.of]; !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s/%s: the schema has %v, the code %v", enum.definition, enum.property, got, want)
		}
	}
}

// constants returns the values of the typed string constants of a package, by
// type, so that a word which is new there is missed here.
func constants(t *testing.T, directory string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string][]string)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok {
				return true
			}
			of, typed := spec.Type.(*ast.Ident)
			for _, value := range spec.Values {
				if literal, ok := value.(*ast.BasicLit); ok && typed && literal.Kind == token.STRING {
					if word, err := strconv.Unquote(literal.Value); err == nil {
						values[of.Name] = append(values[of.Name], word)
					}
				}
			}
			return true
		})
	}
	for of := range values {
		slices.Sort(values[of])
	}
	return values
}

// orderedKeys are the keys of an object in the order in which they stand.
type orderedKeys []string

func (keys *orderedKeys) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		*keys = append(*keys, key.(string))
		var value any
		if err := decoder.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}
