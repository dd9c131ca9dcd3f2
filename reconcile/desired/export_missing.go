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
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "# Seat holders that no file lists, made by 'seatsync export --missing'.\nusers:\n")
	missing, unnamed, err := exportUsers(out, live, false, func(user *reconcile.User) bool {
		return user.HoldsSeat() && !listed[reconcile.EmailKey(user.Email)] && isWanted(user.Email)
	})
	if err != nil {
		return 0, err
	}
	if len(unnamed) > 0 {
		fmt.Fprintf(out, "# %s left out, since a file cannot name them: no email that is an address.\n",
			reconcile.CountOf(len(unnamed), "seat holder is", "seat holders are"))
	}
	return missing, out.Flush()
}
