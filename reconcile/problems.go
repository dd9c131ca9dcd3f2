package reconcile

import (
	"fmt"
	"strings"
)

// longestProblem is the most characters that are shown of what is wrong.
const longestProblem = 1000

// Problem is one thing that is wrong in a file, with its place.
type Problem struct {
	At      Position
	Message string
	// More is how many problems this one stands for, beyond those that are listed;
	// 0 for one that is about itself.
	More int
}

// String returns the problem as file:line:column: message, the form that
// editors and continuous integration turn into a link. Both parts are [Inert].
func (p Problem) String() string {
	file, message := Inert(p.At.File, longestProblem), Inert(p.Message, longestProblem)
	if p.At.Line == 0 {
		return fmt.Sprintf("%s: %s", file, message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, p.At.Line, max(1, p.At.Column), message)
}

// Problems is everything that is wrong in the files, in the order of the files
// and their lines. It is an error when it is not empty.
type Problems []Problem

// Count returns how many problems there are, listed or not.
func (p Problems) Count() int {
	count := 0
	for _, problem := range p {
		count += max(1, problem.More)
	}
	return count
}

// Error returns one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}
