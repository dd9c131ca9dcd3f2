package record

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// outcomesOf returns the outcomes of a record by change, as they would be shown.
func outcomesOf(record *Record) map[int]reconcile.Outcome {
	outcomes := map[int]reconcile.Outcome{}
	if record.Run != nil {
		for _, outcome := range record.Run.Outcomes {
			outcomes[outcome.Change] = outcome
		}
	}
	return outcomes
}

// checkDamaged fails the test unless what is read from a damaged journal agrees with the sound one: an outcome is as it
// was or is not known, what a whole result or end says is there, and the damage is told of.
func checkDamaged(t *testing.T, lines []line, sound, damaged []byte) *Record {
	t.Helper()
	want, err := parse(bytes.NewReader(sound), Start{})
	must(t, err)
	record, err := parse(bytes.NewReader(damaged), Start{ID: lines[0].Start.ID, StartedAt: noon, AccountID: account})
	kept := wholeLines(sound, damaged)
	if err != nil {
		if len(kept) > 0 {
			t.Fatalf("%d lines are whole, and it cannot be read: %v", len(kept), err)
		}
		return nil
	}
	known, was := outcomesOf(record), outcomesOf(want)
	for change, outcome := range known {
		isUnknown := outcome.Status == reconcile.Failed && outcome.Open
		if outcome != was[change] && !isUnknown && !isTornOff(sound, damaged) && !isEarlier(lines, outcome) {
			t.Fatalf("change %d was %+v and is %+v (damage %v)", change, was[change], outcome, record.Damage)
		}
	}
	for _, number := range kept {
		for _, outcome := range lines[number].Outcomes {
			if _, ok := known[outcome.Change]; !ok {
				t.Fatalf("the result of change %d is lost, though line %d is whole (damage %v)", outcome.Change, number+1, record.Damage)
			}
		}
		if lines[number].Type == lineEnd && record.Result != lines[number].Result {
			t.Fatalf("the end is whole, and the result is %s (damage %v)", record.Result, record.Damage)
		}
	}
	if len(kept) < bytes.Count(sound, []byte("\n")) && record.Damage == nil && !isTornOff(sound, damaged) {
		t.Fatalf("%d of %d lines are whole, and no damage is told of", len(kept), bytes.Count(sound, []byte("\n")))
	}
	return record
}

// isEarlier reports whether an outcome is what a result said before the end, for a journal whose end is damaged.
func isEarlier(lines []line, outcome reconcile.Outcome) bool {
	return outcome.Status == reconcile.NotReached || slices.ContainsFunc(lines, func(l line) bool { return slices.Contains(l.Outcomes, outcome) })
}

// isTornOff reports whether the damage is what a killed process leaves: an end that is missing.
func isTornOff(sound, damaged []byte) bool {
	return bytes.HasPrefix(sound, damaged) || bytes.HasPrefix(sound, damaged[:bytes.LastIndexByte(damaged, '\n')+1])
}

// wholeLines returns the indices of lines of a journal that are as they were in a damaged one.
func wholeLines(sound, damaged []byte) (whole []int) {
	for i, text := range bytes.Split(bytes.TrimSuffix(sound, []byte("\n")), []byte("\n")) {
		if bytes.Contains(damaged, text) {
			whole = append(whole, i)
		}
	}
	return whole
}

func TestNoByteOfAJournalThatIsWrongLosesAnything(t *testing.T) {
	data, lines := story(t)
	for name, sound := range map[string][]byte{"finished": data, "killed": withoutEnd(data)} {
		for at := range sound {
			for i, wrong := range []byte{sound[at] ^ 1, '\n', 0, '"', '}'} {
				if wrong == sound[at] || i > 0 && (at+i)%29 != 0 {
					continue // every byte with one bit turned, and some with something else instead
				}
				damaged := bytes.Clone(sound)
				damaged[at] = wrong
				record := checkDamaged(t, lines, sound, damaged)
				if record == nil || record.Damage == nil {
					t.Fatalf("%s, byte %d as %q: %+v", name, at, wrong, record)
				}
				if record.Plan != nil && name == "finished" && record.Result == reconcile.ResultPartial {
					if diff := cmp.Diff(told(lines), statuses(record)); diff != "" {
						t.Fatalf("byte %d, outcomes (-told +read):\n%s", at, diff)
					}
				}
			}
		}
	}
}

func TestWithAnyLineDamagedTheOthersCount(t *testing.T) {
	data, lines := story(t)
	texts := bytes.SplitAfter(data, []byte("\n"))
	for i := range lines {
		t.Run(fmt.Sprintf("line %d, %s", i+1, lines[i].Type), func(t *testing.T) {
			store := newStore(t, t.TempDir())
			prepare(t, store)
			id := lines[0].Start.ID
			damaged := slices.Clone(texts)
			damaged[i] = bytes.Replace(texts[i], []byte("a"), []byte("b"), 1)
			must(t, os.WriteFile(store.path(id), bytes.Join(damaged, nil), fileMode))
			record, err := store.Read(id)
			must(t, err)
			if record.ID != id || record.AccountID != account || record.Mode != reconcile.ModeApply {
				t.Errorf("start %+v", record.Start)
			}
			if diff := cmp.Diff([]string{fmt.Sprintf("line %d", i+1)}, record.Damage); diff != "" {
				t.Errorf("damage (-want +got):\n%s", diff)
			}
			if lines[i].Type != lineEnd {
				if got := slices.Sorted(maps.Keys(outcomesOf(record))); len(got) != 7 || record.Result != reconcile.ResultPartial {
					t.Errorf("%s, outcomes of %v", record.Result, got)
				}
			}
			records, err := store.List()
			if len(records) != 1 || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("the record of run %s is damaged: line %d;", id, i+1)) {
				t.Errorf("%d records (%v)", len(records), err)
			}
		})
	}
}

func TestWithItsEndDamagedARunTellsNothingUntrue(t *testing.T) {
	data, lines := story(t)
	texts := bytes.SplitAfter(withoutEnd(data), []byte("\n"))
	intent := len(lines) - 2 // of 4 and 5, which were in flight
	damaged := slices.Clone(texts)
	damaged[intent] = bytes.Replace(texts[intent], []byte("a"), []byte("b"), 1)
	record, err := parse(bytes.NewReader(bytes.Join(damaged, nil)), Start{})
	must(t, err)
	if diff := cmp.Diff([]int{4, 5}, record.Unknown()); diff != "" {
		t.Errorf("what may have been sent is unknown, not unreached (-want +got):\n%s", diff)
	}
}

func TestALineThatIsTakenOutIsMissed(t *testing.T) {
	data, lines := story(t)
	texts := bytes.SplitAfter(data, []byte("\n"))
	for i := range lines[:len(lines)-1] {
		without := slices.Delete(slices.Clone(texts), i, i+1)
		record, err := parse(bytes.NewReader(bytes.Join(without, nil)), Start{ID: lines[0].Start.ID, AccountID: account})
		must(t, err)
		if diff := cmp.Diff([]string{fmt.Sprintf("something is missing before line %d", i+1)}, record.Damage); diff != "" {
			t.Errorf("without line %d (-want +got):\n%s", i+1, diff)
		}
	}
}
