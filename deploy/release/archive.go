package main

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// file is one file of an archive.
type file struct {
	name string
	data []byte
	mode int64
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
		files = append(files, file{b.archiveName(t) + "/" + name, data, mode})
	}
	slices.SortFunc(files, func(x, y file) int { return cmp.Compare(x.name, y.name) })
	out, err := os.Create(b.artifact(b.archiveName(t) + archiveEnding(t)))
	if err != nil {
		return err
	}
	if t.system == "windows" {
		err = writeZip(out, files, b.date)
	} else {
		err = writeTarGz(out, files, b.date)
	}
	return errors.Join(err, out.Close())
}

func writeTarGz(out io.Writer, files []file, date time.Time) error {
	zipped, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(zipped)
	for _, f := range files {
		if err := archive.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.data)), Mode: f.mode, ModTime: date}); err != nil {
			return err
		}
		if _, err := archive.Write(f.data); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), zipped.Close())
}

func writeZip(out io.Writer, files []file, date time.Time) error {
	archive := zip.NewWriter(out)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: date}
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
	out, err := os.Create(path + ".gz")
	if err != nil {
		return "", err
	}
	zipped, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	_, err = zipped.Write(data)
	return out.Name(), errors.Join(err, zipped.Close(), out.Close())
}
