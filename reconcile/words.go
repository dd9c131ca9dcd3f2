package reconcile

import (
	"strconv"
	"strings"
)

// Count writes a number and a noun: "1 seat", "1,200 seats".
func Count(n int, noun string) string { return CountOf(n, noun, noun+"s") }

// CountOf writes a number and the phrase that fits it: "1 seat is", "2 seats are".
func CountOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

// Number writes a number for people, its thousands apart.
func Number(n int) string { return Thousands(strconv.Itoa(n)) }

// Thousands puts a comma between the thousands of a plain decimal number, as in
// "-10,493.00", and leaves everything else alone.
func Thousands(number string) string {
	sign, whole := "", number
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	whole, fraction, hasFraction := strings.Cut(whole, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasFraction {
		whole += "." + fraction
	}
	return sign + whole
}

// shortCommitLength is how much of a commit's id people write.
const shortCommitLength = 12

// ShortCommit cuts the id of a commit to what people write, and keeps the
// "-dirty" of changes that are not committed.
func ShortCommit(commit string) string {
	id, isDirty := strings.CutSuffix(commit, "-dirty")
	id = id[:min(len(id), shortCommitLength)]
	if isDirty {
		id += "-dirty"
	}
	return id
}
