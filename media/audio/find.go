package audio

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
)

// namePattern are names within a folder: no way leads out of it, or to what is
// hidden.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){0,3}$`)

// Suffixes are how the names of files end that can be played, in the order in which
// they are looked for.
func Suffixes() []string { return []string{".wav", ".flac", ".opus", ".ogg", ".oga", ".mp3"} }

// IsAudio reports whether a file called name may hold audio, by the end of its name.
func IsAudio(name string) bool {
	return slices.ContainsFunc(Suffixes(), func(s string) bool {
		return len(name) > len(s) && strings.EqualFold(name[len(name)-len(s):], s)
	})
}

// Find gives the file called name in folder, where name has no suffix: the first one
// with one of Suffixes. more are the others, which it hides. Names that are none, and
// links that lead out of the folder, are errors.
func Find(folder, name string) (file string, more []string, err error) {
	root, err := openRoot(folder, name)
	if err != nil {
		return "", nil, err
	}
	defer root.Close()
	return find(root, folder, name)
}

// openRoot opens folder to look for name in it.
func openRoot(folder, name string) (*os.Root, error) {
	if !namePattern.MatchString(name) {
		return nil, fmt.Errorf("%.80q is no name of a file: write letters, digits, dots, - and _", name)
	}
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s", folder)
	}
	return root, err
}

func find(root *os.Root, folder, name string) (file string, more []string, err error) {
	var odd error
	for _, suffix := range Suffixes() {
		info, err := root.Stat(name + suffix)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			odd = errors.Join(odd, err)
		case !info.Mode().IsRegular(): // opening a pipe would wait for who writes to it
			odd = errors.Join(odd, fmt.Errorf("%s%s in %s is no file", name, suffix, folder))
		case file == "":
			file = name + suffix
		default:
			more = append(more, name+suffix)
		}
	}
	switch {
	case file != "":
		return file, more, nil
	case odd != nil:
		return "", nil, odd
	}
	return "", nil, fmt.Errorf("there is no file %s.wav in %s", name, folder)
}
