package report

import (
	"bufio"
	"fmt"
	"io"

	"github.com/seatsync/seatsync/reconcile"
)

// mostProblems is the most problems of files in a comment.
const mostProblems = 50

// WriteProblems writes the problems of files in place of the report of an account
// (empty where the files do not say which), so that a reviewer sees them where the
// report would be: as annotations for [GitHub], as the comment for [Markdown], which
// has the marker of the account. In other formats it writes nothing.
func WriteProblems(w io.Writer, format Format, accountID string, problems reconcile.Problems) error {
	return buffered(w, "the problems", func(out *bufio.Writer) error {
		switch format {
		case GitHub:
			for _, problem := range problems {
				writeAnnotation(out, &annotation{Level: levelError, Title: "desired state", Text: sentence(problem.Message), Position: problem.At})
			}
		case Markdown:
			writeProblemComment(out, accountID, problems)
		}
		return nil
	})
}

func writeProblemComment(out *bufio.Writer, accountID string, problems reconcile.Problems) {
	fmt.Fprintf(out, "%s\n### ❌ %s in the desired state; nothing was planned\n\n", marker(accountID), reconcile.Count(problems.Count(), "problem"))
	for _, problem := range problems[:min(len(problems), mostProblems)] {
		fmt.Fprintf(out, "- %s: %s\n", code(place(problem.At)), prose(sentence(problem.Message)))
	}
	if len(problems) > mostProblems { // one of the rest may stand for many
		fmt.Fprintf(out, "- and %s more\n", reconcile.Number(problems.Count()-mostProblems))
	}
}
