//go:build tools

// This file holds on to the programs that make parts of this repository, so that go.mod pins their versions and
// go mod tidy keeps them. The tool line in go.mod makes them runnable as go tool NAME; nothing here is compiled in.

package seatsync

import (
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
)
