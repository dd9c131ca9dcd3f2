package report

import (
	"fmt"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// The plans that the golden files are made from.

func samplePlans() map[string]*reconcile.Plan {
	return map[string]*reconcile.Plan{
		"empty":   emptyPlan(),
		"demo":    demoPlan(),
		"tripped": trippedPlan(),
		"partial": partialPlan(),
		"base":    comparedPlan(),
	}
}

// comparedPlan is the demo beside a base that had a release more, held one that is
// pending now, renamed somebody otherwise, and knew the first finding.
func comparedPlan() *reconcile.Plan {
	plan, base := demoPlan(), demoPlan()
	gone := base.Changes[0]
	gone.UserID, gone.Email, gone.Source = "3c1d6c52-0000-4000-8000-6b1f3f0f5a10", "gone@example.com", in("desired-state.yaml", 14)
	base.Changes[0].Held = reconcile.HeldProtected
	base.Changes[4].After.Name = "Ada L."
	base.Changes, base.Findings = append(base.Changes[1:4:4], gone, base.Changes[0], base.Changes[4]), base.Findings[:1]
	base.Desired.Commit = "9f8e7d6c5b4a39281706f5e4d3c2b1a04f1d0c2b"
	base.Summary.SeatsAfter, base.Summary.MonthlyCostAfter = 1499, "10493.00"
	return plan.Against(base)
}

func at(text string) reconcile.Moment { return reconcile.ParseMoment(text) }

func day(text string) reconcile.Date {
	date, err := reconcile.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

func emptyPlan() *reconcile.Plan {
	return &reconcile.Plan{
		FormatVersion: reconcile.FormatVersion,
		Digest:        "sha256:0f343b0931126a20f133d67c2b018a3b5e9a1f4a5b5d3f9d6f2f3d1c8a7b6e50",
		CreatedAt:     time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC),
		Tool:          "seatsync 0.1.0",
		AccountID:     "023e105f4ecef8ad9ca31a8372d0c353",
		Desired:       reconcile.DesiredInfo{Files: []string{"desired-state.yaml"}, SHA256: "aa11", Users: 3},
		Live: reconcile.LiveInfo{
			Users: 2000, AccessSeats: 1200, GatewaySeats: 900, SeatsUsed: 1500,
			ReadAt: time.Date(2026, 11, 22, 5, 59, 58, 0, time.UTC), SHA256: "bb22",
		},
		Summary: reconcile.Summary{Unchanged: 2000, SeatsAfter: 1500},
		Limit:   reconcile.Limit{Windows: []reconcile.Window{}, Releases: 375, From: "25% of 1500 seats in use"},
		Groups:  []reconcile.GroupShare{},
		BaseURL: "https://api.cloudflare.com/client/v4", Timezone: "UTC", FreezeWindows: []reconcile.Freeze{},
	}
}

func state(access, gateway reconcile.Flag, name string) reconcile.State {
	return reconcile.State{AccessSeat: access, GatewaySeat: gateway, Name: name}
}

func in(file string, line int) reconcile.Position { return reconcile.Position{File: file, Line: line} }

// price gives the plan a price of 7.00 USD and the counts that follow from it.
func price(plan *reconcile.Plan, purchased int) {
	unit := reconcile.Amount("7.00")
	free, freeAfter := purchased-plan.Live.SeatsUsed, purchased-plan.Summary.SeatsAfter
	before, after := unit.Times(plan.Live.SeatsUsed), unit.Times(plan.Summary.SeatsAfter)
	plan.Summary.Currency = "USD"
	plan.Summary.MonthlyCostBefore, plan.Summary.MonthlyCostAfter = before, after
	plan.Money = reconcile.Money{
		Price: unit, Purchased: &purchased, Free: &free, FreeAfter: &freeAfter,
		YearlyCostBefore: before.Times(12), YearlyCostAfter: after.Times(12),
		IdleHeldSeats: plan.Money.IdleHeldSeats,
	}
	if idle := plan.Money.IdleHeldSeats; idle > 0 {
		plan.Money.IdleHeldMonthlyCost = unit.Times(idle)
		plan.Money.IdleHeldYearlyCost = unit.Times(idle).Times(12)
	}
}

// demoPlan has every kind of change, most holds and several findings.
func demoPlan() *reconcile.Plan {
	plan := emptyPlan()
	plan.AccountName = "ACME production"
	plan.Desired = reconcile.DesiredInfo{
		Files: []string{"desired-state.yaml", "teams/engineering.yaml", "teams/sales.yaml"}, SHA256: "cc33",
		Commit: "4f1d0c2b9a8e7d6c5b4a39281706f5e4d3c2b1a0", Users: 1996,
	}
	plan.Changes = append(demoPending(), demoHeld()...)
	plan.Changes[1].Group, plan.Changes[6].Group = "sales", "board"
	plan.Groups = []reconcile.GroupShare{
		{Name: "sales", Seats: 310, Release: 1, MonthlyCostBefore: "2170.00", MonthlyCostAfter: "2163.00"},
		{Name: "board", Seats: 9, Held: 1, MonthlyCostBefore: "63.00", MonthlyCostAfter: "63.00"},
	}
	plan.Findings = demoFindings()
	plan.Summary = reconcile.Summary{
		Release: 2, Narrow: 1, Grant: 1, Rename: 2, Held: 3, Unchanged: 1991, SeatsAfter: 1498,
		Calls: reconcile.CallCounts{Patch: 1, Put: 2},
	}
	plan.Limit = reconcile.Limit{Windows: []reconcile.Window{}, Releases: 375, Wanted: 2, From: "25% of 1500 seats in use"}
	plan.Money.IdleHeldSeats = 2
	price(plan, 2000)
	plan.Activity = &reconcile.Activity{
		AfterDays: 90, NeverAfterDays: 30, NoticeDays: 7, BucketDays: 7,
		Buckets: []int{702, 298, 140, 92, 70, 52, 38, 30, 22, 12, 9, 7, 5, 4, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 3},
		Never:   9, Unknown: 2,
	}
	plan.Returns = &reconcile.Returns{Days: 30, Released: 40, Returned: 3, Share: "7.5%"}
	plan.CameBack = []reconcile.CameBack{{UserID: "7d1c0f52-6a1e-4d0f-b1c7-2f8f3f0f5a10", Email: "back@example.com", ReleasedAt: time.Date(2026, 11, 2, 6, 0, 9, 0, time.UTC)}}
	plan.WhatIf = whatIf()
	return plan
}

// whatIf is a table of thresholds, each freeing less than the one before.
func whatIf() []reconcile.WhatIf {
	var rows []reconcile.WhatIf
	for i, days := range reconcile.WhatIfDays(nil) {
		releases := []int{411, 263, 148, 71, 40, 17, 6, 3}[i]
		rows = append(rows, reconcile.WhatIf{
			AfterDays: days, Releases: releases, MonthlySaving: reconcile.Amount("7.00").Times(releases), Held: 12 - i,
			Holds: map[reconcile.Hold]int{reconcile.HeldProtected: 2, reconcile.HeldActivityUnknown: 10 - i}, ReleasedEarlier: 40 - 4*i, CameBack: 3 - i/3,
		})
	}
	return rows
}

// demoPending are changes of every kind.
func demoPending() []reconcile.Change {
	const t, f = reconcile.True, reconcile.False
	return []reconcile.Change{
		{
			Kind: reconcile.Release, Email: "jdoe@example.com",
			UserID: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415", SeatUID: "5e1d7c3a-9d0b-4c5e-8f2a-6b7c8d9e0f1a",
			Before: state(t, f, "Jane Doe"), After: state(f, f, "Jane Doe"),
			Reason: reconcile.Inactive, Because: "no sign of activity for 112 days (limit 90)",
			Evidence: reconcile.Evidence{LastSuccessfulLogin: at("2026-08-02T05:20:00Z"), CreatedAt: at("2024-01-09T10:00:00Z")},
			Source:   in("desired-state.yaml", 12),
		},
		{
			Kind: reconcile.Release, Email: "m.müller@example.com",
			UserID: "0a9c3f52-6a1e-4d0f-b1c7-2f8f3f0f5a10", SeatUID: "1b9f4ad8-3c4b-4a33-9d53-8b35a7b0e2c1",
			Before: state(t, t, "Max Müller"), After: state(f, f, "Max Müller"),
			Reason: reconcile.Expired, Because: "the seat was for use until 2026-11-15",
			Evidence: reconcile.Evidence{
				LastSuccessfulLogin: at("2026-11-20T08:00:00Z"), DeviceLastSeen: at("2026-11-21T17:30:00Z"), CreatedAt: at("2023-05-02T10:00:00Z"),
			},
			Source: in("teams/sales.yaml", 41),
		},
		{
			Kind: reconcile.Narrow, Email: "grace@example.com",
			UserID: "6d0f1c7e-0d5f-47a4-a7f0-52c2b0ad4c02", SeatUID: "c7bd2f8a-1a52-4a55-9a39-1e5cf0b7d103",
			Before: state(t, t, "Grace Hopper"), After: state(t, f, "Grace Hopper"),
			Reason: reconcile.Listed, Because: "the file says gateway_seat: false",
			Source: in("teams/engineering.yaml", 7),
		},
		{
			Kind: reconcile.Grant, Email: "yamada@example.com",
			UserID: "81f0a9c4-9e43-4a4b-8a74-3f1b6a2d9e04", SeatUID: "2ee7a3d1-59f1-4f8e-9d43-7a2f1c0b6d04",
			Before: state(t, f, "山田 太郎"), After: state(t, t, "山田 太郎"),
			Reason: reconcile.Listed, Because: "the file says gateway_seat: true",
			Source: in("teams/engineering.yaml", 30),
		},
		{
			Kind: reconcile.Rename, Email: "ada@example.com",
			UserID: "b3c1a2d4-7c55-4b7d-9a1e-0c9d8e7f6a05",
			Before: state(t, f, "ada"), After: state(t, f, "Ada Lovelace"),
			Reason: reconcile.Listed, Because: "the file has another name",
			Source: in("teams/engineering.yaml", 3),
		},
		{
			Kind: reconcile.Rename, Email: "sato@example.com",
			UserID: "d41c7f0e-2b66-4f1d-8f93-5a6b7c8d9e06",
			Before: state(t, f, "佐藤"), After: state(t, f, "佐藤 花子"),
			Reason: reconcile.Listed, Because: "the file has another name",
			Source: in("teams/engineering.yaml", 34),
		},
	}
}

// demoHeld are changes that are held back.
func demoHeld() []reconcile.Change {
	const t, f, u = reconcile.True, reconcile.False, reconcile.Unknown
	return []reconcile.Change{
		{
			Kind: reconcile.Release, Email: "ceo@example.com",
			UserID: "e52d8a1f-3c77-4a2e-9b04-6b7c8d9e0f07", SeatUID: "3ff8b4e2-6a02-4a9f-8e54-8b3a2d1c7e07",
			Before: state(t, t, "Chris O’Neill"), After: state(f, f, "Chris O’Neill"),
			Reason: reconcile.Inactive, Because: "no sign of activity for 95 days (limit 90)",
			Evidence: reconcile.Evidence{LastSuccessfulLogin: at("2026-08-19T09:00:00Z"), CreatedAt: at("2022-02-01T10:00:00Z")},
			Source:   in("desired-state.yaml", 12), Held: reconcile.HeldProtected,
			HeldBecause: "protected by desired-state.yaml:16",
		},
		{
			Kind: reconcile.Release, Email: "lin@example.com",
			UserID: "f63e9b20-4d88-4b3f-8c15-7c8d9e0f1a08", SeatUID: "4aa9c5f3-7b13-4ba0-9f65-9c4b3e2d8f08",
			Before: state(t, f, "Lin Wei"), After: state(f, f, "Lin Wei"),
			Reason: reconcile.Inactive, Because: "no sign of activity for 140 days (limit 90)",
			Evidence: reconcile.Evidence{LastSuccessfulLogin: at("2026-07-05T09:00:00Z"), CreatedAt: at("2022-02-01T10:00:00Z")},
			Source:   in("desired-state.yaml", 12), Held: reconcile.HeldExempt,
			HeldBecause: "exempt until 2027-01-15",
			Exemption:   &reconcile.Exemption{From: "inactive", Until: day("2027-01-15"), Owner: "hr@example.com", Reason: "parental leave"},
		},
		{
			Kind: reconcile.Release, Email: "warp-only@example.com",
			UserID: "074fac31-5e99-4c40-9d26-8d9e0f1a2b09", SeatUID: "5bbad604-8c24-4cb1-8a76-ad5c4f3e9a09",
			Before: state(u, t, ""), After: state(f, f, ""),
			Reason: reconcile.Inactive, Because: "the date at which a device was last seen cannot be trusted: it is in no known form",
			Evidence: reconcile.Evidence{CreatedAt: at("2026-05-06T10:00:00Z"), Unreadable: []string{"device_last_seen"}},
			Source:   in("desired-state.yaml", 13), Held: reconcile.HeldActivityUnknown,
			HeldBecause: "the date at which a device was last seen cannot be trusted: it is in no known form",
		},
	}
}

// demoFindings are about people and about none.
func demoFindings() []reconcile.Finding {
	return []reconcile.Finding{
		{Severity: reconcile.SeverityWarning, Code: reconcile.CodeUnknownUser, Message: "no live user has this email: a user appears with the first login",
			Email: "grcae@example.com", Source: &reconcile.Position{File: "teams/engineering.yaml", Line: 11}},
		{Severity: reconcile.SeverityInfo, Code: reconcile.CodeNotice, Message: "falls due on 2026-11-26, in 4 days: last sign of activity 86 days ago (limit 90)",
			Email: "pat@example.com", Source: &reconcile.Position{File: "desired-state.yaml", Line: 12}},
		{Severity: reconcile.SeverityInfo, Code: reconcile.CodeLowerPurchased,
			Message: "freed seats lower the bill only once fewer are purchased: when this plan is applied 502 of 2,000 purchased seats will be idle; lower the purchased count to 1,498 for the next billing period: saves 3,514.00 USD a month, 42,168.00 USD a year"},
		{Severity: reconcile.SeverityWarning, Code: reconcile.CodeDeviceEvidence,
			Message: "devices could not be read, so nobody who may use one is called inactive (1 release held): give the token a permission to read devices; GET /devices/physical-devices: 403 10000 Authentication error"},
	}
}

// trippedPlan wants to release more people than the limit allows, so that it
// releases none.
func trippedPlan() *reconcile.Plan {
	const t, f = reconcile.True, reconcile.False
	plan := emptyPlan()
	plan.Live.Users, plan.Live.SeatsUsed, plan.Live.AccessSeats, plan.Live.GatewaySeats = 80, 60, 60, 0
	for i := range 24 {
		letter := string(rune('a' + i))
		name := "Person " + string(rune('A'+i))
		plan.Changes = append(plan.Changes, reconcile.Change{
			Kind: reconcile.Release, Email: "person-" + letter + "@example.com",
			UserID: "00000000-0000-4000-8000-0000000000" + letter + "0", SeatUID: "10000000-0000-4000-8000-0000000000" + letter + "0",
			Before: state(t, f, name), After: state(f, f, name),
			Reason: reconcile.Unlisted, Because: "no file lists them, and policy.unlisted is release",
			Source: in("desired-state.yaml", 9), Held: reconcile.HeldLimit,
			HeldBecause: "24 releases wanted, at most 15 allowed (25% of 60 seats in use)",
		})
	}
	plan.Changes = append(plan.Changes, reconcile.Change{
		Kind: reconcile.Rename, Email: "zoe@example.com", UserID: "20000000-0000-4000-8000-000000000000",
		Before: state(t, f, ""), After: state(t, f, "Zoë"), Reason: reconcile.Listed, Because: "the file has another name",
		Source: in("desired-state.yaml", 31),
	})
	plan.Findings = []reconcile.Finding{{
		Severity: reconcile.SeverityError, Code: reconcile.CodeLimitExceeded,
		Message: "24 seats would be released, but a run may release at most 15 (25% of 60 seats in use): nobody is released; if it is right, run again with --allow-releases 24",
		Source:  &reconcile.Position{File: "desired-state.yaml", Line: 17},
	}}
	plan.Summary = reconcile.Summary{
		Rename: 1, Held: 24, Unchanged: 55, SeatsAfter: 60, Calls: reconcile.CallCounts{Put: 1},
	}
	plan.Limit = reconcile.Limit{Windows: []reconcile.Window{}, Releases: 15, Wanted: 24, Tripped: true, From: "25% of 60 seats in use"}
	return plan
}

// partialPlan is the demo plan after a run that was cut short.
func partialPlan() *reconcile.Plan {
	plan := demoPlan()
	plan.Run = &reconcile.Run{
		ID:         "20261122T060100Z-7f3a",
		StartedAt:  time.Date(2026, 11, 22, 6, 1, 0, 0, time.UTC),
		FinishedAt: time.Date(2026, 11, 22, 6, 1, 14, 250e6, time.UTC),
		Outcomes: []reconcile.Outcome{
			{Change: 0, Status: reconcile.Applied},
			{Change: 1, Status: reconcile.NotTaken, Error: "the API reported success but shows access_seat true, gateway_seat true"},
			{Change: 2, Status: reconcile.Stale, Error: "gateway_seat was true, and is false"},
			{Change: 3, Status: reconcile.Applied},
			{Change: 4, Status: reconcile.Failed, Error: "rename ada@example.com: PUT /accounts/023e105f4ecef8ad9ca31a8372d0c353/access/users/b3c1a2d4-7c55-4b7d-9a1e-0c9d8e7f6a05: 403 10000 Authentication error"},
			{Change: 5, Status: reconcile.NotReached, Error: "the credentials were refused (403 10000)"},
		},
		Calls:   reconcile.RunCalls{Get: 5, Patch: 1, Put: 1, Retries: 2, Throttled: 1},
		Stopped: "the credentials were refused (403 10000)",
	}
	return plan
}

// trippedPlanOfYesterday is the tripped plan a day before: some changes were
// not yet wanted, one was not yet held, and one has been dealt with since.
func trippedPlanOfYesterday() *reconcile.Plan {
	plan := trippedPlan()
	plan.CreatedAt = plan.CreatedAt.AddDate(0, 0, -1)
	plan.Live.SeatsUsed = 61
	changes := plan.Changes[4:24:24]
	changes[0].Held, changes[0].HeldBecause = "", ""
	gone := changes[1]
	gone.Email, gone.UserID = "left@example.com", "30000000-0000-4000-8000-000000000000"
	plan.Changes = append(changes, gone)
	plan.Findings = append(plan.Findings, reconcile.Finding{
		Severity: reconcile.SeverityWarning, Code: reconcile.CodeUnknownUser, Email: "nobody@example.com",
		Message: "no live user has this email", Source: &reconcile.Position{File: "desired-state.yaml", Line: 40},
	})
	plan.Summary.Rename, plan.Summary.Release, plan.Summary.Held = 0, 1, 20
	return plan
}

// manyChanges is a plan of n changes, a third of them held.
func manyChanges(n int) *reconcile.Plan {
	plan := demoPlan()
	base := plan.Changes
	plan.Changes = nil
	for i := range n {
		change := base[i%len(base)]
		change.Email = fmt.Sprintf("user-%06d@example.com", (i*7919)%n)
		change.UserID = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		change.SeatUID = fmt.Sprintf("10000000-0000-4000-8000-%012d", i)
		change.Source.Line = i + 1
		plan.Changes = append(plan.Changes, change)
	}
	plan.Summary.Held = 0
	counts := make(map[reconcile.Kind]int)
	for i := range plan.Changes {
		if plan.Changes[i].WillBeDone() {
			counts[plan.Changes[i].Kind]++
		} else {
			plan.Summary.Held++
		}
	}
	plan.Summary.Release, plan.Summary.Narrow = counts[reconcile.Release], counts[reconcile.Narrow]
	plan.Summary.Grant, plan.Summary.Rename = counts[reconcile.Grant], counts[reconcile.Rename]
	return plan
}
