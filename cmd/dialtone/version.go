package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

type versionCommand struct{}

// Help is part of dialtone version --help.
func (versionCommand) Help() string {
	return `The version is that of the source it was built from: a release, or the commit and its time; "devel" where git was not there to tell.

    dialtone version`
}

// Run prints the version.
func (versionCommand) Run(t terminal) error {
	_, err := fmt.Fprintf(t.out, "dialtone %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// versionFlag is --version, for those who look for it there.
type versionFlag bool

// BeforeReset prints the version and ends.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	err := versionCommand{}.Run(terminal{out: app.Stdout, err: app.Stderr})
	app.Exit(0)
	return err
}

// version is what the Go toolchain stamped into the binary: the tag, or a
// pseudo-version with the time and the commit; "+dirty" when files had changed.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
