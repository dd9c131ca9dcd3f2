package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is who the program runs as in the image; that of the distroless images, so that volumes fit.
const user = 65532

// imageName is the name of the artifact with the image for all architectures, an OCI layout in a tar archive.
func (b *build) imageName() string { return fmt.Sprintf("seatsync_%s_image.oci.tar", b.version) }

// writeImage writes the image: one layer with the program, the certificates of Mozilla's list, and a user. It returns the
// digest that the image has in every registry.
func (b *build) writeImage() (string, error) {
	var index v1.ImageIndex = mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, t := range targets() {
		if t.system != "linux" {
			continue
		}
		image, err := b.image(t)
		if err != nil {
			return "", err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Platform: &v1.Platform{OS: t.system, Architecture: t.architecture},
		}})
	}
	directory := filepath.Join(b.work, "image")
	path, err := layout.Write(directory, empty.Index)
	if err != nil {
		return "", err
	}
	// One entry, which names both architectures: programs that copy layouts ask which one of several is meant.
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": b.version})); err != nil {
		return "", err
	}
	files, err := filesBelow(directory)
	if err != nil {
		return "", err
	}
	if err := create(b.artifact(b.imageName()), func(out io.Writer) error { return b.writeTar(out, files) }); err != nil {
		return "", err
	}
	digest, err := index.Digest()
	return digest.String(), err
}

func (b *build) image(t target) (v1.Image, error) {
	files, err := b.rootFilesystem(t)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: b.date}, CreatedBy: "deploy/release"}})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, b.imageConfig(t, image))
}

// imageConfig is what deploy/docker/Dockerfile says of its image.
func (b *build) imageConfig(t target, image v1.Image) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil { // it was made two lines before
		panic(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = t.system, t.architecture, v1.Time{Time: b.date}
	config.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", user, user),
		Env: []string{
			"PATH=/usr/local/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
			"SEATSYNC_FILE=/etc/seatsync/desired-state.yaml", "SEATSYNC_STATE_DIR=/var/lib/seatsync",
		},
		Entrypoint: []string{"/usr/local/bin/seatsync"}, Cmd: []string{"run"},
		ExposedPorts: map[string]struct{}{"9464/tcp": {}}, Volumes: map[string]struct{}{"/var/lib/seatsync": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":    "seatsync",
			"org.opencontainers.image.source":   "https://github.com/seatsync/seatsync",
			"org.opencontainers.image.licenses": "Apache-2.0", "org.opencontainers.image.version": b.version,
			"org.opencontainers.image.revision": b.commit,
		},
	}
	return config
}

// rootFilesystem returns everything in the image, as a tar archive.
func (b *build) rootFilesystem(t target) ([]byte, error) {
	program, err := os.ReadFile(b.program(t))
	if err != nil {
		return nil, err
	}
	var certificates bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue // trusted for some hosts or dates alone, which a plain list cannot say
		}
		if err := pem.Encode(&certificates, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	err = b.writeTar(&out, []file{
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, data: fmt.Appendf(nil, "root:x:0:\nseatsync:x:%d:\n", user)},
		{name: "etc/passwd", mode: 0o644, data: fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nseatsync:x:%d:%d:seatsync:/var/lib/seatsync:/sbin/nologin\n", user, user)},
		{name: "etc/seatsync/", mode: 0o755},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: certificates.Bytes()},
		{name: "tmp/", mode: 0o1777},
		{name: "usr/", mode: 0o755},
		{name: "usr/local/", mode: 0o755},
		{name: "usr/local/bin/", mode: 0o755},
		{name: "usr/local/bin/seatsync", mode: 0o755, data: program},
		{name: "var/", mode: 0o755},
		{name: "var/lib/", mode: 0o755},
		{name: "var/lib/seatsync/", mode: 0o700, owner: user},
	})
	return out.Bytes(), err
}
