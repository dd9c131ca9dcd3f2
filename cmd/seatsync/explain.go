package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// explainFlags are those of explain.
type explainFlags struct {
	planFlags
	format   string
	recorded bool
}

func (a *app) explainCommand() *cobra.Command {
	var flags explainFlags
	cmd := &cobra.Command{
		Use:   "explain EMAIL",
		Short: "Say everything that bears on the decision about one person",
		Long: `Shows, for one person, the live state, the evidence, each rule with its verdict
in the order in which the rules count, what the plan does, and what earlier
runs did: the answer to "why did I lose my seat?". It sends no request but GET.

A part of an email or of a name finds the person, as long as it finds nobody
else. With --recorded it sends nothing at all, and shows what the last recorded
plan knows of them: what it changes or holds back, and why.`,
		Example: `  seatsync explain jdoe@example.com
  seatsync explain 'jane doe' --format markdown
  seatsync explain jdoe --recorded`,
		Args: arguments(1, 1, "one email, or a part of an email or name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.check(cmd); err != nil {
				return err
			}
			format, err := formatOf(flags.format, report.ProseFormats())
			if err != nil {
				return err
			}
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			explain := a.explain
			if flags.recorded {
				explain = a.explainRecorded
			}
			found, err := explain(ctx, args[0], flags)
			if err != nil {
				return err
			}
			return found.Write(a.stdout, format, report.Options{Color: a.useColor(), Width: a.width()})
		},
	}
	flags.addRuleFlags(cmd)
	flags.requests.addTo(cmd)
	addFormat(cmd, &flags.format, report.ProseFormats())
	cmd.Flags().BoolVar(&flags.recorded, "recorded", false, "show what the last recorded plan knows, without the network")
	return cmd
}

// explain plans as usual and says what the plan makes of one person.
func (a *app) explain(ctx context.Context, text string, flags explainFlags) (*report.ExplanationReport, error) {
	request, err := flags.request(a)
	if err != nil {
		return nil, err
	}
	work, err := a.target(flags.requests).open(ctx, &request)
	if err != nil {
		return nil, err
	}
	defer work.Close()
	plan, live, err := work.Plan(ctx, request)
	if err != nil {
		return nil, err
	}
	now := cmp.Or(request.Now, a.clock()).In(cmp.Or(request.Desired.Timezone, time.UTC))
	known := peopleOf(request.Desired)
	for i := range live.Users {
		known = append(known, reconcile.Person{Email: live.Users[i].Email, Name: live.Users[i].Name})
	}
	email, err := onePerson(text, append(known, work.Store.People()...))
	if err != nil {
		return nil, err
	}
	return &report.ExplanationReport{
		Email: email, Now: now, Past: pastChanges(work.Store, email),
		People: reconcile.Explain(email, request.Desired, live, plan, reconcile.PlanOptions{
			Now: now, AllowReleases: request.AllowReleases, AllowEmpty: request.AllowEmpty,
			History: work.Store.History(now.Add(-reconcile.HistoryReach)),
		}),
	}, nil
}

// explainRecorded says what the last recorded plan of the account knows of a person.
func (a *app) explainRecorded(ctx context.Context, text string, _ explainFlags) (*report.ExplanationReport, error) {
	target := a.target(requestFlags{})
	reading, unread := target.load(ctx)
	var fromFile string
	var desired *reconcile.Desired
	if unread == nil {
		fromFile, desired = reading.Account, reading.Desired
	}
	account, err := target.accountID(fromFile)
	if err != nil {
		return nil, errors.Join(unread, err)
	}
	if unread != nil {
		a.note("note: the file is left out: %v", unread)
	}
	store := record.Open(a.stateDir, account)
	last, err := store.LastPlanned()
	if err != nil {
		return nil, err
	}
	if last == nil {
		return nil, hint(fmt.Errorf("no plan of account %s is recorded in %s", account, a.stateDir),
			"'seatsync run --once' records one; without --recorded the account is read")
	}
	email, err := onePerson(text, slices.Concat(peopleOf(desired), peopleOfPlan(last.Plan), store.People()))
	if err != nil {
		return nil, err
	}
	return &report.ExplanationReport{
		Email: email, Now: last.StartedAt.In(report.Zone(last.Plan.Timezone)), Recorded: &report.RecordedPlan{RunID: last.ID, At: last.StartedAt, Mode: last.Mode},
		People: reconcile.ExplainRecorded(email, desired, last.Plan), Past: pastChanges(store, email),
	}, nil
}

// mostCandidates is how many people are named where a text means several.
const mostCandidates = 10

// onePerson returns the email of the one person whom a text means.
func onePerson(text string, known []reconcile.Person) (email string, err error) {
	found := reconcile.FindPeople(text, known)
	switch len(found) {
	case 0:
		return "", hint(fmt.Errorf("nobody whom the account, the file or a record knows is called %q", text), "check the spelling; 'seatsync export' lists everybody")
	case 1:
		return found[0].Email, nil
	}
	names := make([]string, 0, mostCandidates+1)
	for _, person := range found[:min(len(found), mostCandidates)] {
		name := reconcile.Inert(person.Email, 0)
		if person.Name != "" {
			name += " (" + reconcile.Inert(person.Name, 0) + ")"
		}
		names = append(names, name)
	}
	if more := len(found) - len(names); more > 0 {
		names = append(names, reconcile.CountOf(more, "more", "more"))
	}
	return "", hint(fmt.Errorf("%q means %s: %s", text, reconcile.CountOf(len(found), "person", "people"), strings.Join(names, ", ")), "write more of the one that you mean")
}

// peopleOf returns the people in the files, nil for no files.
func peopleOf(desired *reconcile.Desired) (people []reconcile.Person) {
	if desired == nil {
		return nil
	}
	for i := range desired.Users {
		people = append(people, reconcile.Person{Email: desired.Users[i].Email, Name: desired.Users[i].Name})
	}
	return people
}

// peopleOfPlan returns the people about whom a plan says something.
func peopleOfPlan(plan *reconcile.Plan) (people []reconcile.Person) {
	for i := range plan.Changes {
		people = append(people, reconcile.Person{Email: plan.Changes[i].Email, Name: plan.Changes[i].Before.Name})
	}
	for i := range plan.Findings {
		people = append(people, reconcile.Person{Email: plan.Findings[i].Email})
	}
	return people
}

// pastChanges finds what recorded runs did about an email, the latest first.
func pastChanges(store *record.Store, email string) (past []report.PastChange) {
	for _, r := range store.Concerning(email) {
		for _, outcome := range r.Plan.Run.Outcomes {
			change := r.Plan.Changes[outcome.Change]
			if reconcile.EmailKey(change.Email) == reconcile.EmailKey(email) {
				past = append(past, report.PastChange{RunID: r.ID, At: r.FinishedAt.UTC(), Change: change, Outcome: outcome})
			}
		}
	}
	return past
}
