package desired

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/seatsync/seatsync/reconcile"
)

// MissingIn is the seat holders of one group whom no entry of the files may mean.
type MissingIn struct {
	Group string // "" for people in no group
	Users int
	File  []byte // one that can be included
}

// ExportMissingByGroup is [ExportMissing] with a file for each group that has somebody.
// Groups are in the order of the policy, people in no group come last.
func ExportMissingByGroup(live *reconcile.Live, file *reconcile.Desired) (files []MissingIn, err error) {
	names := make([]string, 0, len(file.Groups)+1)
	for i := range file.Groups {
		names = append(names, file.Groups[i].Name)
	}
	for _, name := range append(names, "") {
		var out bytes.Buffer
		users, err := exportMissing(&out, live, file, func(email string) bool { return file.UnlistedGroup(email) == name })
		if err != nil {
			return nil, err
		}
		if users > 0 {
			files = append(files, MissingIn{Group: name, Users: users, File: out.Bytes()})
		}
	}
	return files, nil
}

// ExportMissing writes the seat holders whom no entry of the files may mean, as a file
// that can be included, and returns how many they are.
func ExportMissing(w io.Writer, live *reconcile.Live, file *reconcile.Desired) (int, error) {
	return exportMissing(w, live, file, func(string) bool { return true })
}

func exportMissing(w io.Writer, live *reconcile.Live, file *reconcile.Desired, isWanted func(email string) bool) (int, error) {
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
		case !user.HoldsSeat() || listed[key] || !isWanted(user.Email):
		case checkEmail(user.Email) != nil || !idPattern().MatchString(user.ID):
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
