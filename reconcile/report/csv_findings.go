package report

import (
	"bufio"
	"encoding/csv"
	"strconv"

	"github.com/seatsync/seatsync/reconcile"
)

// writeFindingsCSV writes one row a finding, without leaving any out, as RFC 4180 has it.
func writeFindingsCSV(out *bufio.Writer, plan *reconcile.Plan) {
	rows := csv.NewWriter(out)
	rows.UseCRLF = true
	_ = rows.Write([]string{"severity", "code", "email", "message", "file", "line"}) // add to the end
	for i := range plan.Findings {
		finding := &plan.Findings[i]
		file, line := "", ""
		if finding.Source != nil {
			file, line = finding.Source.File, strconv.Itoa(finding.Source.Line)
		}
		_ = rows.Write([]string{
			cell(value(string(finding.Severity))), cell(value(string(finding.Code))), cell(value(finding.Email)),
			cell(sentence(finding.Message)), cell(value(file)), line,
		})
	}
	rows.Flush() // an error is kept by out, which the caller flushes
}
