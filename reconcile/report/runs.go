package report

import (
	"io"

	"github.com/seatsync/seatsync/reconcile"
)

// RunList is the recorded runs as a table, for what has no columns of its own.
type RunList struct {
	// Account is empty where the runs are of several.
	Account, AccountName string
	// Zone is the timezone of the times.
	Zone string
	Runs []RunRow
}

// RunRow is a recorded run as people read it. Account is empty where all runs are of one.
type RunRow struct {
	ID, Account, Started, Took, Mode, Result, Changes, Who, Commit, Freed string
}

// WriteRuns writes the list as [Markdown] or [HTML].
func WriteRuns(w io.Writer, format Format, list *RunList) error {
	return list.sheet().write(w, "the runs", format, Options{})
}

// sheet lays the list out.
func (l *RunList) sheet() *sheet {
	s := &sheet{Sentence: reconcile.Count(len(l.Runs), "recorded run")}
	if l.Account != "" {
		s.Sentence += " of account " + account(l.Account, l.AccountName)
	}
	for _, title := range [...]string{"Run", "Account", "Started (" + l.Zone + ")", "Took", "Mode", "Result", "Changes", "Who", "Commit", "Freed"} {
		s.Columns = append(s.Columns, sheetColumn{Title: title})
	}
	for _, r := range l.Runs {
		row := []string{r.ID, r.Account, r.Started, r.Took, r.Mode, r.Result, r.Changes, r.Who, r.Commit, r.Freed}
		for i := range row {
			row[i] = sentence(row[i])
		}
		s.Rows = append(s.Rows, row)
	}
	s.Marked = make([]bool, len(s.Rows))
	s.without("Account")
	s.without("Freed")
	return s
}
