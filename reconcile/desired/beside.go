package desired

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
)

// besideFolder reads what the root file names from its folder.
type besideFolder struct {
	ctx    context.Context
	folder *folder
}

// Include returns the files of an include pattern.
func (b besideFolder) Include(pattern string) ([]File, error) {
	return includesOf(b.folder, b.folder.path, pattern)
}

// Roster returns a roster.
func (b besideFolder) Roster(name string, dated bool) (RosterFile, error) {
	data, err := b.folder.read(name)
	roster := RosterFile{File: File{shownName(b.folder.path, name), data}}
	if err == nil && dated {
		roster.Committed, roster.Undated = committedInFolder(b.ctx, b.folder.within.Name(), name)
	}
	return roster, err
}

// besideRevision reads what the root file names from a git revision, and a roster
// that git does not track there from the folder: who exports one every night need
// not commit it.
type besideRevision struct {
	*revision
	path   string  // of the root file
	folder *folder // nil until it is read from
}

// Include returns the files of an include pattern.
func (b *besideRevision) Include(pattern string) ([]File, error) {
	return includesOf(b.revision, b.path, pattern)
}

// Roster returns a roster.
func (b *besideRevision) Roster(name string, dated bool) (RosterFile, error) {
	if _, isTracked := b.objects[name]; isTracked {
		data, err := b.read(name)
		roster := RosterFile{File: File{shownName(b.path, name), data}, Commit: b.commit}
		if err == nil && dated {
			roster.Committed, roster.Undated = committedAt(b.ctx, b.directory, b.commit, name)
		}
		return roster, err
	}
	folder, err := openFolder(b.path)
	if err != nil {
		return RosterFile{}, err
	}
	b.folder = folder
	return besideFolder{b.ctx, folder}.Roster(name, dated)
}

// moved closes the folder, if it was read from, and says what in it is not as it was
// when it was read, "" when nothing moved.
func (b *besideRevision) moved() string {
	if b.folder == nil {
		return ""
	}
	defer b.folder.close()
	return b.folder.moved(false)
}

// shownName is how messages call a file beside the root file.
func shownName(root, name string) string {
	if root == "-" {
		return name
	}
	return filepath.ToSlash(filepath.Join(filepath.Dir(root), name))
}

// InMemory has the files beside a root file in memory.
type InMemory []File

// Include returns the files of an include pattern.
func (m InMemory) Include(pattern string) (files []File, err error) {
	for _, file := range m {
		matched, err := path.Match(pattern, file.Name)
		if err != nil {
			return nil, err
		}
		if matched {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%q finds no file", pattern)
	}
	return files, nil
}

// Roster returns the file with a name.
func (m InMemory) Roster(name string, _ bool) (RosterFile, error) {
	for _, file := range m {
		if file.Name == name {
			return RosterFile{File: file, Undated: "it is in no commit"}, nil
		}
	}
	return RosterFile{}, fs.ErrNotExist
}
