package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := sandbox.New(sandbox.Options{Users: 100_000}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLastPage shows that a page costs the same wherever it is: compare the two sizes.
func BenchmarkLastPage(b *testing.B) {
	for _, users := range []int{10_000, 1_000_000} {
		b.Run(strconv.Itoa(users), func(b *testing.B) {
			s, err := sandbox.New(sandbox.Options{Users: users, Quota: &sandbox.Quota{}})
			if err != nil {
				b.Fatal(err)
			}
			path := fmt.Sprintf("%s%s?per_page=1000&page=%d", sandbox.BasePath, usersPath, users/1000)
			request := httptest.NewRequest("GET", path, nil)
			request.Header.Set("Authorization", "Bearer token")
			for b.Loop() {
				answer := httptest.NewRecorder()
				if s.Handler().ServeHTTP(answer, request); answer.Code != 200 {
					b.Fatalf("status %d\n%s", answer.Code, answer.Body)
				}
			}
		})
	}
}
