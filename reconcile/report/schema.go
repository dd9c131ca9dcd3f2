package report

import _ "embed" // for the schema

//go:embed plan.schema.json
var planSchema string

// PlanSchema returns the JSON Schema of a plan in JSON, which describes what
// [Write] writes as [JSON].
func PlanSchema() []byte { return []byte(planSchema) }
