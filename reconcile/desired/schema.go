package desired

import _ "embed" // for the schema

// Schema is the JSON Schema of the desired state, for editors. It cannot say
// everything that [Parse] checks; where they differ, the parser is right.
//
//go:embed desired-state.schema.json
var Schema []byte
