package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers itself, and so does the next
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// writePackages writes the Debian and the RPM package of a target.
func (b *build) writePackages(t target, pages []page) error {
	units, err := b.units()
	if err != nil {
		return err
	}
	for _, format := range []string{"deb", "rpm"} {
		contents := files.Contents{
			b.content(b.program(t), "/usr/bin/seatsync", 0o755),
			{Destination: "/etc/seatsync", Type: files.TypeDir, FileInfo: &files.ContentFileInfo{Mode: 0o750, Group: "seatsync", MTime: b.date}},
			b.content(filepath.Join(b.source, "deploy/systemd/sysusers.conf"), "/usr/lib/sysusers.d/seatsync.conf", 0o644),
			b.content(filepath.Join(b.source, "desired-state.yaml"), "/usr/share/doc/seatsync/examples/desired-state.yaml", 0o644),
			b.content(filepath.Join(b.source, "people.csv"), "/usr/share/doc/seatsync/examples/people.csv", 0o644),
			b.content(filepath.Join(b.source, "LICENSE"), "/usr/share/doc/seatsync/copyright", 0o644),
		}
		for _, unit := range units {
			contents = append(contents, b.content(unit, "/usr/lib/systemd/system/"+filepath.Base(unit), 0o644))
		}
		for _, p := range pages {
			place := map[string]string{"deb": p.deb, "rpm": p.rpm}[format]
			if place != "" {
				contents = append(contents, b.content(p.source, place, 0o644))
			}
		}
		if err := b.writePackage(format, t, contents); err != nil {
			return fmt.Errorf("%s for %s: %w", format, t, err)
		}
	}
	return nil
}

func (b *build) content(source, destination string, mode os.FileMode) *files.Content {
	return &files.Content{Source: source, Destination: destination, FileInfo: &files.ContentFileInfo{Mode: mode, MTime: b.date}}
}

func (b *build) writePackage(format string, t target, contents files.Contents) error {
	scripts := filepath.Join(b.source, "deploy/release")
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "seatsync", Arch: t.architecture, Platform: "linux", Version: b.version, MTime: b.date,
		Section: "admin", Priority: "optional", Maintainer: "The seatsync authors <maintainers@seatsync.invalid>",
		Description: "Declarative seats and names for Cloudflare Zero Trust\n" +
			"Takes away the seats that nobody uses, as a file in git declares them.",
		Homepage: "https://github.com/seatsync/seatsync", License: "Apache-2.0", DisableGlobbing: true,
		Overridables: nfpm.Overridables{
			Contents: contents, Umask: 0o022,
			Recommends: map[string][]string{"deb": {"ca-certificates"}}[format],
			Scripts:    nfpm.Scripts{PostInstall: filepath.Join(scripts, "postinstall.sh"), PostRemove: filepath.Join(scripts, "reload-units.sh")},
			RPM:        nfpm.RPM{BuildHost: "localhost", Summary: "Declarative seats and names for Cloudflare Zero Trust"},
		},
	})
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return err
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	return create(b.artifact(packager.ConventionalFileName(info)), func(out io.Writer) error { return packager.Package(info, out) })
}

// units copies the units of systemd with the place where a package puts the program.
func (b *build) units() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(b.source, "deploy/systemd/seatsync*"))
	if err != nil || len(found) == 0 {
		return nil, errors.Join(errors.New("there are no units"), err)
	}
	for i, path := range found {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		data = bytes.ReplaceAll(data, []byte("/usr/local/bin/"), []byte("/usr/bin/"))
		found[i] = filepath.Join(b.work, filepath.Base(path))
		if err := os.WriteFile(found[i], data, 0o644); err != nil {
			return nil, err
		}
	}
	return found, nil
}
