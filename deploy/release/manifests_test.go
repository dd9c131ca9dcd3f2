package main

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheManifestsNameTheImageOfTheReleaseByItsDigest(t *testing.T) {
	index, err := openImage(built.artifact(built.imageName()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	zipped, err := gzip.NewReader(bytes.NewReader(read(t, built.artifact(built.manifestsName()+".tar.gz"))))
	if err != nil {
		t.Fatal(err)
	}
	unpackTar(t, zipped, directory)
	root := filepath.Join(directory, built.manifestsName())
	base := string(read(t, filepath.Join(root, "base", "kustomization.yaml")))
	if !strings.Contains(base, "\n  - name: ghcr.io/seatsync/seatsync\n    digest: "+digest.String()+"\n") {
		t.Errorf("the image is %s, and base says\n%s", digest, base)
	}
	for _, name := range []string{"overlays/daemon/files/teams/engineering.yaml", "overlays/cronjob/kustomization.yaml"} {
		read(t, filepath.Join(root, filepath.FromSlash(name)))
	}
	// The helper that fetches from git is not ours: who uses that overlay puts in the digest that they have verified.
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "overlays/git-sync/kustomization.yaml" {
			return err
		}
		if bytes.Contains(read(t, filepath.Join(root, filepath.FromSlash(name))), []byte(noDigest)) {
			t.Errorf("%s names an image that is not there", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
