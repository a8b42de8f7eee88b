package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dialtone/config"
)

// setup is the configuration to serve, and where it is from.
type setup struct {
	cfg      *config.Config
	file     string // "" without a configuration
	dataDir  string // the folder, when the configuration does not decide it
	data     string // the folder that is used
	accounts string // the file of the accounts that were made up; "" with a configuration
}

// load finds the configuration, or makes the accounts that do without one.
func (c serveCommand) load(t terminal) (setup, error) {
	s := setup{file: c.Config, dataDir: c.Data}
	if s.file == "" && exists(defaultConfig) {
		s.file = defaultConfig
	}
	var loaded *config.Loaded
	var err error
	if s.file != "" {
		loaded, err = config.Read(s.file)
	} else {
		s.dataDir = orElse(s.dataDir, defaultData)
		if s.accounts, _, err = config.Accounts(s.dataDir); err != nil {
			return s, err
		}
		loaded, err = config.ReadDefault(s.dataDir, s.accounts)
	}
	var mistakes config.Errors
	if errors.As(err, &mistakes) {
		fmt.Fprint(t.err, mistakes.Report())
		return s, errors.New("not started: the configuration has mistakes")
	}
	if err != nil {
		return s, err
	}
	fmt.Fprint(t.err, loaded.Warnings.Report())
	s.cfg = loaded.Config
	s.data = orElse(s.dataDir, s.cfg.Data)
	return s, nil
}

// ctlFlags are those that dialtone ctl needs to find the server, from the same
// folder.
func (s setup) ctlFlags() string {
	switch {
	case s.dataDir != "" && s.data != defaultData:
		return " --data " + s.data
	case s.file != "" && s.file != defaultConfig:
		return " --config " + s.file
	}
	return ""
}

// dataFolder is what the configuration in file says. When the file has mistakes,
// the line that begins with "data:" is believed: the server may still run with
// what was there before, and is to be asked.
func dataFolder(file string) (string, error) {
	cfg, _, err := config.Load(file)
	if err == nil {
		return cfg.Data, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	data := defaultData
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "data:"); ok {
			value, _, _ = strings.Cut(value, " #")
			data = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	if !filepath.IsAbs(data) {
		data = filepath.Join(filepath.Dir(file), data)
	}
	return data, nil
}
