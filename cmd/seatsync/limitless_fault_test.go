//go:build !unix

package main

const (
	fileLimitVariable = ""
	canLimitFiles     = false
)

func limitFiles() {}
