package bench_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"

	. "github.com/seatsync/seatsync/bench"
	"github.com/seatsync/seatsync/bench/inmemory"
	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// million is the size that takes minutes and gigabytes: it is left out unless SEATSYNC_BENCH_MILLION is set.
const million = 1_000_000

// sizes runs a benchmark at each number of users up to the largest.
func sizes(b *testing.B, largest int, run func(b *testing.B, users int)) {
	for users := 1000; users <= largest; users *= 10 {
		if users == 10*100_000 && os.Getenv("SEATSYNC_BENCH_MILLION") == "" {
			return
		}
		b.Run("users="+strconv.Itoa(users), func(b *testing.B) {
			b.ReportAllocs()
			run(b, users)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(users), "ns/user")
		})
	}
}

// wishOf wants a tenth of the seats released and a hundredth of the users renamed.
func wishOf(users int) Wish { return Wish{Users: users, Releases: users / 10, Renames: users / 100} }

// teamSize is how many users one file lists.
const teamSize = 50_000

// filesOf returns the first file and those that it includes, in memory.
func filesOf(wish Wish) (root desired.File, teams []desired.File) {
	root = desired.File{Name: Root, Data: []byte(Header + "include: [team-*.yaml]\n")}
	for start := 0; start < wish.Users; start += teamSize {
		data := []byte("users:\n")
		for i := start; i < min(start+teamSize, wish.Users); i++ {
			person, _, _ := wish.Of(i)
			data = person.AppendYAML(data)
		}
		teams = append(teams, desired.File{Name: fmt.Sprintf("team-%03d.yaml", start/teamSize), Data: data})
	}
	return root, teams
}

// parse reads files in memory.
func parse(b *testing.B, root desired.File, teams []desired.File) *reconcile.Desired {
	desired, err := desired.Parse(root, desired.InMemory(teams), Now())
	if err != nil {
		b.Fatal(err)
	}
	return desired
}

// desiredOf returns what the files of a wish say.
func desiredOf(b *testing.B, wish Wish) *reconcile.Desired {
	root, teams := filesOf(wish)
	return parse(b, root, teams)
}

// planOf returns the plan of a wish.
func planOf(b *testing.B, desired *reconcile.Desired, live *reconcile.Live) *reconcile.Plan {
	plan, err := reconcile.MakePlan(desired, live, reconcile.PlanOptions{Now: Now()})
	if err != nil {
		b.Fatal(err)
	}
	return plan
}

func BenchmarkParse(b *testing.B) {
	sizes(b, million, func(b *testing.B, users int) {
		root, teams := filesOf(wishOf(users))
		for b.Loop() {
			parse(b, root, teams)
		}
	})
}

func BenchmarkPlan(b *testing.B) {
	sizes(b, million, func(b *testing.B, users int) {
		desired, live := desiredOf(b, wishOf(users)), inmemory.Live(users)
		for b.Loop() {
			planOf(b, desired, live)
		}
	})
}

// BenchmarkPlanOfNoChange is the plan of every day: everybody is listed, and nothing is to be done.
func BenchmarkPlanOfNoChange(b *testing.B) {
	sizes(b, million, func(b *testing.B, users int) {
		desired, live := desiredOf(b, Wish{Users: users}), inmemory.Live(users)
		for b.Loop() {
			planOf(b, desired, live)
		}
	})
}

func BenchmarkCalls(b *testing.B) {
	sizes(b, 100_000, func(b *testing.B, users int) {
		plan := planOf(b, desiredOf(b, wishOf(users)), inmemory.Live(users))
		for b.Loop() {
			reconcile.Calls(plan, reconcile.DefaultBatchSize)
		}
	})
}

// BenchmarkReport writes reports in which everybody changes.
func BenchmarkReport(b *testing.B) {
	for _, format := range report.Formats() {
		b.Run("format="+string(format), func(b *testing.B) {
			sizes(b, 100_000, func(b *testing.B, users int) {
				plan := planOf(b, desiredOf(b, Wish{Users: users, Releases: users}), inmemory.Live(users))
				size := &counter{}
				if err := report.Write(size, format, plan, report.Options{}); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := report.Write(io.Discard, format, plan, report.Options{}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(size.bytes), "report-bytes")
			})
		})
	}
}

// counter counts what is written to it.
type counter struct{ bytes int }

func (c *counter) Write(data []byte) (int, error) {
	c.bytes += len(data)
	return len(data), nil
}

// pageSize is how many users the API lists on a page at most.
const pageSize = 1000

// memoryAPI answers every request for a page of users at once and from memory, so that all that is measured is what
// seatsync makes of the responses.
type memoryAPI [][]byte

func newMemoryAPI(users int) memoryAPI {
	var pages memoryAPI
	for start := 0; start < users; start += pageSize {
		page := []byte(`{"success":true,"errors":[],"messages":[],"result":[`)
		for i := start; i < min(start+pageSize, users); i++ {
			if i > start {
				page = append(page, ',')
			}
			page = NewPerson(i).AppendJSON(page)
		}
		pages = append(pages, fmt.Appendf(page, `],"result_info":{"count":%d,"page":%d,"per_page":%d,"total_count":%d}}`,
			min(pageSize, users-start), len(pages)+1, pageSize, users))
	}
	return pages
}

// RoundTrip answers with the page that is asked for.
func (m memoryAPI) RoundTrip(request *http.Request) (*http.Response, error) {
	number, err := strconv.Atoi(request.URL.Query().Get("page"))
	if err != nil || number < 1 || number > len(m) {
		return nil, fmt.Errorf("no page %q", request.URL.RawQuery)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(m[number-1])), Body: io.NopCloser(bytes.NewReader(m[number-1])),
	}, nil
}

// BenchmarkDecode lists all users of an account.
func BenchmarkDecode(b *testing.B) {
	credentials, err := zerotrust.ReadCredentials(func(name string) string {
		if name == "CLOUDFLARE_API_TOKEN" {
			return "token-of-the-benchmarks"
		}
		return ""
	}, "")
	if err != nil {
		b.Fatal(err)
	}
	sizes(b, 100_000, func(b *testing.B, users int) {
		api := newMemoryAPI(users)
		size := 0
		for _, page := range api {
			size += len(page)
		}
		b.SetBytes(int64(size))
		for b.Loop() {
			// A connection has a quota of requests for five minutes, so each listing gets its own.
			connection, err := zerotrust.Connect(zerotrust.Config{AccountID: Account, Credentials: credentials, Transport: api})
			if err != nil {
				b.Fatal(err)
			}
			live, err := connection.Source().Snapshot(b.Context())
			if err != nil || len(live.Users) != users {
				b.Fatalf("%d users, %v", len(live.Users), err)
			}
			connection.Close()
		}
	})
}
