package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manCommand writes the man pages. Packages bring them along; it is for those who
// build seatsync themselves, and so hidden. The pages carry no date, so that the same
// source gives the same bytes.
func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the man pages into a directory",
		Args:   arguments(1, 1, "a directory"),
		Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			return writeManPages(cmd.Root(), args[0])
		},
	}
}

// writeManPages writes the page of a command and those of the commands below it.
func writeManPages(cmd *cobra.Command, dir string) error {
	path := filepath.Join(dir, manName(cmd)+".1")
	if err := os.WriteFile(path, manPage(cmd), 0o644); err != nil {
		return err
	}
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		if err := writeManPages(sub, dir); err != nil {
			return err
		}
	}
	return nil
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage writes one page in the man macros (man(7)).
func manPage(cmd *cobra.Command) []byte {
	var page bytes.Buffer
	section := func(title, text string) {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(&page, ".SH %s\n.nf\n%s\n.fi\n", title, roff(text))
		}
	}
	fmt.Fprintf(&page, ".TH %s 1 \"\" %q\n", strings.ToUpper(roff(manName(cmd))), tool())
	section("NAME", manName(cmd)+" - "+cmd.Short)
	section("SYNOPSIS", cmd.UseLine())
	section("DESCRIPTION", cmd.Long)
	manOptions(&page, "OPTIONS", cmd.NonInheritedFlags())
	manOptions(&page, "GLOBAL OPTIONS", cmd.InheritedFlags())
	section("EXAMPLES", cmd.Example)
	var related []string
	if cmd.HasParent() {
		related = append(related, manName(cmd.Parent())+"(1)")
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			related = append(related, manName(sub)+"(1)")
		}
	}
	section("SEE ALSO", strings.Join(related, "\n"))
	return page.Bytes()
}

// manOptions writes a section with a paragraph for each flag.
func manOptions(page *bytes.Buffer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(page, ".SH %s\n", title)
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(flag)
		name := "--" + flag.Name
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand + ", " + name
		}
		fmt.Fprintf(page, ".TP\n\\fB%s\\fR", roff(name))
		if value != "" {
			fmt.Fprintf(page, " \\fI%s\\fR", roff(value))
		}
		if fallback := defaultOf(flag); fallback != "" {
			usage += " (default " + fallback + ")"
		}
		fmt.Fprintf(page, "\n%s\n", roff(usage))
	})
}

// defaultOf returns the default of a flag, "" for one that is empty, none, false or at zero.
// What is in the directory for temporary files is so on every machine.
func defaultOf(flag *pflag.Flag) string {
	if slices.Contains([]string{"", "[]", "false", "0", "0s", "-1"}, flag.DefValue) {
		return ""
	}
	return strings.Replace(flag.DefValue, os.TempDir(), "$TMPDIR", 1)
}

// roff escapes what troff would read as a command: a backslash, a dash that it would
// make a hyphen, and a dot or an apostrophe at the start of a line.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
