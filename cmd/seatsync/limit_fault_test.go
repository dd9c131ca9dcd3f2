//go:build unix

package main

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// fileLimitVariable names the size beyond which no file of a process may grow, as on a disk that is full.
const fileLimitVariable = "SEATSYNC_TEST_FILE_LIMIT"

const canLimitFiles = true

// limitFiles makes this process one on a disk that is full, where its environment asks for that.
func limitFiles() {
	size, err := strconv.ParseUint(os.Getenv(fileLimitVariable), 10, 64)
	if err != nil {
		return
	}
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails instead
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: size}); err != nil {
		panic(err)
	}
}
