package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// build is one build of a release.
type build struct {
	source, out, version, commit string
	// date is that of the commit, in UTC; every file in every artifact has it.
	date time.Time
	// work holds what artifacts are made of; it is removed in the end.
	work string
}

// target is a system that is built for.
type target struct{ system, architecture string }

func (t target) String() string { return t.system + "_" + t.architecture }

// targets are all of them.
func targets() []target {
	var all []target
	for _, system := range []string{"linux", "darwin", "windows"} {
		all = append(all, target{system, "amd64"}, target{system, "arm64"})
	}
	return all
}

// program is the path of what was built for a target.
func (b *build) program(t target) string {
	name := "seatsync"
	if t.system == "windows" {
		name += ".exe"
	}
	return filepath.Join(b.work, t.String(), name)
}

// artifact returns the path of something to release.
func (b *build) artifact(name string) string { return filepath.Join(b.out, name) }

// snapshot builds all artifacts into the directory b.out.
func (b *build) snapshot(ctx context.Context) error {
	if b.out == "" || b.commit == "" {
		return errors.New("-out and -commit are needed")
	}
	if b.version == "" {
		b.version = "0.0.0-" + b.commit[:min(len(b.commit), 12)]
	}
	if err := os.RemoveAll(b.out); err != nil {
		return err
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "seatsync-release-")
	if err != nil {
		return err
	}
	b.work = work
	defer os.RemoveAll(work)
	for _, t := range targets() {
		if err := b.compile(ctx, t, b.program(t)); err != nil {
			return err
		}
	}
	pages, err := b.pages(ctx)
	if err != nil {
		return err
	}
	for _, t := range targets() {
		if err := b.writeComponents(t); err != nil {
			return err
		}
		if err := b.writeArchive(t, pages); err != nil {
			return err
		}
		if t.system == "linux" {
			if err := b.writePackages(t, pages); err != nil {
				return err
			}
		}
	}
	digest, err := b.writeImage()
	if err != nil {
		return err
	}
	if err := b.writeManifests(digest); err != nil {
		return err
	}
	if err := b.copySchemas(); err != nil {
		return err
	}
	return b.writeChecksums()
}

// compile builds the program for a target.
func (b *build) compile(ctx context.Context, t target, path string) error {
	flags := fmt.Sprintf("-s -w -buildid= -X main.version=%s -X main.commit=%s -X main.date=%s", b.version, b.commit, b.date.Format(time.RFC3339))
	arguments := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", path}
	for _, packages := range coldPackages() {
		arguments = append(arguments, "-gcflags="+packages+"=-l")
	}
	command := exec.CommandContext(ctx, "go", append(arguments, "./cmd/seatsync")...)
	command.Dir = b.source
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOOS="+t.system, "GOARCH="+t.architecture,
		"GOAMD64=v1", "GOARM64=v8.0")
	return output(command, "build for "+t.String())
}

// coldPackages are those in which no run spends time. Functions are not inlined there, which makes the program smaller.
func coldPackages() []string {
	return []string{
		"github.com/nicholas-fedor/...", "github.com/oapi-codegen/...", "github.com/robfig/...", "github.com/spf13/...", "gopkg.in/yaml.v3",
		"crypto/tls", "crypto/x509/...", "html/template", "log/slog", "mime/...", "net", "net/http", "text/template/...",
		"github.com/seatsync/seatsync/cmd/seatsync", "github.com/seatsync/seatsync/generated", "github.com/seatsync/seatsync/reconcile/sandbox",
	}
}

// output runs a command and reports what it wrote only when it fails.
func output(command *exec.Cmd, what string) error {
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", what, err, text)
	}
	return nil
}

// page is a man page or a completion: where it goes in an archive, and in a package.
type page struct{ source, archive, deb, rpm string }

// pages lets the program that was built for this machine write its man pages and completions.
func (b *build) pages(ctx context.Context) ([]page, error) {
	program := b.program(target{runtime.GOOS, runtime.GOARCH})
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("nothing is built that runs on this machine, to write the man pages: %w", err)
	}
	man := filepath.Join(b.work, "man")
	if err := output(exec.CommandContext(ctx, program, "man", man), "write the man pages"); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(man, "*.1"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(errors.New("there are no man pages"), err)
	}
	var pages []page
	for _, file := range files {
		zipped, err := compressed(file)
		if err != nil {
			return nil, err
		}
		place := "/usr/share/man/man1/" + filepath.Base(zipped)
		pages = append(pages, page{file, "man/" + filepath.Base(file), "", ""}, page{zipped, "", place, place})
	}
	for _, shell := range []page{
		{"bash", "completions/seatsync.bash", "/usr/share/bash-completion/completions/seatsync", "/usr/share/bash-completion/completions/seatsync"},
		{"zsh", "completions/_seatsync", "/usr/share/zsh/vendor-completions/_seatsync", "/usr/share/zsh/site-functions/_seatsync"},
		{"fish", "completions/seatsync.fish", "/usr/share/fish/vendor_completions.d/seatsync.fish", "/usr/share/fish/vendor_completions.d/seatsync.fish"},
		{"powershell", "completions/seatsync.ps1", "", ""},
	} {
		text, err := exec.CommandContext(ctx, program, "completion", shell.source).Output()
		if err != nil {
			return nil, fmt.Errorf("completion for %s: %w", shell.source, err)
		}
		shell.source = filepath.Join(b.work, filepath.Base(shell.archive))
		if err := os.WriteFile(shell.source, text, 0o644); err != nil {
			return nil, err
		}
		pages = append(pages, shell)
	}
	return pages, nil
}

// copySchemas copies the schemas that their $id promises at this place.
func (b *build) copySchemas() error {
	for _, name := range []string{"desired/desired-state.schema.json", "report/plan.schema.json"} {
		data, err := os.ReadFile(filepath.Join(b.source, "reconcile", name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.artifact(filepath.Base(name)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// checksumFile lists the SHA-256 of every other artifact, as sha256sum --check reads it.
const checksumFile = "checksums.txt"

func (b *build) writeChecksums() error {
	entries, err := os.ReadDir(b.out)
	if err != nil {
		return err
	}
	var lines []string
	for _, entry := range entries {
		data, err := os.ReadFile(b.artifact(entry.Name()))
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256(data), entry.Name()))
	}
	slices.SortFunc(lines, func(x, y string) int { return strings.Compare(x[64:], y[64:]) })
	return os.WriteFile(b.artifact(checksumFile), []byte(strings.Join(lines, "")), 0o644)
}
