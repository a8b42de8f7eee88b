package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// WriteInit writes a commented configuration to path that stands for the same
// as no configuration with data in dataDir: the sample with data, include of the
// accounts, see Accounts, and voicemail active. A file that is there is not touched: the
// error is fs.ErrExist.
func WriteInit(path, dataDir string) error {
	dir, err := relativeTo(filepath.Dir(path), dataDir)
	if err != nil {
		return err
	}
	text := Sample()
	for _, key := range [...]struct{ off, on string }{
		{"\n#include: []\n", "\ninclude: [" + fmt.Sprintf("%q", literal(filepath.Join(dir, accountsFile))) + "]\n"},
		{"\n  #enabled: false\n", "\n  enabled: true\n"}, // voicemail
		{"\n#data: " + Default().Data + "\n", "\ndata: " + yamlText(literal(dir)) + "\n"},
	} {
		if bytes.Count(text, []byte(key.off)) != 1 {
			return fmt.Errorf("the built-in sample has no line %q", key.off[1:])
		}
		text = bytes.Replace(text, []byte(key.off), []byte(key.on), 1)
	}
	err = create(path, text)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and was not touched: %w", path, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// relativeTo gives target as seen from dir when it lies in or near it, else
// absolute.
func relativeTo(dir, target string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	target, err = filepath.Abs(target)
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(dir, target); err == nil && filepath.IsLocal(rel) {
		return rel, nil
	}
	return target, nil
}

// literal keeps ${ in a path from being taken for a variable.
func literal(path string) string { return strings.ReplaceAll(path, "${", "$${") }
