package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dialtone/media/wav"
)

// PromptsDir is the folder of the files that are played to callers.
func (c *Config) PromptsDir() string {
	if c.Prompts != "" {
		return c.Prompts
	}
	return filepath.Join(c.Data, "prompts")
}

// prompt says what is wrong with a file of that folder, by its name without .wav;
// with a * in the name, that none is like it.
func (c *Config) prompt(name string) error {
	folder := c.PromptsDir()
	if !strings.Contains(name, "*") {
		f, err := wav.Open(folder, name)
		if err != nil {
			return err
		}
		return f.Close()
	}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no folder " + folder)
	}
	if err != nil {
		return err
	}
	defer root.Close()
	if found, err := fs.Glob(root.FS(), name+wav.Suffix); err != nil || len(found) == 0 {
		return fmt.Errorf("there is no file like %s%s in %s", name, wav.Suffix, folder)
	}
	return nil
}
