package config

import (
	"crypto/sha256"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"dialtone/dialplan"
)

// Bounds of what is read, so that a wrong path or pattern ends in an error.
const (
	maxFileBytes   = 4 << 20
	maxTotalBytes  = 16 << 20
	maxFiles       = 256
	maxDepth       = 8       // of includes
	maxNodes       = 500_000 // 45,000 extensions with five keys each
	maxErrors      = 200
	maxItems       = 1000 // of a list
	maxSecretBytes = 64 << 10
)

// Loaded is a configuration and where it came from.
type Loaded struct {
	Config   *Config
	Files    []string // read for it: YAML, secrets, certificates; the main file first
	Patterns []string // of include, whose matches may become more
	Warnings Errors
	Plan     *dialplan.Plan // of Config
	Version  string         // of the YAML files: the git commit that they are of, or a hash
	places   map[string]place
	sums     map[string][sha256.Size]byte // of the scripts and calendars, by name
}

// place is where a key and its value stand.
type place struct{ key, value Position }

// Position is where the value of a key such as sip.udp stands; false when the
// files are silent about it.
func (l *Loaded) Position(path string) (Position, bool) {
	p, ok := l.places[path]
	return p.value, ok
}

// Set gives the paths of all keys that the files set, sorted.
func (l *Loaded) Set() []string { return slices.Sorted(maps.Keys(l.places)) }

// Load reads the configuration in the file path and what it includes. The error
// is Errors with everything that is wrong, warnings among it; the files read are
// given in any case. File names in the Config are usable as they are.
func Load(path string) (*Config, []string, error) {
	l, err := Read(path)
	return l.Config, l.Files, err
}

// Read is Load, with positions and warnings. With an error Config is nil, and
// Files and Patterns hold what was found until then.
func Read(path string) (*Loaded, error) {
	l := newLoader(filepath.Dir(path), os.LookupEnv)
	l.files = true
	l.file(path, Position{}, "", 0)
	return l.finish()
}

// Parse reads a configuration from data, which errors call name. It touches no
// file: include: and file: are errors. A nil env is the environment.
func Parse(name string, data []byte, env func(string) (string, bool)) (*Loaded, error) {
	l := newLoader("", env)
	l.text(newSource(name, "", data), data, 0)
	return l.finish()
}

// ReadDefault is the configuration of no file at all: the defaults, dataDir for
// data, the extensions of the file accounts, see Accounts, and a mailbox for each.
func ReadDefault(dataDir, accounts string) (*Loaded, error) {
	l := newLoader("", os.LookupEnv)
	l.files = true
	l.cfg.Data = dataDir
	l.cfg.Voicemail.Enabled = true
	l.cfg.Include = []string{accounts}
	l.file(accounts, Position{}, "", 1)
	return l.finish()
}

// loader gathers one configuration.
type loader struct {
	env   func(string) (string, bool)
	files bool // may read files that the text names
	cfg   Config

	errs     Errors
	places   map[string]place
	failed   map[string]bool // paths whose value could not be read
	sources  map[string]*source
	read     []string
	patterns []string
	included map[string]Position // by real path: where it was included
	open     []string            // real paths of the files around the current one
	secrets  map[string]bool     // files with a password in them
	fields   fieldCache
	bytes    int64
	nodes    int // that may still be looked at
	texts    []readText
}

func newLoader(dir string, env func(string) (string, bool)) *loader {
	if env == nil {
		env = os.LookupEnv
	}
	l := &loader{
		env:      env,
		cfg:      Default(),
		places:   map[string]place{},
		failed:   map[string]bool{},
		sources:  map[string]*source{},
		included: map[string]Position{},
		secrets:  map[string]bool{},
		fields:   fieldCache{},
		nodes:    maxNodes,
	}
	l.cfg.Data = filepath.Join(dir, l.cfg.Data)
	return l
}

// text decodes one document into the configuration, then what it includes.
func (l *loader) text(src *source, data []byte, depth int) {
	l.sources[src.name] = src
	l.note(src.name, data)
	root, err := src.parse(data)
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	d := decoder{loader: l, src: src}
	if root != nil {
		d.section(root, reflect.ValueOf(&l.cfg).Elem(), "")
	}
	if depth == 0 {
		l.cfg.Include = d.includeNames()
	}
	for _, inc := range d.includes {
		l.include(src, inc, depth+1)
	}
}

// finish validates and gives the result.
func (l *loader) finish() (*Loaded, error) {
	sums := map[string][sha256.Size]byte{}
	v := validator{
		cfg: &l.cfg, failed: l.failed, files: l.files, fields: l.fields, place: func(path string) place { return l.places[path] },
		report: l.report, reads: func(path string) { l.read = appendNew(l.read, path) },
		shows: func(path string, data []byte) {
			l.sources[path], sums[path] = newSource(path, "", data), sha256.Sum256(data)
		},
	}
	if l.nodes > 0 {
		v.all()
	}
	l.errs.sort(l.read)
	out := &Loaded{Files: l.read, Patterns: l.patterns, Warnings: l.errs.Warnings(), places: l.places, sums: sums}
	if err := l.errs.Err(); err != nil {
		return out, err
	}
	out.Config, out.Plan, out.Version = &l.cfg, v.plan, l.version()
	if out.Plan != nil {
		out.Plan.Version = out.Version
	}
	return out, nil
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// finding is one thing wrong at a place.
type finding struct {
	at      Position
	path    string
	problem problem
	hide    int // the column from which the excerpt shows nothing, 0 for none
	warning bool
}

// report keeps a finding, until there are too many to read.
func (l *loader) report(f finding) {
	switch {
	case len(l.errs) > maxErrors:
		return
	case len(l.errs) == maxErrors:
		f = finding{at: f.at, problem: problem{"too many errors, the rest is not shown", "mend those above first"}}
	}
	e := &Error{
		File: f.at.File, Line: f.at.Line, Column: f.at.Column,
		Path: f.path, Reason: f.problem.reason, Remedy: f.problem.remedy, Warning: f.warning,
	}
	if src := l.sources[f.at.File]; src != nil {
		e.excerpt = excerpt(src.lines, f.at.Line, f.at.Column, f.hide)
	}
	if !f.warning && f.path != "" {
		l.failed[f.path] = true
	}
	l.errs = append(l.errs, e)
}
