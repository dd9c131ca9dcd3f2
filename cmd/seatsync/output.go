package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
)

// redactKeyVariable names the variable whose value is mixed into masks.
const redactKeyVariable = "SEATSYNC_REDACT_KEY"

// outputFlags say who gets the plan, and in which form.
type outputFlags struct {
	format  string
	reports []string
	out     string
	redact  bool
}

// addTo adds the flags to a command.
func (f *outputFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	addFormat(cmd, &f.format, report.Formats())
	flags.StringArrayVar(&f.reports, "report", nil, "also write a report, as `FORMAT=PATH`; repeatable; findings-csv too")
	flags.StringVar(&f.out, "out", "", "save the plan, to be applied with 'seatsync apply `PATH`'")
	flags.BoolVar(&f.redact, "redact", false, "mask emails, names and ids in every output")
}

// addFormat adds the flag that says in which of some formats a result is written.
func addFormat(cmd *cobra.Command, format *string, formats []report.Format) {
	cmd.Flags().StringVar(format, "format", string(report.Text), "`FORMAT` of standard output: "+strings.Join(texts(formats), ", "))
}

// formatOf reads that flag.
func formatOf(text string, formats []report.Format) (report.Format, error) {
	return report.Format(text), oneOf("format", text, texts(formats))
}

// texts returns words as texts.
func texts[T ~string](words []T) []string {
	names := make([]string, len(words))
	for i, word := range words {
		names[i] = string(word)
	}
	return names
}

// output is where a plan will go. Its files are opened before anything is done,
// so that a wrong path is found while nothing has been changed.
type output struct {
	app     *app
	flags   outputFlags
	format  report.Format
	files   []*pendingFile
	formats []report.Format // of files
	// shown is true when the plan has been shown already, to be asked about.
	shown bool
}

// open checks the flags and prepares the files.
func (f outputFlags) open(a *app) (*output, error) {
	format, err := report.ParseFormat(f.format)
	if err != nil {
		return nil, fmt.Errorf("--format: %w", err)
	}
	o := &output{app: a, flags: f, format: format}
	if f.out != "" {
		err = o.add(report.JSON, f.out)
	}
	for _, text := range f.reports {
		name, path, found := strings.Cut(text, "=")
		if !found || path == "" {
			err = errors.Join(err, fmt.Errorf("--report %q: write it as FORMAT=PATH, for instance html=plan.html", text))
			continue
		}
		fileFormat, formatErr := report.ParseFileFormat(name)
		if formatErr != nil {
			err = errors.Join(err, fmt.Errorf("--report: %w", formatErr))
			continue
		}
		err = errors.Join(err, o.add(fileFormat, path))
	}
	if err != nil {
		o.discard()
		return nil, err
	}
	return o, nil
}

// checkSeveral returns an error for what several accounts cannot be written as.
func (o *output) checkSeveral() error {
	if o.flags.out != "" {
		return errors.New("--out saves the plan of one account: name one file")
	}
	problems := []error{report.CheckSeveral(o.format)}
	for _, format := range o.formats {
		problems = append(problems, report.CheckSeveral(format))
	}
	return errors.Join(problems...)
}

// writeSeveral delivers the plans of several accounts to every place.
func (o *output) writeSeveral(several report.Several) error {
	for i, plan := range several.Plans {
		several.Plans[i] = o.app.mask.Plan(plan)
	}
	return o.deliver(func(w io.Writer, format report.Format, options report.Options) error {
		return report.WriteSeveral(w, format, several, options)
	}, several.WriteStepSummary)
}

// add prepares one file. A path that is the input, or that another report has,
// is a mistake that would lose one of the two.
func (o *output) add(format report.Format, path string) error {
	switch {
	case path == "-":
		return errors.New("a report is written to a file: use --format for standard output")
	case isSameFile(path, o.app.file):
		return fmt.Errorf("%s is the desired state: name another path for the report", path)
	}
	for _, file := range o.files {
		if isSameFile(path, file.path) {
			return fmt.Errorf("%s is the path of two reports: name another one", path)
		}
	}
	file, err := newPendingFile(path)
	if err != nil {
		return err
	}
	o.files, o.formats = append(o.files, file), append(o.formats, format)
	return nil
}

// isSameFile reports whether two paths lead to one file.
func isSameFile(a, b string) bool {
	left, errLeft := os.Stat(a)
	right, errRight := os.Stat(b)
	if errLeft == nil && errRight == nil {
		return os.SameFile(left, right)
	}
	absoluteA, errA := filepath.Abs(a)
	absoluteB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absoluteA == absoluteB
}

