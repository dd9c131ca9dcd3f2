package zerotrust

import (
	"net/http/httptest"
	"testing"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// BenchmarkSnapshot lists fifty thousand users over the loopback network, the
// sandbox's own work included.
func BenchmarkSnapshot(b *testing.B) {
	box, err := sandbox.New(sandbox.Options{Users: 50_000, Quota: &sandbox.Quota{}})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	defer server.Close()
	defer box.Close()
	b.ReportAllocs()
	for b.Loop() {
		connection, err := Connect(Config{
			BaseURL: server.URL + sandbox.BasePath, AccountID: account, Credentials: TokenCredentials(secret),
		})
		if err != nil {
			b.Fatal(err)
		}
		live, err := connection.Source().Snapshot(b.Context())
		if err != nil || len(live.Users) != 50_000 {
			b.Fatalf("%d users, %v", len(live.Users), err)
		}
		connection.Close()
	}
}
