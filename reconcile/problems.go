package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong in a file, with its place.
type Problem struct {
	At      Position
	Message string
}

// String returns the problem as file:line:column: message, the form that
// editors and continuous integration turn into a link.
func (p Problem) String() string {
	switch {
	case p.At.Line == 0:
		return fmt.Sprintf("%s: %s", p.At.File, p.Message)
	default:
		return fmt.Sprintf("%s:%d:%d: %s", p.At.File, p.At.Line, max(1, p.At.Column), p.Message)
	}
}

// Problems is everything that is wrong in the files, in the order of the files
// and their lines. It is an error when it is not empty.
type Problems []Problem

// Error returns one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// sorted orders problems by the order of files, and then by place.
func (p Problems) sorted(files []string) Problems {
	order := make(map[string]int, len(files))
	for i, file := range files {
		order[file] = i
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(order[a.At.File], order[b.At.File]),
			cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.At.Column, b.At.Column),
		)
	})
	return p
}

// nearest returns the candidate that a mistyped word most likely meant, or "".
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 3
	for _, candidate := range candidates {
		if distance := editDistance(word, candidate); distance < bestDistance && distance < len(candidate) {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// editDistance counts the letters to add, drop or change between two words.
func editDistance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
