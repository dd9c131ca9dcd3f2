package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// mostBytes is the size that the program on Linux keeps below. docs/install.md says what is in it.
const mostBytes = 16_000_000

// built is what all tests look at: one build of the checkout, in a directory of its own.
var built build

func TestMain(m *testing.M) {
	os.Exit(func() int {
		directory, err := os.MkdirTemp("", "seatsync-release-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(directory)
		built = build{
			source: filepath.Join("..", ".."), out: filepath.Join(directory, "out"), version: "1.2.3-rc.1",
			commit: "0123456789abcdef0123456789abcdef01234567", date: time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC),
		}
		if err := built.snapshot(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func TestAReleaseHasEverything(t *testing.T) {
	want := []string{
		"checksums.txt", "desired-state.schema.json", "plan.schema.json",
		"seatsync-1.2.3~rc.1-1.aarch64.rpm", "seatsync-1.2.3~rc.1-1.x86_64.rpm",
		"seatsync_1.2.3-rc.1_darwin_amd64.cdx.json", "seatsync_1.2.3-rc.1_darwin_amd64.tar.gz",
		"seatsync_1.2.3-rc.1_darwin_arm64.cdx.json", "seatsync_1.2.3-rc.1_darwin_arm64.tar.gz",
		"seatsync_1.2.3-rc.1_image.oci.tar", "seatsync_1.2.3-rc.1_kubernetes.tar.gz",
		"seatsync_1.2.3-rc.1_linux_amd64.cdx.json", "seatsync_1.2.3-rc.1_linux_amd64.tar.gz",
		"seatsync_1.2.3-rc.1_linux_arm64.cdx.json", "seatsync_1.2.3-rc.1_linux_arm64.tar.gz",
		"seatsync_1.2.3-rc.1_windows_amd64.cdx.json", "seatsync_1.2.3-rc.1_windows_amd64.zip",
		"seatsync_1.2.3-rc.1_windows_arm64.cdx.json", "seatsync_1.2.3-rc.1_windows_arm64.zip",
		"seatsync_1.2.3~rc.1_amd64.deb", "seatsync_1.2.3~rc.1_arm64.deb",
	}
	entries, err := os.ReadDir(built.out)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("the release has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	checksums := read(t, built.artifact(checksumFile))
	if n := bytes.Count(checksums, []byte("\n")); n != len(want)-1 {
		t.Errorf("%d checksums, want one for each of the other %d artifacts", n, len(want)-1)
	}
}

// The second build is of a copy elsewhere: nothing of where and when it was built is in an artifact.
func TestTwoBuildsGiveTheSameBytes(t *testing.T) {
	again := built
	again.source, again.out = filepath.Join(t.TempDir(), "elsewhere"), filepath.Join(t.TempDir(), "out")
	copyTree(t, built.source, again.source)
	if err := again.snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, second := string(read(t, built.artifact(checksumFile))), string(read(t, again.artifact(checksumFile)))
	if first != second {
		t.Errorf("the checksums are\n%s\nand then\n%s", first, second)
	}
}

// copyTree copies the module, without what git does not know either.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if slices.Contains([]string{".git", "bin", ".seatsync", "node_modules"}, entry.Name()) && name != "." {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestArchivesHoldTheProgramAndWhatBelongsToIt(t *testing.T) {
	for _, target := range targets() {
		t.Run(target.String(), func(t *testing.T) {
			directory := unpackArchive(t, target)
			for _, name := range []string{
				"LICENSE", "README.md", "CHANGELOG.md", "desired-state.yaml", "people.csv", "man/seatsync.1", "man/seatsync-apply.1",
				"completions/seatsync.bash", "completions/_seatsync", "completions/seatsync.fish", "completions/seatsync.ps1",
			} {
				if len(read(t, filepath.Join(directory, name))) == 0 {
					t.Errorf("%s is empty", name)
				}
			}
			program := filepath.Join(directory, filepath.Base(built.program(target)))
			checkHeader(t, program, target)
			if target.system == runtime.GOOS && target.architecture == runtime.GOARCH {
				if text := start(t, exec.Command(program, "version")); !strings.HasPrefix(text, "seatsync 1.2.3-rc.1 (0123456789ab, 2026-11-24) go1.") {
					t.Errorf("version says %q", text)
				}
			}
		})
	}
}

// unpackArchive returns the directory that is in the archive.
func unpackArchive(t *testing.T, target target) string {
	t.Helper()
	directory := t.TempDir()
	path := built.artifact(built.archiveName(target) + archiveEnding(target))
	if strings.HasSuffix(path, ".zip") {
		archive, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		if err := os.CopyFS(directory, archive); err != nil {
			t.Fatal(err)
		}
	} else {
		zipped, err := gzip.NewReader(bytes.NewReader(read(t, path)))
		if err != nil {
			t.Fatal(err)
		}
		unpackTar(t, zipped, directory)
	}
	return filepath.Join(directory, built.archiveName(target))
}

func unpackTar(t *testing.T, from io.Reader, directory string) {
	t.Helper()
	for archive := tar.NewReader(from); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(directory, filepath.FromSlash(header.Name))
		if !filepath.IsLocal(filepath.FromSlash(header.Name)) {
			t.Fatalf("%s is not a local path", header.Name)
		}
		if !header.ModTime.Equal(built.date) {
			t.Errorf("%s is of %s, want that of the commit", header.Name, header.ModTime)
		}
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			var data []byte
			if data, err = io.ReadAll(archive); err == nil {
				err = writeUnder(path, data, header.FileInfo().Mode().Perm())
			}
		}
		if err == nil && os.Getuid() == 0 && header.Uid != 0 {
			err = os.Chown(path, header.Uid, header.Gid)
		}
		if err == nil && header.Typeflag == tar.TypeDir {
			err = os.Chmod(path, header.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func writeUnder(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, mode)
}

// checkHeader checks that a program is for a system, and on Linux that it needs no library and is small enough.
func checkHeader(t *testing.T, path string, target target) {
	t.Helper()
	var machine string
	switch target.system {
	case "linux":
		file, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		machine = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[file.Machine]
		for _, part := range file.Progs {
			if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
				t.Errorf("it is not static: it has a segment %s", part.Type)
			}
		}
		if info, err := os.Stat(path); err != nil || info.Size() > mostBytes {
			t.Errorf("it has %d bytes, want at most %d (%v)", info.Size(), mostBytes, err)
		}
	case "darwin":
		file, err := macho.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		machine = map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[file.Cpu]
	case "windows":
		file, err := pe.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		machine = map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64"}[file.Machine]
	}
	if machine != target.architecture {
		t.Errorf("it is for %q, want %s", machine, target.architecture)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// start runs a program to its end and returns what it wrote.
func start(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	text, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, text)
	}
	return string(text)
}
