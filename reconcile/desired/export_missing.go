package desired

import (
	"bufio"
	"fmt"
	"io"

	"github.com/seatsync/seatsync/reconcile"
)

// ExportMissing writes the seat holders whom no entry of the files may mean, as a file
// that can be included, and returns how many they are.
func ExportMissing(w io.Writer, live *reconcile.Live, file *reconcile.Desired) (int, error) {
	listed := make(map[string]bool, len(file.Users))
	for i := range file.Users {
		listed[reconcile.EmailKey(file.Users[i].Email)] = true
	}
	shared := make(map[string]int)
	for i := range live.Users {
		shared[reconcile.EmailKey(live.Users[i].Email)]++
	}
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "# Seat holders that no file lists, made by 'seatsync export --missing'.\nusers:\n")
	missing, unnamed := 0, 0
	for _, user := range sortedUsers(live.Users) {
		key := reconcile.EmailKey(user.Email)
		switch {
		case !user.HoldsSeat() || listed[key]:
		case checkEmail(user.Email) != nil || !idPattern.MatchString(user.ID):
			unnamed++
		default:
			missing++
			if err := exportUser(out, &user, shared[key] > 1, false); err != nil {
				return 0, err
			}
		}
	}
	if missing == 0 {
		fmt.Fprintln(out, "  []")
	}
	if unnamed > 0 {
		fmt.Fprintf(out, "# %s left out, since a file cannot name them: no email that is an address.\n",
			reconcile.CountOf(unnamed, "seat holder is", "seat holders are"))
	}
	return missing, out.Flush()
}
