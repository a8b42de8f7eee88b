package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"dialtone/dialplan"
	"dialtone/media/audio"
	"dialtone/media/wav"
	"dialtone/prompts"
)

// PromptsDir is the folder of the files that are played to callers.
func (c *Config) PromptsDir() string {
	if c.Prompts != "" {
		return c.Prompts
	}
	return filepath.Join(c.Data, "prompts")
}

// prompt says what is wrong with a prompt, by its name without .wav, and what is called
// nearly so; with a * in the name, that none is like it. A file of the folder comes
// before a prompt of ours.
func (c *Config) prompt(name string) (near string, err error) {
	folder := c.PromptsDir()
	if strings.Contains(name, "*") {
		return "", likePrompt(folder, name)
	}
	_, more, err := audio.Find(folder, name)
	if err == nil {
		return "", c.ownPrompt(name, more)
	}
	for _, suffix := range audio.Suffixes() {
		if _, missing := os.Lstat(filepath.Join(folder, filepath.FromSlash(name)+suffix)); !errors.Is(missing, fs.ErrNotExist) {
			return "", err
		}
	}
	if _, ours := prompts.Find(prompts.Fallback, name); ours {
		return "", nil
	}
	return nearPrompt(folder, name), err
}

// recorded reports whether the folder has a file of that name.
func (c *Config) recorded(name string) bool {
	_, _, err := audio.Find(c.PromptsDir(), name)
	return err == nil
}

// names are those of extensions that have one.
func (c *Config) names() map[string]string {
	out := map[string]string{}
	for number, e := range c.Extensions {
		if e.Name != "" {
			out[number] = e.Name
		}
	}
	return out
}

// ownPrompt says what is wrong with a file of the folder, which hides more of its name.
func (c *Config) ownPrompt(name string, more []string) error {
	clip, err := audio.Open(c.PromptsDir(), name, anyRate)
	if err != nil {
		return err
	}
	if err := clip.Close(); err != nil {
		return err
	}
	if len(more) > 0 {
		return &dialplan.Doubt{
			Reason: "there are several files of that name: " + clip.Name() + " is played, and never " + strings.Join(more, ", "),
			Remedy: "remove those that are not wanted",
		}
	}
	return nil
}

// anyRate is one at which a file can be opened, to see whether it can be.
const anyRate = 8000

// likePrompt reports that no name fits a pattern.
func likePrompt(folder, pattern string) error {
	for _, p := range prompts.List(prompts.Fallback) {
		if ok, err := path.Match(pattern, p.Name); ok && err == nil {
			return nil
		}
	}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no folder " + folder)
	}
	if err != nil {
		return err
	}
	defer root.Close()
	for _, suffix := range audio.Suffixes() {
		if found, err := fs.Glob(root.FS(), pattern+suffix); err == nil && len(found) > 0 {
			return nil
		}
	}
	return fmt.Errorf("there is no file like %s%s in %s", pattern, wav.Suffix, folder)
}

// maxNear bounds how many files of the folder are compared.
const maxNear = 2000

// nearPrompt is the name of a file or of a prompt of ours that is nearest to one that
// is not there, "" when none is near.
func nearPrompt(folder, name string) string {
	var known []string
	for _, p := range prompts.List(prompts.Fallback) {
		known = append(known, p.Name)
	}
	_ = filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		own, is := strings.TrimSuffix(file, filepath.Ext(file)), audio.IsAudio(file)
		if err != nil || len(known) > maxNear {
			return fs.SkipAll
		}
		if rel, err := filepath.Rel(folder, own); is && err == nil && !d.IsDir() {
			known = append(known, filepath.ToSlash(rel))
		}
		return nil
	})
	if near := dialplan.Nearest(name, known); near != "" {
		return near
	}
	for _, k := range known { // busy for call/busy
		if _, last, ok := strings.Cut(k, "/"); ok && last == name {
			return k
		}
	}
	return ""
}
