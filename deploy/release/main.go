// Release builds everything that a release consists of, from one checkout and without a container engine: archives,
// checksums, lists of components, Debian and RPM packages, and an image. Two builds of one commit give the same bytes.
// What signs and publishes them is .github/workflows/release.yml.
//
//	make release-snapshot
//
// It is a module of its own, so that what is needed to release becomes no dependency of seatsync. Read on in
// snapshot.go, which tells the story of a build; release_test.go starts or unpacks every artifact.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	var b build
	flag.StringVar(&b.source, "source", "../..", "the `directory` of the module seatsync")
	flag.StringVar(&b.out, "out", "", "the `directory` to write to; what is in it is removed")
	flag.StringVar(&b.version, "version", "", "the version, without v; default 0.0.0-COMMIT")
	flag.StringVar(&b.commit, "commit", "", "the commit that is built")
	date := flag.String("date", "", "when it was made, as `RFC3339`: the date of every file")
	notes := flag.String("notes", "", "only print what CHANGELOG.md says of this `version`")
	image := flag.String("push", "", "only push the image in -out under this `reference`, and print its digest")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, &b, *date, *notes, *image)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, b *build, date, notes, image string) error {
	if notes != "" {
		text, err := releaseNotes(b.source, notes)
		if err == nil {
			fmt.Print(text)
		}
		return err
	}
	if image != "" {
		digest, err := push(ctx, b.artifact(b.imageName()), image)
		if err == nil {
			fmt.Println(digest)
		}
		return err
	}
	at, err := time.Parse(time.RFC3339, date)
	if err != nil {
		return fmt.Errorf("-date: %w", err)
	}
	b.date = at.UTC()
	return b.snapshot(ctx)
}
