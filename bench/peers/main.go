// Peers runs seatsync side by side with programs that do the same job as people would otherwise do it: one with
// Cloudflare's SDK, cloudflare-go, written as its documentation shows, and one that decodes YAML and checks nothing. It
// measures whole processes and prints a table with the targets. The API is the sandbox, in a process of its own.
//
// It needs Go and nothing else:
//
//	make bench-peers
//
// Read on in rows.go for what is measured, and in measure.go for how.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

func main() {
	seatsync := flag.String("seatsync", "", "the `directory` of the module seatsync")
	only := flag.String("only", "", "measure only the group of that name, see rows.go")
	flag.Parse()
	if err := run(*seatsync, *only); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// run builds the programs, measures every group, and prints each as soon as it is measured.
func run(seatsync, only string) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = cause.(failure) // whatever else it is panics again
		}
	}()
	directory, err := os.MkdirTemp("", "seatsync-peers-")
	check(err)
	defer os.RemoveAll(directory)
	b := &harness{directory: directory}
	b.build(seatsync)
	begin := time.Now()
	fmt.Printf("%s, %s/%s, %d processors\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Print(tableHead)
	missed := 0
	for _, group := range groups() {
		if group.name != only && (only != "" || group.name == throttled || group.name == tenThousand) {
			continue
		}
		for _, row := range group.measure(b) {
			fmt.Print(row)
			if row.missed() {
				missed++
			}
		}
	}
	fmt.Printf("\nmeasured in %s; targets missed: %d\n", time.Since(begin).Round(time.Second), missed)
	return nil
}

// failure is an error that ends the measuring, wherever it is; what was started is stopped on the way.
type failure struct{ error }

// check ends the measuring with an error.
func check(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// build builds everything that is run, into the directory.
func (b *harness) build(seatsync string) {
	for _, target := range []struct{ from, what string }{{seatsync, "./cmd/seatsync"}, {".", "./records"}, {".", "./sdk"}, {".", "./server"}, {".", "./yamlv3"}} {
		command := exec.Command("go", "build", "-o", b.directory+string(filepath.Separator), target.what)
		command.Dir = target.from
		command.Stderr = os.Stderr
		check(command.Run())
	}
}
