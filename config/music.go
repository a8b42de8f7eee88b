package config

import (
	"net/url"
	"os"
	"path/filepath"

	"dialtone/media/audio"
)

// Music is what callers hear who wait.
type Music struct {
	// Hold is the class that is heard by who is on hold; none is not to play any, and to
	// pass on what the phone that holds sends.
	Hold string `yaml:"hold" format:"name"`
	// Classes are kinds of music, by name. Who names none hears default; without a class
	// of that name it is the built-in music.
	Classes map[string]MusicClass `yaml:"classes,omitempty" key:"name"`
}

// MusicClass is a kind of music: files in a folder, or a live stream. All who hear it
// at the same time hear the same.
type MusicClass struct {
	// Folder holds the files: WAV, FLAC, Opus, Vorbis (.ogg) or MP3 of any rate, relative
	// to the configuration file. Files that are put there, or taken away, are noticed
	// when the next one begins. CREDITS.txt in it is shown by `dialtone ctl music`.
	Folder string `yaml:"folder,omitempty" path:"true" format:"path"`
	// Order is shuffled: another order each time; or by-name, which is the default.
	Order string `yaml:"order,omitempty" enum:"shuffled,by-name"`
	// URL is a live stream (HTTP): MP3, or Ogg with Opus, Vorbis or FLAC. While it is not
	// there, the built-in music is heard.
	URL string `yaml:"url,omitempty"`
}

// NoMusic is the class that is none.
const NoMusic = "none"

// DefaultMusic is the class of who names none.
const DefaultMusic = "default"

// music checks the classes.
func (c *validator) music() {
	for _, name := range sortedKeys(c.cfg.Music.Classes) {
		c.musicClass(name, c.cfg.Music.Classes[name])
	}
	if hold := c.cfg.Music.Hold; c.good("music.hold") && hold != NoMusic && hold != DefaultMusic {
		if _, ok := c.cfg.Music.Classes[hold]; !ok {
			c.fail("music.hold", "there is no class "+quoted(hold), "define it under music.classes, or write none")
		}
	}
}

func (c *validator) musicClass(name string, m MusicClass) {
	path := join("music.classes", name)
	folder, stream := join(path, "folder"), join(path, "url")
	switch {
	case !c.good(path, folder, stream):
	case name == NoMusic:
		c.fail(path, "none is the name for no music at all", "call the class otherwise")
	case m.Folder == "" && m.URL == "":
		c.fail(path, "the class has no music", "write folder: music, or url: http://radio.example.net/live")
	case m.Folder != "" && m.URL != "":
		c.fail(stream, "the class has two sources: a folder and a stream", "remove one of them")
	case m.URL != "" && m.Order != "":
		c.fail(join(path, "order"), "a live stream has no order", "remove order")
	case m.URL != "" && !isStream(m.URL):
		c.fail(stream, quoted(m.URL)+" is no address of a stream", "write one like http://radio.example.net/live.mp3")
	case m.Folder != "":
		c.musicFolder(folder, m.Folder)
	}
}

func isStream(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

// musicFolder warns of a folder without music: it may be filled later.
func (c *validator) musicFolder(path, folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		c.warn(path, "the folder "+filepath.Clean(folder)+" cannot be read", "make it, and put music there; the built-in music is heard until then")
		return
	}
	for _, e := range entries {
		if !e.IsDir() && audio.IsAudio(e.Name()) {
			return
		}
	}
	c.warn(path, "there is no music in the folder "+filepath.Clean(folder), "put WAV, FLAC, Opus, Vorbis or MP3 files there; the built-in music is heard until then")
}
