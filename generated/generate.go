// Package generated is the Cloudflare API as Go sees it: the wire types, a client and a server interface, written by
// oapi-codegen from openapi/seats.yaml.
//
// It is for two packages only: reconcile/zerotrust, which turns the client into complete and checked answers, and
// reconcile/sandbox, which implements the server. Nothing else imports it, so that an oddity of the wire stays at the
// edge of the program.
//
// The files that end in .gen.go must never be edited by hand: change openapi/seats.yaml or the config beside it, run
// go generate ./generated, and commit both. The only other files here are this one and the golden test, which holds
// the requests as raw text because a server built from the same types would share their mistakes.
//
// Read on in openapi/seats.yaml.
package generated

//go:generate go tool oapi-codegen -config ../openapi/types.cfg.yaml ../openapi/seats.yaml
//go:generate go tool oapi-codegen -config ../openapi/client.cfg.yaml ../openapi/seats.yaml
//go:generate go tool oapi-codegen -config ../openapi/server.cfg.yaml ../openapi/seats.yaml
