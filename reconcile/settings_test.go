package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	. "github.com/seatsync/seatsync/reconcile"
)

func TestSettingsAreReadWhereTheFileMakesThemMatter(t *testing.T) {
	for file, want := range map[string]SettingsNeeded{
		"version: 1\n": {},
		"version: 1\npolicy: {inactive: {after: 90d}}\n":               {},
		"version: 1\npolicy: {protected: [ceo@b.c]}\n":                 {OtherHands: true},
		"version: 1\nlicense: {from: subscription}\n":                  {Subscription: true},
		"version: 1\nusers: [{email: a@b.c, exempt: " + leave + "}]\n": {OtherHands: true},
	} {
		if diff := cmp.Diff(want, NeedSettings(mustParse(t, file))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

const leave = "{from: inactive, until: 2029-01-15, owner: hr@b.c, reason: leave}"

func TestWhomTheAccountsOwnExpirationTakes(t *testing.T) {
	file := "version: 1\npolicy: {protected: ['*@board.c']}\nusers: [{email: l@b.c, exempt: " + leave + "}, {email: o@b.c}]\n"
	live := liveOf(
		person("old@board.c", login(ago(days(100)))),
		person("new@board.c", login(ago(days(10)))),
		person("never@board.c", login(Moment{}), created(ago(days(40)))),
		person("unreadable@board.c", login(UnreadableMoment()), created(Moment{})),
		person("without@board.c", login(ago(days(70))), access(False)),
		person("l@b.c", login(ago(days(50)))),
		person("device@board.c", login(ago(days(90))), gateway(True)), // of whose device nobody knows
		person("unknown@board.c", login(UnreadableMoment()), created(ago(days(90)))),
		person("o@b.c", login(ago(days(59)))),
	)
	live.Settings = Settings{SeatExpiration: 60 * Day, Deprovisioning: []string{`the identity provider "Okta"`}}
	var got []string
	for _, finding := range planOf(t, mustParse(t, file), live, noLimit).Findings {
		if finding.Code == CodeSeatExpiration || finding.Code == CodeSCIMDeprovision {
			got = append(got, strings.TrimSpace(finding.Email+" "+finding.Message))
		}
	}
	date := func(in time.Duration) string { return ago(-in).Time().Format(time.DateOnly) }
	want := []string{
		"the account's own seat expiration takes the seat of whoever shows no activity for 60 days, whatever the file says: protected and exempt people too",
		"old@board.c protected by the file, and yet the account's own seat expiration takes the seat any day: the last sign of activity is of " + date(-days(100)),
		"l@b.c exempt until 2029-01-15, and yet the account's own seat expiration takes the seat on " + date(days(10)) + ", in 10 days: the last sign of activity is of " + date(-days(50)),
		"never@board.c protected by the file, and yet the account's own seat expiration takes the seat on " + date(days(20)) + ", in 20 days: they were never seen, and the record is of " + date(-days(40)),
		"new@board.c protected by the file, and yet the account's own seat expiration takes the seat on " + date(days(50)) + ", in 50 days: the last sign of activity is of " + date(-days(10)),
		`the identity provider "Okta" takes the seats of people away by SCIM, whatever the file says of them: protected and exempt people too`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestTheFileWinsOverTheSubscription(t *testing.T) {
	renews, _ := ParseDate("2027-01-01")
	later, _ := ParseDate("2027-02-01")
	paid := Subscription{Purchased: new(200), Price: "7.00", Currency: "USD", Renews: renews}
	tests := []struct {
		name    string
		license string // of the file
		paid    Subscription
		want    License
		differs string
	}{
		{"all of it", "{from: subscription}", paid, License{FromSubscription: true, Purchased: new(200), Price: "7.00", Currency: "USD", Renews: renews}, ""},
		{"not asked for", "{purchased: 3}", paid, License{Purchased: new(3)}, ""},
		{"nothing known", "{from: subscription, purchased: 3}", Subscription{}, License{FromSubscription: true, Purchased: new(3)}, ""},
		{
			"seats differ", "{from: subscription, purchased: 300}", paid,
			License{FromSubscription: true, Purchased: new(300), Price: "7.00", Currency: "USD", Renews: renews},
			"purchased is 300 in the file and 200 in the subscription: the file counts, correct it or remove it there",
		},
		{
			"everything differs", "{from: subscription, purchased: 300, price: 6.50, currency: EUR, renews: 2027-02-01}", paid,
			License{FromSubscription: true, Purchased: new(300), Price: "6.50", Currency: "EUR", Renews: later},
			"purchased is 300 in the file and 200 in the subscription; price is 6.50 in the file and 7.00 in the subscription; " +
				"currency is EUR in the file and USD in the subscription; renews is 2027-02-01 in the file and 2027-01-01 in the subscription: " +
				"the file counts, correct it or remove it there",
		},
		{
			"a price of the file is in the currency of the subscription", "{from: subscription, price: 6.50}", paid,
			License{FromSubscription: true, Purchased: new(200), Price: "6.50", Currency: "USD", Renews: renews},
			"price is 6.50 in the file and 7.00 in the subscription: the file counts, correct it or remove it there",
		},
		{
			"a currency without a price", "{from: subscription, price: 6.50}", Subscription{Currency: "USD"},
			License{FromSubscription: true, Price: "6.50", Currency: "USD"}, "",
		},
		{
			"a price in another currency is no price", "{from: subscription, currency: EUR}", paid,
			License{FromSubscription: true, Purchased: new(200), Currency: "EUR", Renews: renews},
			"currency is EUR in the file and USD in the subscription: the file counts, correct it or remove it there",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			desired := mustParse(t, "version: 1\nlicense: "+test.license+"\n")
			if diff := cmp.Diff(test.want, desired.License.With(test.paid), cmp.AllowUnexported(Date{})); diff != "" {
				t.Errorf("license (-want +got):\n%s", diff)
			}
			live := liveOf(person("a@b.c"))
			live.Settings.Subscription = test.paid
			plan := planOf(t, desired, live, noLimit)
			message := ""
			for _, finding := range plan.Findings {
				if finding.Code == CodeLicenseDiffers {
					message = finding.Message
				}
			}
			if message != test.differs {
				t.Errorf("finding %q, want %q", message, test.differs)
			}
			if diff := cmp.Diff(test.want.Purchased, plan.Money.Purchased); diff != "" {
				t.Errorf("purchased in the plan (-want +got):\n%s", diff)
			}
		})
	}
}
