// Records writes the records of many applies into a state directory, and prints when the last of them was: in a process
// of its own, since the one that measures holds next to nothing.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/seatsync/seatsync/bench/inmemory"
)

func main() {
	runs, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "records: usage: records DIRECTORY RUNS:", err)
		os.Exit(2)
	}
	last, err := inmemory.WriteRecords(os.Args[1], runs)
	if err != nil {
		fmt.Fprintln(os.Stderr, "records:", err)
		os.Exit(1)
	}
	fmt.Println(last.Format(time.RFC3339))
}
