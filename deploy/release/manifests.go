package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// manifestsName is the name of the artifact with the kustomize base and overlays, without its ending.
func (b *build) manifestsName() string { return fmt.Sprintf("seatsync_%s_kubernetes", b.version) }

// noDigest is in deploy/kubernetes/base where an image has no digest yet, since what is built has one only afterwards.
const noDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// writeManifests writes the base and the overlays for Kubernetes, which name the image by the digest that it came to have.
func (b *build) writeManifests(digest string) error {
	const imageFile = "base/kustomization.yaml"
	var files []file
	source := os.DirFS(filepath.Join(b.source, "deploy", "kubernetes"))
	for _, directory := range []string{"base", "overlays"} {
		err := fs.WalkDir(source, directory, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := fs.ReadFile(source, name)
			if name == imageFile {
				if bytes.Count(data, []byte(noDigest)) != 1 {
					return fmt.Errorf("%s has no place, or several, for the digest of the image", name)
				}
				data = bytes.Replace(data, []byte(noDigest), []byte(digest), 1)
			}
			files = append(files, file{path.Join(b.manifestsName(), name), data, 0o644})
			return err
		})
		if err != nil {
			return err
		}
	}
	if !strings.HasPrefix(digest, "sha256:") || digest == noDigest {
		return fmt.Errorf("the image has the digest %q", digest)
	}
	out, err := os.Create(b.artifact(b.manifestsName() + ".tar.gz"))
	if err != nil {
		return err
	}
	return errors.Join(writeTarGz(out, files, b.date), out.Close())
}
