// Sdk does with cloudflare-go, used as its documentation shows, what seatsync does: it lists users with the pager and
// keeps them, and makes one call after another for what is to change.
//
// Its tests show that the SDK gets along with the sandbox: the examples of its documentation run against it with nothing
// changed but the base URL.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/zero_trust"

	"github.com/seatsync/seatsync/bench"
)

func main() {
	perPage := flag.Int64("per-page", 0, "users to ask for in one page; 0 leaves it out, as the documentation does")
	perCall := flag.Int("per-call", 1, "seats in one call")
	var wish bench.Wish
	flag.IntVar(&wish.Releases, "release", 0, "seats to release")
	flag.IntVar(&wish.Renames, "rename", 0, "users to rename")
	flag.Parse()
	ctx := context.Background()
	client := cloudflare.NewClient(option.WithBaseURL(os.Getenv("CLOUDFLARE_BASE_URL")))
	users, err := list(ctx, client, *perPage)
	if err != nil {
		log.Fatal(err)
	}
	wish.Users = len(users)
	if err := apply(ctx, client, users, wish, *perCall); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(users), "users")
}

// list returns all users.
func list(ctx context.Context, client *cloudflare.Client, perPage int64) ([]zero_trust.AccessUserListResponse, error) {
	params := zero_trust.AccessUserListParams{AccountID: cloudflare.F(bench.Account)}
	if perPage > 0 {
		params.PerPage = cloudflare.F(perPage)
	}
	var users []zero_trust.AccessUserListResponse
	pager := client.ZeroTrust.Access.Users.ListAutoPaging(ctx, params)
	for pager.Next() {
		users = append(users, pager.Current())
	}
	return users, pager.Err()
}

// apply makes the account what is wished for. The sandbox lists people in the order in which they are made.
func apply(ctx context.Context, client *cloudflare.Client, users []zero_trust.AccessUserListResponse, wish bench.Wish, perCall int) error {
	var seats []zero_trust.SeatEditParamsBody
	for i := range users {
		person, release, rename := wish.Of(i)
		if release {
			seats = append(seats, zero_trust.SeatEditParamsBody{
				SeatUID: cloudflare.F(users[i].SeatUID), AccessSeat: cloudflare.F(false), GatewaySeat: cloudflare.F(false),
			})
		}
		if len(seats) == perCall || len(seats) > 0 && i == len(users)-1 {
			params := zero_trust.SeatEditParams{AccountID: cloudflare.F(bench.Account), Body: seats}
			if _, err := client.ZeroTrust.Seats.Edit(ctx, params); err != nil {
				return err
			}
			seats = nil
		}
		if rename {
			params := zero_trust.AccessUserUpdateParams{
				AccountID: cloudflare.F(bench.Account), Email: cloudflare.F(users[i].Email), Name: cloudflare.F(person.Name),
			}
			if _, err := client.ZeroTrust.Access.Users.Update(ctx, users[i].ID, params); err != nil {
				return err
			}
		}
	}
	return nil
}
