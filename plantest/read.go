package plantest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/numbering"
)

// Suffix is how the names of files of tests end.
const Suffix = "_test.yaml"

// Suite is a file of tests and the plan that they test.
type Suite struct {
	Name     string // the file
	Cases    []*Case
	Loaded   *config.Loaded
	Config   *config.Config
	Plan     *dialplan.Plan
	Files    []string // read for it, and patterns of files, for a config.Watcher
	world    World
	outside  World
	http     []*Answer
	trunks   map[string]dialplan.Text
	lists    map[string]dialplan.Texts
	plans    *numbering.Plans
	settings OwnSettings
}

// Read reads a file of tests and its plan. The error is config.Errors with all
// that is wrong in either; the Suite has its Files in any case.
func Read(name string) (*Suite, error) {
	s := &Suite{Name: name, Files: []string{name}, plans: new(numbering.Plans)}
	var f File
	doc := config.ReadDocument(name, &f)
	if err := doc.Err(); err != nil && f.Plan.Value == "" {
		return s, err
	}
	plan := f.Plan.Value
	if plan == "" {
		plan = strings.TrimSuffix(name, Suffix) + ".yaml"
		if !strings.HasSuffix(name, Suffix) {
			doc.Fail(f.Where(), "plan", "it is not said which plan is tested", "write plan: dialtone.yaml, relative to this file")
			return s, doc.Err()
		}
	}
	plan = filepath.Clean(plan)
	if _, err := os.Stat(plan); err != nil {
		at := f.Plan.At
		if f.Plan.Value == "" {
			at = f.Where()
		}
		s.Files = append(s.Files, plan)
		doc.Fail(at, "plan", "there is no file "+plan, "write plan: and its name, relative to this file")
		return s, doc.Err()
	}
	loaded, err := config.Read(plan)
	s.Files = append(append(s.Files, loaded.Files...), loaded.Patterns...)
	if err != nil {
		var found config.Errors
		if own := doc.Err(); errors.As(own, &found) {
			return s, errors.Join(own, failures(err))
		}
		return s, failures(err)
	}
	s.Loaded, s.Config, s.Plan, s.Cases, s.world = loaded, loaded.Config, loaded.Plan, f.Tests, f.World
	s.outside, s.trunks, s.lists, s.http = f.Outside, f.Trunks, f.Lists, f.HTTP
	s.settings = f.Settings
	r := reader{s, doc}
	r.file(&f)
	return s, doc.Err()
}

// failures leaves the warnings out: they are the matter of check.
func failures(err error) error {
	var found config.Errors
	if errors.As(err, &found) {
		return found.Failures()
	}
	return err
}
