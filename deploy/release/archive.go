package main

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// file is one file of an archive, or a directory, whose name ends in a slash.
type file struct {
	name  string
	data  []byte
	mode  int64
	owner int
}

// filesBelow returns what is in a directory, with names that begin there. Each may be read by all.
func filesBelow(directory string) ([]file, error) {
	var files []file
	source := os.DirFS(directory)
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if entry.IsDir() {
			files = append(files, file{name: name + "/", mode: 0o755})
			return nil
		}
		data, err := fs.ReadFile(source, name)
		files = append(files, file{name: name, data: data, mode: 0o644})
		return err
	})
	return files, err
}

// create writes a file.
func create(path string, write func(io.Writer) error) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(out), out.Close())
}

// archiveName is the name of a target's archive, without its ending.
func (b *build) archiveName(t target) string { return fmt.Sprintf("seatsync_%s_%s", b.version, t) }

// archiveEnding is .zip where people expect that.
func archiveEnding(t target) string {
	if t.system == "windows" {
		return ".zip"
	}
	return ".tar.gz"
}

// writeArchive writes the program with what belongs to it.
func (b *build) writeArchive(t target, pages []page) error {
	sources := map[string]string{filepath.Base(b.program(t)): b.program(t)}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md", "desired-state.yaml", "people.csv"} {
		sources[name] = filepath.Join(b.source, name)
	}
	for _, p := range pages {
		if p.archive != "" {
			sources[p.archive] = p.source
		}
	}
	var files []file
	for name, source := range sources {
		data, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		mode := int64(0o644)
		if source == b.program(t) {
			mode = 0o755
		}
		files = append(files, file{name: b.archiveName(t) + "/" + name, data: data, mode: mode})
	}
	slices.SortFunc(files, func(x, y file) int { return cmp.Compare(x.name, y.name) })
	write := b.writeTarGz
	if t.system == "windows" {
		write = b.writeZip
	}
	return create(b.artifact(b.archiveName(t)+archiveEnding(t)), func(out io.Writer) error { return write(out, files) })
}

func (b *build) writeTarGz(out io.Writer, files []file) error {
	zipped, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	return errors.Join(b.writeTar(zipped, files), zipped.Close())
}

func (b *build) writeTar(out io.Writer, files []file) error {
	archive := tar.NewWriter(out)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Uid: f.owner, Gid: f.owner, Size: int64(len(f.data)), ModTime: b.date}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.data); err != nil {
			return err
		}
	}
	return archive.Close()
}

func (b *build) writeZip(out io.Writer, files []file) error {
	archive := zip.NewWriter(out)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: b.date}
		header.SetMode(os.FileMode(f.mode))
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.data); err != nil {
			return err
		}
	}
	return archive.Close()
}

// compressed writes a file with gzip beside itself, as packages have man pages, and returns its path.
func compressed(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return path + ".gz", create(path+".gz", func(out io.Writer) error {
		zipped, err := gzip.NewWriterLevel(out, gzip.BestCompression)
		if err != nil {
			return err
		}
		_, err = zipped.Write(data)
		return errors.Join(err, zipped.Close())
	})
}
