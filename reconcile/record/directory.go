package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// Nothing below the state directory is reached through a symbolic link: whoever
// could place one would choose the file that a run writes to or removes.

// errLink is behind a symbolic link where a file or directory should be.
var errLink = errors.New("it is a symbolic link or a special file, and neither is followed here")

// openState opens a state directory. It may be a link itself: that is the choice
// of whoever names it.
func openState(path string) (*os.Root, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err == nil {
		err = refuseWorldWritable(root, info)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// refuseWorldWritable returns an error for a directory that everybody may write
// to. A group may: volumes are made like that. Windows has no such bits.
func refuseWorldWritable(root *os.Root, info fs.FileInfo) error {
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("everybody may write to %s, so its records could be anybody's: run 'chmod o-w %s'", root.Name(), root.Name())
	}
	return nil
}

// openDirectory opens a directory below another one, step by step. The error is
// fs.ErrNotExist where one of the steps is not there.
func openDirectory(parent *os.Root, names ...string) (*os.Root, error) {
	return follow(parent, openStep, names)
}

// follow takes a step for each name, and closes what it leaves behind.
func follow(parent *os.Root, step func(parent *os.Root, name string) (*os.Root, error), names []string) (*os.Root, error) {
	current := parent
	for _, name := range names {
		next, err := step(current, name)
		if current != parent {
			err = errors.Join(err, current.Close())
		}
		if err != nil {
			return nil, err
		}
		current = next
	}
	return current, nil
}

func openStep(parent *os.Root, name string) (*os.Root, error) {
	info, err := parent.Lstat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return nil, &fs.PathError{Op: "open", Path: parent.Name() + "/" + name, Err: errLink}
	}
	root, err := parent.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := root.Stat(".")
	if err == nil && !os.SameFile(info, opened) {
		err = &fs.PathError{Op: "open", Path: parent.Name() + "/" + name, Err: errLink}
	}
	if err == nil {
		err = refuseWorldWritable(root, opened)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// makeDirectory makes a directory below another one where it is not there yet, and
// opens it.
func makeDirectory(parent *os.Root, names ...string) (*os.Root, error) {
	return follow(parent, func(parent *os.Root, name string) (*os.Root, error) {
		if err := parent.Mkdir(name, directoryMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		return openStep(parent, name)
	}, names)
}

// openFile opens a file of a directory that is no link.
func openFile(directory *os.Root, name string, flag int) (*os.File, error) {
	info, err := directory.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0:
		// A link that appears meanwhile is refused, as whoever placed it would see it opened otherwise.
		return directory.OpenFile(name, flag|os.O_EXCL, fileMode)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "open", Path: directory.Name() + "/" + name, Err: errLink}
	}
	file, err := directory.OpenFile(name, flag, fileMode)
	if err != nil {
		return nil, err
	}
	opened, err := file.Stat()
	if err == nil && !os.SameFile(info, opened) {
		err = &fs.PathError{Op: "open", Path: directory.Name() + "/" + name, Err: errLink}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// namesIn lists the names in a directory, which takes much less than what they are of.
func namesIn(directory *os.Root) ([]string, error) {
	file, err := directory.Open(".")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.Readdirnames(-1)
}

// entriesOf lists a directory.
func entriesOf(directory *os.Root) ([]fs.DirEntry, error) {
	file, err := directory.Open(".")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.ReadDir(-1)
}

// syncDirectory makes the names of new files durable.
func syncDirectory(directory *os.Root) error {
	file, err := directory.Open(".")
	if err != nil {
		return err
	}
	_ = file.Sync() // some file systems cannot sync a directory; the files themselves are synced
	return file.Close()
}
