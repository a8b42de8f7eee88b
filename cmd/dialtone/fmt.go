package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"dialtone/config"
)

type fmtCommand struct {
	Files []string `arg:"" placeholder:"FILE" help:"Files of YAML; - is what comes in."`
	Write bool     `short:"w" xor:"how" help:"Write each file again, where that changes it."`
	Check bool     `xor:"how" help:"Change nothing; name the files that would change, and exit with 1 when there is one."`
	Diff  bool     `xor:"how" help:"Change nothing; print what would change."`
}

// Help is part of dialtone fmt --help.
func (fmtCommand) Help() string {
	return `Gives files of a configuration, and of tests, the same form: sections in one order, each level indented by two spaces, one blank line where there were more, and quotes round what YAML could take for something else ("101" as a key, *72, off, 0049). Comments, steps in one line, and the order within a section stay as they are. What a file says is never changed: a file for which that cannot be had is left alone, and named.

Without -w, --check or --diff, the tidy text is printed.

    dialtone fmt -w dialtone.yaml extensions.yaml
    dialtone fmt --check *.yaml
    dialtone fmt --diff dialtone.yaml`
}

// Run tidies the files. One that cannot be tidied does not keep the others from it.
func (c fmtCommand) Run(t terminal) error {
	bad, changed := false, false
	for _, name := range c.Files {
		different, err := c.tidy(t, name)
		if err != nil {
			bad = true
			t.complain(err)
		}
		changed = changed || different
	}
	if bad || c.Check && changed {
		return errFailed
	}
	return nil
}

// tidy does what is asked for with one file, and reports whether it is not tidy.
func (c fmtCommand) tidy(t terminal, name string) (different bool, err error) {
	before, after, err := tidied(name)
	if err != nil {
		return false, err
	}
	different = !bytes.Equal(before, after)
	switch {
	case !different && (c.Write || c.Check || c.Diff):
	case c.Check:
		fmt.Fprintln(t.out, name)
	case c.Diff:
		fmt.Fprint(t.out, lineDiff(name, string(before), string(after)))
	case c.Write && name != "-":
		err = rewrite(name, after)
	default:
		_, err = t.out.Write(after)
	}
	return different, err
}

func tidied(name string) (before, after []byte, err error) {
	if name == "-" {
		before, err = io.ReadAll(os.Stdin)
	} else {
		before, err = os.ReadFile(name)
	}
	if err == nil {
		after, err = config.Tidy(name, before)
	}
	return before, after, err
}

// complain says what is wrong, with excerpts where there are any.
func (t terminal) complain(err error) {
	var found config.Errors
	if errors.As(err, &found) {
		fmt.Fprint(t.err, found.Report())
		return
	}
	fmt.Fprintf(t.err, "dialtone: %v\n", err)
}

// rewrite puts data into a file that is there, whole or not at all. The file keeps
// its rights; where a link stands, what it leads to is written.
func rewrite(name string, data []byte) (err error) {
	if name, err = filepath.EvalSymlinks(name); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".dialtone-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
