package config

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"dialtone/dialplan"
	"dialtone/media/audio"
	"dialtone/prompts"
)

// PromptsDir is the folder of the files that are played to callers.
func (c *Config) PromptsDir() string {
	if c.Prompts != "" {
		return c.Prompts
	}
	return filepath.Join(c.Data, "prompts")
}

// prompt says what is wrong with a prompt, by its name without .wav; with a * in the
// name, that none is like it. A file of the folder comes before a prompt of ours.
func (c *Config) prompt(name string) *dialplan.Finding {
	folder := c.PromptsDir()
	if strings.Contains(name, "*") {
		return likePrompt(folder, name)
	}
	_, more, err := audio.Find(folder, name)
	if err == nil {
		return c.ownPrompt(name, more)
	}
	for _, suffix := range audio.Suffixes() {
		if _, missing := os.Lstat(filepath.Join(folder, filepath.FromSlash(name)+suffix)); !errors.Is(missing, fs.ErrNotExist) {
			return unplayable(err)
		}
	}
	if _, ours := prompts.Find(prompts.Fallback, name); ours {
		return nil
	}
	return c.noPrompt(name, err)
}

// noPrompt says that there is none of that name, and which is called nearly so.
func (c *Config) noPrompt(name string, err error) *dialplan.Finding {
	folder := c.PromptsDir()
	_, none := os.Stat(folder)
	without := errors.Is(none, fs.ErrNotExist)
	if without && c.Prompts != "" {
		return noFolder(folder)
	}
	near := nearPrompt(folder, name)
	switch {
	case near != "" && without: // who has no files of his own means one of ours
		return &dialplan.Finding{Reason: "there is no prompt " + quoted(name), Remedy: "did you mean " + quoted(near) + "?"}
	case near != "":
		return &dialplan.Finding{Reason: err.Error(), Remedy: "did you mean " + quoted(near) + "?"}
	case without:
		return noFolder(folder)
	}
	return &dialplan.Finding{Reason: err.Error(), Remedy: putPrompt}
}

const putPrompt = "put an audio file there, or name another"

func noFolder(folder string) *dialplan.Finding {
	return &dialplan.Finding{
		Reason: "there is no folder " + folder,
		Remedy: "make it and put audio files there, or name another with prompts: (cookbook/prompts has some to try)",
	}
}

// unplayable says that a file is there, but cannot be played.
func unplayable(err error) *dialplan.Finding {
	return &dialplan.Finding{Reason: err.Error(), Remedy: "replace the file, or name another"}
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
func (c *Config) ownPrompt(name string, more []string) *dialplan.Finding {
	clip, err := audio.Open(c.PromptsDir(), name, anyRate)
	if err == nil {
		err = clip.Close()
	}
	switch {
	case err != nil:
		return unplayable(err)
	case len(more) > 0:
		return &dialplan.Finding{
			Reason:  "there are several files of that name: " + clip.Name() + " is played, and never " + strings.Join(more, ", "),
			Remedy:  "remove those that are not wanted",
			Warning: true,
		}
	}
	return nil
}

// anyRate is one at which a file can be opened, to see whether it can be.
const anyRate = 8000

// likePrompt says that no name fits a pattern.
func likePrompt(folder, pattern string) *dialplan.Finding {
	for _, p := range prompts.List(prompts.Fallback) {
		if ok, err := path.Match(pattern, p.Name); ok && err == nil {
			return nil
		}
	}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return noFolder(folder)
	}
	if err != nil {
		return &dialplan.Finding{Reason: err.Error(), Remedy: "make it a folder that can be read, or name another with prompts:"}
	}
	defer root.Close()
	for _, suffix := range audio.Suffixes() {
		if found, err := fs.Glob(root.FS(), pattern+suffix); err == nil && len(found) > 0 {
			return nil
		}
	}
	return &dialplan.Finding{Reason: "there is no file like " + pattern + ".wav in " + folder, Remedy: putPrompt}
}

// maxNear bounds how many files of the folder are compared.
const maxNear = 2000

// nearPrompt is the name of a file or of a prompt of ours that is nearest to one that
// is not there, "" when none is near.
func nearPrompt(folder, name string) string {
	var known []string
	for _, p := range prompts.List(prompts.Fallback) {
		if !strings.HasPrefix(p.Name, name+"/") { // a folder of ours is no prompt
			known = append(known, p.Name)
		}
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
