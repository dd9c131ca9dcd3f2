package report

import (
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

const (
	// longestValue is the most characters that are shown of a name, an email or
	// an id. The longest valid email has 254, real ones far fewer.
	longestValue = 128
	// longestSentence is the most that is shown of free text: a reason, an error.
	longestSentence = 600
)

// value shows a name, an email, an id or a file name.
func value(text string) string { return reconcile.InertValue(text, longestValue) }

// sentence shows free text that was composed by seatsync or by the API and may
// have foreign parts.
func sentence(text string) string { return reconcile.Inert(text, longestSentence) }

// quoted shows a name in quotation marks, which make its ends visible.
func quoted(text string) string {
	return `"` + strings.ReplaceAll(value(text), `"`, `\"`) + `"`
}
