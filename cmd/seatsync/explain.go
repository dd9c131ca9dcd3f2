package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

func (a *app) explainCommand() *cobra.Command {
	var flags planFlags
	cmd := &cobra.Command{
		Use:   "explain EMAIL",
		Short: "Say everything that bears on the decision about one person",
		Long: `Shows, for one person, the live state, the evidence, each rule with its verdict
in the order in which the rules count, what the plan does, and what earlier
runs did: the answer to "why did I lose my seat?". It sends no request but GET.`,
		Example: `  seatsync explain jdoe@example.com`,
		Args:    arguments(1, 1, "one email"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.check(cmd); err != nil {
				return err
			}
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			return a.explain(ctx, args[0], flags)
		},
	}
	flags.addRuleFlags(cmd)
	flags.requests.addTo(cmd)
	return cmd
}

// explain plans as usual and shows what the plan makes of one person.
func (a *app) explain(ctx context.Context, email string, flags planFlags) error {
	request, err := flags.request(a)
	if err != nil {
		return err
	}
	work, err := a.target(flags.requests).open(ctx, &request)
	if err != nil {
		return err
	}
	defer work.Close()
	plan, live, err := work.Plan(ctx, request)
	if err != nil {
		return err
	}
	now := cmp.Or(request.Now, a.clock())
	explanations := reconcile.Explain(email, request.Desired, live, plan, reconcile.PlanOptions{Now: now})
	past := pastChanges(work.Store, email)
	if len(explanations) == 0 && len(past) == 0 {
		return hint(fmt.Errorf("neither the account nor the file knows %s", email), "check the spelling; 'seatsync export' lists everybody")
	}
	return report.WriteExplanations(a.stdout, explanations, past, now,
		report.Options{Color: a.useColor(), Width: a.width()})
}

// pastChanges finds what recorded runs of the account did about an email, the
// latest first. Records that cannot be read are passed over.
func pastChanges(store *record.Store, email string) []report.PastChange {
	records, _ := store.List()
	var past []report.PastChange
	for _, r := range records {
		if r.Plan == nil || r.Plan.Run == nil {
			continue
		}
		for _, outcome := range r.Plan.Run.Outcomes {
			change := r.Plan.Changes[outcome.Change]
			if reconcile.EmailKey(change.Email) == reconcile.EmailKey(email) {
				past = append(past, report.PastChange{RunID: r.ID, At: r.FinishedAt, Change: change, Outcome: outcome})
			}
		}
	}
	return past
}
