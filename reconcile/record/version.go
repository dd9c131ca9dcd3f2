package record

import (
	"fmt"
	"io/fs"
)

// Version returns a text that is another one once the journal of a run has been
// added to: a later run may find out what became of a request. It is cheap, so that
// someone who keeps what was made of a record can tell whether it still holds. The
// error is [io/fs.ErrNotExist] where no run has exactly this id.
func (s *Store) Version(id string) (string, error) {
	if !idPattern().MatchString(id) {
		return "", fmt.Errorf("%q is not a run id: %w", id, fs.ErrNotExist)
	}
	runs, err := s.openRuns()
	if err != nil {
		return "", err
	}
	defer runs.Close()
	info, err := runs.Lstat(id + extension)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano()), nil
}
