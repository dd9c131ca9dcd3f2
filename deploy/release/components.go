package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// writeComponents writes what a program consists of, in the form of CycloneDX: every module that the linker put in, as
// the program itself says.
func (b *build) writeComponents(t target) error {
	info, err := buildinfo.ReadFile(b.program(t))
	if err != nil {
		return err
	}
	main := cyclonedx.Component{
		BOMRef: "pkg:golang/" + info.Main.Path + "@v" + b.version, Type: cyclonedx.ComponentTypeApplication,
		Name: info.Main.Path, Version: "v" + b.version, PackageURL: "pkg:golang/" + info.Main.Path + "@v" + b.version,
		Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
	}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	components := []cyclonedx.Component{{
		BOMRef: "pkg:golang/std@" + goVersion, Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: goVersion,
		PackageURL: "pkg:golang/std@" + goVersion, Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "BSD-3-Clause"}}},
	}}
	for _, module := range info.Deps {
		module = cmp.Or(module.Replace, module)
		url := "pkg:golang/" + module.Path + "@" + module.Version
		component := cyclonedx.Component{
			BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: module.Path, Version: module.Version, PackageURL: url,
		}
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(module.Sum, "h1:"))
		if err != nil || len(sum) == 0 {
			return fmt.Errorf("%s has no checksum", module.Path)
		}
		// Of go.sum: over the list of the module's files, not over an archive.
		component.Properties = &[]cyclonedx.Property{{Name: "cdx:gomod:h1", Value: hex.EncodeToString(sum)}}
		components = append(components, component)
	}
	refs := make([]string, len(components))
	for i := range components {
		refs[i] = components[i].BOMRef
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: b.date.Format(time.RFC3339), Component: &main, Properties: &[]cyclonedx.Property{
		{Name: "cdx:gomod:build:env:GOOS", Value: t.system}, {Name: "cdx:gomod:build:env:GOARCH", Value: t.architecture},
	}}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
	return create(b.artifact(b.archiveName(t)+".cdx.json"), func(out io.Writer) error {
		return cyclonedx.NewBOMEncoder(out, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
	})
}
