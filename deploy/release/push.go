package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push copies the image of a release to a registry, with the credentials that docker or cosign were logged in with, and
// returns its digest.
func push(ctx context.Context, path, reference string) (string, error) {
	tag, err := name.ParseReference(reference, name.StrictValidation)
	if err != nil {
		return "", err
	}
	directory, err := os.MkdirTemp("", "seatsync-push-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(directory)
	index, err := openImage(path, directory)
	if err != nil {
		return "", err
	}
	if err := remote.WriteIndex(tag, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return "", err
	}
	digest, err := index.Digest()
	return digest.String(), err
}

// openImage unpacks the artifact with the image into a directory and returns the index of its architectures.
func openImage(path, directory string) (v1.ImageIndex, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	root, err := os.OpenRoot(directory) // which nothing that is named in the archive leads out of
	if err != nil {
		return nil, err
	}
	defer root.Close()
	for archive := tar.NewReader(file); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeDir {
			continue
		}
		if err := unpack(archive, root, header.Name); err != nil {
			return nil, err
		}
	}
	index, err := layout.ImageIndexFromPath(directory)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("%s has %d entries, want the one that a build writes", path, len(manifest.Manifests))
	}
	return index.ImageIndex(manifest.Manifests[0].Digest)
}

// unpack writes one file of an archive below a directory.
func unpack(from io.Reader, root *os.Root, name string) error {
	if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(name)), 0o755); err != nil {
		return err
	}
	out, err := root.Create(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	return errors.Join(err, out.Close())
}
