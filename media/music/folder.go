package music

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"dialtone/media/audio"
)

const (
	maxFiles   = 10_000
	maxCredits = 4096 // bytes
	creditsTxt = "CREDITS.txt"
	shortest   = 4 * crossfade // that a file may last
)

// folder gives one file after the other. It looks into the folder each time, so that
// what is put there, or taken away, is noticed.
type folder struct {
	path     string
	shuffled bool
	log      *slog.Logger
	last     string
	queue    []string             // still to be played, when shuffled
	known    []string             // the files when the queue was made
	bad      map[string]time.Time // files that could not be opened, as they were then
}

// next opens the next file.
func (f *folder) next() (*audio.Clip, error) {
	names, err := f.names()
	if err != nil {
		return nil, err
	}
	var why error
	for range names {
		name := f.choose(names)
		f.last = name
		clip, err := f.open(name)
		if err == nil {
			return clip, nil
		}
		why = err
	}
	if why == nil {
		why = fmt.Errorf("there is no music in %s: put files there that end in %s", f.path, strings.Join(audio.Suffixes(), ", "))
	}
	return nil, why
}

// names are the files of the folder, sorted.
func (f *folder) names() ([]string, error) {
	dir, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(maxFiles)
	if err != nil && len(entries) == 0 && !errors.Is(err, os.ErrClosed) {
		entries = nil // empty, or gone meanwhile
	}
	var names []string
	for _, e := range entries {
		if audio.IsAudio(e.Name()) && !e.IsDir() && e.Name()[0] != '.' {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// choose says which one of names is next.
func (f *folder) choose(names []string) string {
	if !f.shuffled {
		i, found := slices.BinarySearch(names, f.last)
		if found {
			i++
		}
		return names[i%len(names)]
	}
	gone := func(name string) bool { return !slices.Contains(names, name) }
	f.queue = slices.DeleteFunc(f.queue, gone)
	for _, name := range names {
		if len(f.queue) > 0 && !slices.Contains(f.known, name) { // new: soon, at some time
			f.queue = slices.Insert(f.queue, rand.IntN(len(f.queue)+1), name)
		}
	}
	if len(f.queue) == 0 {
		f.queue = slices.Clone(names)
		rand.Shuffle(len(f.queue), func(i, j int) { f.queue[i], f.queue[j] = f.queue[j], f.queue[i] })
		if len(f.queue) > 1 && f.queue[0] == f.last { // not twice in sequence
			f.queue = append(f.queue[1:], f.last)
		}
	}
	f.known = names
	name := f.queue[0]
	f.queue = f.queue[1:]
	return name
}

// open opens a file. One that cannot be is logged once, until it changes.
func (f *folder) open(name string) (*audio.Clip, error) {
	path := filepath.Join(f.path, name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	clip, err := audio.OpenPath(path, rate)
	if err == nil && clip.Length() > 0 && clip.Length() < shortest {
		err = errors.Join(fmt.Errorf("%s lasts %v, which is too short for music", path, clip.Length()), clip.Close())
	}
	if err == nil {
		delete(f.bad, name)
		return clip, nil
	}
	if f.bad == nil {
		f.bad = map[string]time.Time{}
	}
	if at, known := f.bad[name]; !known || !at.Equal(info.ModTime()) {
		f.bad[name] = info.ModTime()
		f.log.Warn("a file of the music is left out", "error", err)
	}
	return nil, err
}

// credits is what the file CREDITS.txt in a folder says, for people to read.
func credits(folder string) string {
	if folder == "" {
		return ""
	}
	file, err := os.Open(filepath.Join(folder, creditsTxt))
	if err != nil {
		return ""
	}
	defer file.Close()
	b := make([]byte, maxCredits)
	n, _ := file.Read(b)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(string(b[:n]), "")))
}