// refuseInputs returns an error when a report would overwrite a file that was read.
func (o *output) refuseInputs(inputs []string) error {
	for _, file := range o.files {
		for _, input := range inputs {
			if isSameFile(file.path, input) {
				return fmt.Errorf("%s is part of the desired state: name another path for the report", file.path)
			}
		}
	}
	return nil
}

// discard removes what was prepared and not written. It may be called twice.
func (o *output) discard() {
	for _, file := range o.files {
		file.discard()
	}
	o.files, o.formats = nil, nil
}

// write delivers the plan, and its run if it has one, to every place. One that
// fails does not keep it from the others.
func (o *output) write(plan *reconcile.Plan) error {
	if o.flags.redact && o.flags.out != "" {
		o.app.note("note: %s is redacted, so it cannot be applied", o.flags.out)
	}
	plan = o.app.mask.Plan(plan)
	return o.deliver(func(w io.Writer, format report.Format, options report.Options) error {
		return report.Write(w, format, plan, options)
	}, func(w io.Writer) error { return report.WriteStepSummary(w, plan) })
}

// writeProblems delivers the problems of the files to the places where reviewers look
// for a report. The others get nothing: they are for what was planned.
func (o *output) writeProblems(account string, problems reconcile.Problems) error {
	problems = slices.Clone(problems)
	for i := range problems {
		problems[i].Message = o.app.mask.Text(problems[i].Message)
	}
	var failures []error
	for i, file := range o.files {
		if o.formats[i] == report.Markdown {
			failures = append(failures, file.commit(report.WriteProblems(file, report.Markdown, account, problems)))
		} else {
			file.discard()
		}
	}
	o.files, o.formats = nil, nil
	return errors.Join(append(failures, report.WriteProblems(o.app.stdout, o.format, account, problems))...)
}

// accountIn looks for the account in a file that cannot be read as a whole, so that
// what is said of it replaces what was said before; "" where it does not find it.
func accountIn(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	found := accountLine().FindSubmatch(data)
	if found == nil {
		return ""
	}
	return string(found[1])
}

var accountLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^account: *["']?([0-9a-zA-Z]{1,32})\b`) })

// deliver writes a report to every place.
func (o *output) deliver(write func(io.Writer, report.Format, report.Options) error, summarize func(io.Writer) error) error {
	var problems []error
	wantsSummary := o.format == report.GitHub
	for i, file := range o.files {
		err := write(file, o.formats[i], report.Options{})
		problems = append(problems, file.commit(err))
		wantsSummary = wantsSummary || o.formats[i] == report.GitHub
	}
	o.files, o.formats = nil, nil
	options := report.Options{Color: o.app.useColor(), Width: o.app.width(), Brief: o.shown}
	problems = append(problems, write(o.app.stdout, o.format, options))
	if path := o.app.getenv("GITHUB_STEP_SUMMARY"); wantsSummary && path != "" {
		problems = append(problems, appendStepSummary(path, summarize))
	}
	return errors.Join(problems...)
}

// appendStepSummary adds the report to the job summary of GitHub Actions.
func appendStepSummary(path string, summarize func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write the job summary: %w", err)
	}
	err = summarize(file)
	return errors.Join(err, file.Close())
}

// pendingFile is a file that appears under its name only when it is complete.
type pendingFile struct {
	io.Writer
	file *os.File
	path string
}

// newPendingFile prepares a file beside the path, readable to its owner alone
// because it will hold names and emails.
func newPendingFile(path string) (*pendingFile, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("cannot write %s: it is a directory", path)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, withoutPath(err))
	}
	return &pendingFile{Writer: file, file: file, path: path}, nil
}

// commit gives the file its name, or removes it when writing it has failed.
func (p *pendingFile) commit(failure error) error {
	if failure == nil {
		failure = p.file.Sync()
	}
	failure = errors.Join(failure, p.file.Close())
	if failure == nil {
		failure = os.Rename(p.file.Name(), p.path)
	}
	if failure != nil {
		_ = os.Remove(p.file.Name())
		return fmt.Errorf("cannot write %s: %w", p.path, withoutPath(failure))
	}
	return nil
}

// withoutPath drops the name of the temporary file, which means nothing to people.
func withoutPath(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

// discard removes the file.
func (p *pendingFile) discard() {
	_ = p.file.Close()
	_ = os.Remove(p.file.Name())
}
