package main

import (
	"bytes"
	"fmt"
	"io"
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
	var all []file
	for _, directory := range []string{"base", "overlays"} {
		files, err := filesBelow(filepath.Join(b.source, "deploy", "kubernetes", directory))
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.name = directory + "/" + f.name; f.name == imageFile {
				if bytes.Count(f.data, []byte(noDigest)) != 1 {
					return fmt.Errorf("%s has no place, or several, for the digest of the image", f.name)
				}
				f.data = bytes.Replace(f.data, []byte(noDigest), []byte(digest), 1)
			}
			f.name = b.manifestsName() + "/" + f.name
			all = append(all, f)
		}
	}
	if !strings.HasPrefix(digest, "sha256:") || digest == noDigest {
		return fmt.Errorf("the image has the digest %q", digest)
	}
	return create(b.artifact(b.manifestsName()+".tar.gz"), func(out io.Writer) error { return b.writeTarGz(out, all) })
}
