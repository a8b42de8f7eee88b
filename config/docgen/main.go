// Command docgen writes the reference, the sample and the JSON Schema of the
// configuration from the struct in package config: what a key means is the doc
// comment of its field. The page of the cookbook is made of how its plans begin.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	files, err := generate(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate gives the text of every generated file by its path in the module.
// Those in docs are for readers, those in config are embedded.
func generate(root string) (map[string][]byte, error) {
	docs, err := readComments(filepath.Join(root, "config"))
	if err != nil {
		return nil, err
	}
	words, err := readComments(filepath.Join(root, "dialplan"))
	if err != nil {
		return nil, err
	}
	docs["Site"], docs["SettingCodes"] = words["Site"], words["SettingCodes"] // sections whose structs are there
	top, err := sectionsOf(docs)
	if err != nil {
		return nil, err
	}
	schema, err := schemaOf(top, words)
	if err != nil {
		return nil, err
	}
	language, err := languageOf(words)
	if err != nil {
		return nil, err
	}
	cookbook, err := cookbookOf(filepath.Join(root, "cookbook"))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{"docs/dialplan-reference.md": language, "docs/cookbook.md": cookbook}
	for name, text := range map[string][]byte{
		"config.md":            referenceOf(top),
		"dialtone.sample.yaml": sampleOf(top),
		"dialtone.schema.json": schema,
	} {
		out["docs/"+name] = text
		out["config/generated/"+name] = text
	}
	return out, nil
}

// moduleRoot is the folder of go.mod, here or above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("no go.mod here or above; run it inside the module")
		}
		dir = filepath.Dir(dir)
	}
}
