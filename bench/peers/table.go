package main

import (
	"fmt"
	"time"
)

const tableHead = "| what | target | seatsync | other | ratio | |\n| --- | --- | --- | --- | --- | --- |\n"

// row is one line of the table. Without a target it is there to be fair, or to be understood.
type row struct {
	what, target, ours, peer, ratio string
	holds                           bool
}

// missed is true of a row whose target is not met.
func (r row) missed() bool { return r.target != "" && !r.holds }

func (r row) String() string {
	verdict := map[bool]string{true: "missed", false: "ok"}[r.missed()]
	if r.target == "" {
		verdict = ""
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", r.what, r.target, r.ours, r.peer, r.ratio, verdict)
}

// faster compares two times, of which ours should be at most a part of the other.
func faster(what, target string, ours, peer time.Duration, least float64) row {
	ratio := float64(peer) / float64(ours)
	return row{what, target, seconds(ours), seconds(peer), fmt.Sprintf("%.1f×", ratio), ratio >= least}
}

// less compares the memory of two programs, of which ours should need at most half.
func less(what string, ours, peer int64) row {
	ratio := float64(ours) / float64(peer)
	return row{what, "≤ 1/2", mebibytes(ours), mebibytes(peer), fmt.Sprintf("%.2f", ratio), ratio <= 0.5}
}

// seconds writes a time with three significant digits.
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3g ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }
