//go:build !unix

package record

// systemRoles has no roles: those there are need a Unix.
func systemRoles() map[string]func(*Store) error { return nil }
