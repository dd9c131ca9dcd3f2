package main

import (
	"archive/tar"
	"crypto/x509"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// images returns the images in the artifact, by architecture.
func images(t *testing.T) map[string]v1.Image {
	t.Helper()
	index, err := openImage(built.artifact(built.imageName()), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]v1.Image)
	for _, entry := range manifest.Manifests {
		image, err := index.Image(entry.Digest)
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Platform.Architecture] = image
	}
	return found
}

func TestTheImageHoldsTheProgramCertificatesAndAUser(t *testing.T) {
	found := images(t)
	if len(found) != 2 {
		t.Fatalf("%d images, want one for amd64 and one for arm64", len(found))
	}
	for architecture, image := range found {
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Architecture != architecture || config.OS != "linux" || config.Config.User != "65532:65532" {
			t.Errorf("the image says %s/%s as %s, want linux/%s as 65532:65532", config.OS, config.Architecture, config.Config.User, architecture)
		}
		root := unpackImage(t, image)
		checkHeader(t, filepath.Join(root, "usr/local/bin/seatsync"), target{"linux", architecture})
		if !x509.NewCertPool().AppendCertsFromPEM(read(t, filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))) {
			t.Error("there are no certificates in it")
		}
	}
}

// unpackImage returns the directory with an image's files. It is not t.TempDir, whose parents only the owner may enter.
func unpackImage(t *testing.T, image v1.Image) string {
	t.Helper()
	root, err := os.MkdirTemp("", "seatsync-image-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("chmod", "-R", "u+w", root).Run()
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	files := mutate.Extract(image)
	defer files.Close()
	unpackTar(t, files, root)
	return root
}

// The program in the image runs in it, where nothing but /tmp can be written (docker run --read-only --tmpfs /tmp), as a
// user without any rights. As root, the test changes into the image and mounts it read-only; otherwise the permissions
// of the unpacked files say the same.
func TestTheImageRuns(t *testing.T) {
	image, ok := images(t)[runtime.GOARCH]
	if !ok || runtime.GOOS != "linux" {
		t.Skipf("an image for Linux on amd64 or arm64 cannot run on %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	root := unpackImage(t, image)
	for _, name := range []string{"desired-state.yaml", "people.csv"} {
		example := read(t, filepath.Join(built.source, name))
		if err := writeUnder(filepath.Join(root, "etc/seatsync", name), example, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(root, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"version"}, "seatsync 1.2.3-rc.1"},
		{[]string{"validate"}, "desired-state.yaml"},
		{[]string{"demo"}, "release"},
	} {
		command := inImage(t, root, config.Config, c.args)
		if text := start(t, command); !strings.Contains(text, c.want) {
			t.Errorf("%s says\n%s\nwant %q in it", c.args, text, c.want)
		}
	}
}

// inImage is the command of running the image's program with arguments.
func inImage(t *testing.T, root string, config v1.Config, args []string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		command := exec.Command(filepath.Join(root, config.Entrypoint[0]), args...)
		command.Dir = root
		command.Env = append(slices.Clone(config.Env), "SEATSYNC_FILE="+filepath.Join(root, "etc/seatsync/desired-state.yaml"))
		err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			return os.Chmod(path, 0o555)
		})
		if err != nil {
			t.Fatal(err)
		}
		return command
	}
	const script = `set -e
mount --bind "$0" "$0"
mount -o remount,bind,ro "$0"
mount -t tmpfs tmpfs "$0/tmp"
if touch "$0/etc/seatsync/probe" 2>/dev/null; then echo 'the root can be written'; exit 1; fi
root=$0
exec chroot --userspec=` + "65532:65532" + ` "$root" "$@"`
	command := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, root}, append(slices.Clone(config.Entrypoint), args...)...)...)
	command.Env = append(slices.Clone(config.Env), "PATH="+os.Getenv("PATH"))
	return command
}

func TestNothingElseIsInTheImage(t *testing.T) {
	files := mutate.Extract(images(t)["arm64"])
	defer files.Close()
	var got []string
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeDir {
			got = append(got, header.Name)
		}
		if header.Mode&0o6000 != 0 {
			t.Errorf("%s gives rights to whoever runs it", header.Name)
		}
	}
	want := []string{"etc/group", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "usr/local/bin/seatsync"}
	if !slices.Equal(got, want) {
		t.Errorf("it holds %q, want %q", got, want)
	}
}

func TestTheImageIsPushedAsItWasBuilt(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	reference := strings.TrimPrefix(server.URL, "http://") + "/seatsync/seatsync:1.2.3-rc.1"
	digest, err := push(t.Context(), built.artifact(built.imageName()), reference)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(tag)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := index.Digest(); err != nil || got.String() != digest {
		t.Errorf("the registry has %s, %v, want %s", got, err, digest)
	}
	if manifest, err := index.IndexManifest(); err != nil || len(manifest.Manifests) != 2 {
		t.Errorf("the registry has %v, %v, want two architectures", manifest, err)
	}
}
