package main

import (
	"fmt"
	"time"
)

// verdict says whether a target is met.
type verdict string

const (
	met          verdict = "ok"
	missedTarget verdict = "missed"
	// noTarget is a row that is there to be fair, or to be understood.
	noTarget verdict = ""
)

// verdictOf turns a condition into a verdict.
func verdictOf(holds bool) verdict {
	if holds {
		return met
	}
	return missedTarget
}

// row is one line of the table.
type row struct {
	what, target      string
	ours, peer, ratio string
	verdict           verdict
}

const tableHead = "| what | target | seatsync | other | ratio | |\n| --- | --- | --- | --- | --- | --- |\n"

func (r row) String() string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", r.what, r.target, r.ours, r.peer, r.ratio, r.verdict)
}

// faster compares two times, of which ours should be at most a part of the other.
func faster(what, target string, ours, peer time.Duration, least float64) row {
	ratio := float64(peer) / float64(ours)
	return row{
		what: what, target: target, ours: seconds(ours), peer: seconds(peer),
		ratio: fmt.Sprintf("%.1f×", ratio), verdict: verdictOf(ratio >= least),
	}
}

// withoutTarget makes a row one that is only there to be fair.
func (r row) withoutTarget() row {
	r.target, r.verdict = "", noTarget
	return r
}

// seconds writes a time with three significant digits.
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// mebibytes writes a number of bytes.
func mebibytes(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }
