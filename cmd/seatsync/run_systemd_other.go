//go:build !linux

package main

// monotonicMicroseconds has no meaning where there is no systemd.
func monotonicMicroseconds() int64 { return 0 }
