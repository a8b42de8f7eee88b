package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"dialtone/config"
	"dialtone/plantest"
)

type testCommand struct {
	Files    []string       `arg:"" optional:"" placeholder:"FILE" help:"Files of tests, plans with such a file beside them, or folders with *_test.yaml in them (default: this folder)."`
	Only     *regexp.Regexp `name:"run" placeholder:"REGEX" help:"Only the tests whose names fit."`
	Verbose  bool           `short:"v" help:"A line for each test, also for those that pass."`
	Coverage bool           `help:"Say which routes and branches no test uses."`
	Watch    bool           `help:"Run them again whenever a file changes, until Ctrl-C."`
	TAP      bool           `name:"tap" help:"Print TAP (Test Anything Protocol)."`
	JUnit    string         `name:"junit" placeholder:"FILE" help:"Write JUnit XML into FILE, for CI servers."`
}

// Help is part of dialtone test --help.
func (testCommand) Help() string {
	return `Tests say who calls whom and when, what the phones do, and what must come of it. They stand beside the plan, in YAML: those of office.yaml in office_test.yaml.

    tests:
      - name: nobody answers in the evening
        at: 2026-12-23 22:30
        call: {from: "100", to: "200"}
        world:
          "101": [rings]
        expect:
          rang: [101 after 0s for 20s]
          end: no-answer

The calls go through the same code as real ones, with phones and time that are simulated: an hour of ringing takes no time, and the result is always the same. Nothing is sent to any phone, and the server need not run.

A test that fails shows what was expected, what happened, and each decision of the plan with its file and line. The exit code is 0 when all pass and 1 when not.

    dialtone test
    dialtone test office.yaml
    dialtone test office_test.yaml --run evening -v
    dialtone test --coverage --junit result.xml
    dialtone test --watch`
}

// Run runs tests, once or again and again.
func (c testCommand) Run(ctx context.Context, t terminal) error {
	if !c.Watch {
		_, err := c.once(t)
		return err
	}
	files, err := c.once(t)
	if err != nil && !errors.Is(err, errFailed) {
		return err
	}
	w, err := config.Watch(func() []string { return files })
	if err != nil {
		return err
	}
	fmt.Fprintln(t.err, "waiting for changes")
	return w.Run(ctx, func() {
		fmt.Fprintln(t.out)
		again, err := c.once(t)
		if err != nil && !errors.Is(err, errFailed) {
			fmt.Fprintf(t.err, "dialtone: %v\n", err)
		}
		if len(again) > 0 {
			files = again
		}
	})
}

// once runs the tests once, and gives the files and patterns that they are made
// of. The error is errFailed when one failed.
func (c testCommand) once(t terminal) (read []string, err error) {
	names, read, err := c.find()
	if err != nil {
		return read, err
	}
	var outcomes []*plantest.Outcome
	coverage := plantest.NewCoverage()
	ran, failed := 0, 0
	for _, name := range names {
		o := c.suite(name)
		read = append(read, o.Suite.Files...)
		if o.Err == nil {
			coverage.Add(o.Suite, o.Results)
		}
		n, bad := o.Counts()
		ran, failed = ran+n, failed+bad
		outcomes = append(outcomes, o)
		if !c.TAP && n > 0 {
			o.Write(t.out, c.Verbose)
		}
	}
	if c.TAP {
		plantest.WriteTAP(t.out, outcomes)
	}
	if c.Coverage {
		coverage.Write(c.aside(t))
	}
	if c.JUnit != "" {
		if err := c.junit(outcomes); err != nil {
			return read, err
		}
	}
	switch {
	case failed > 0:
		return read, errFailed
	case ran == 0:
		return read, fmt.Errorf("no test has a name that fits %s", c.Only)
	}
	return read, nil
}

// aside is where goes what is no result: TAP is read by programs.
func (c testCommand) aside(t terminal) io.Writer {
	if c.TAP {
		return t.err
	}
	return t.out
}

// suite runs the tests of one file.
func (c testCommand) suite(name string) *plantest.Outcome {
	s, err := plantest.Read(name)
	o := &plantest.Outcome{Suite: s, Err: err}
	if err != nil {
		return o
	}
	for _, test := range s.Cases {
		if c.Only == nil || c.Only.MatchString(test.Name.Value) {
			o.Results = append(o.Results, s.Run(test))
		}
	}
	return o
}

// find gives the files of tests, and the patterns by which they were found.
func (c testCommand) find() (names, patterns []string, err error) {
	files := c.Files
	if len(files) == 0 {
		files = []string{"."}
	}
	for _, f := range files {
		info, err := os.Stat(f)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, nil, fmt.Errorf("there is no file or folder %s", f)
		case err != nil:
			return nil, nil, err
		case !info.IsDir():
			name, err := testsOf(f)
			if err != nil {
				return nil, nil, err
			}
			names = append(names, name)
			continue
		}
		pattern := filepath.Join(f, "*"+plantest.Suffix)
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, nil, err
		}
		names, patterns = append(names, found...), append(patterns, pattern)
	}
	if len(names) == 0 {
		return nil, patterns, fmt.Errorf("no file of tests in %s; write one that ends in %s, see dialtone test --help", strings.Join(files, ", "), plantest.Suffix)
	}
	return slices.Compact(names), patterns, nil
}

// testsOf gives the file of tests that is meant by the name of a file: itself, or the
// one beside a plan.
func testsOf(name string) (string, error) {
	ext := filepath.Ext(name)
	if strings.HasSuffix(name, plantest.Suffix) || ext != ".yaml" && ext != ".yml" || !isPlan(name) {
		return name, nil
	}
	beside := strings.TrimSuffix(name, ext) + plantest.Suffix
	if !exists(beside) {
		return "", fmt.Errorf("%s is a plan, and there is no %s beside it; write its tests there, see dialtone test --help", name, beside)
	}
	return beside, nil
}

// isPlan reports whether a file is a configuration rather than tests of one.
func isPlan(name string) bool {
	text, err := os.ReadFile(name)
	return err == nil && !testsKey.Match(text)
}

// testsKey is what every file of tests has, and no plan.
var testsKey = regexp.MustCompile(`(?m)^["']?tests["']?\s*:|^\{`)

func (c testCommand) junit(outcomes []*plantest.Outcome) error {
	f, err := os.Create(c.JUnit)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := plantest.WriteJUnit(f, outcomes); err != nil {
		return err
	}
	return f.Close()
}
