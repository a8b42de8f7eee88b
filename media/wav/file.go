package wav

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
)

// Suffix is how the names of files end, which is not written in a plan.
const Suffix = ".wav"

// namePattern are names within a folder: no way leads out of it, or to what is
// hidden.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){0,3}$`)

// IsName reports whether name can be that of a file in a folder: letters, digits,
// dots, - and _, in up to four parts with / between them.
func IsName(name string) bool { return namePattern.MatchString(name) }

// File is a file that is open.
type File struct {
	*Reader
	file *os.File
}

// Open opens the file called name, without its suffix, in folder. Names that are
// none, and links that lead out of the folder, are errors.
func Open(folder, name string) (*File, error) {
	if !IsName(name) {
		return nil, fmt.Errorf("%.80q is no name of a file: write letters, digits, dots, - and _", name)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, missing(err, "there is no folder "+folder)
	}
	defer root.Close()
	info, err := root.Stat(name + Suffix)
	if err != nil {
		return nil, missing(err, "there is no file "+name+Suffix+" in "+folder)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for who writes to it
		return nil, fmt.Errorf("%s%s in %s is no file", name, Suffix, folder)
	}
	file, err := root.Open(name + Suffix)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(file)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s%s in %s: %w", name, Suffix, folder, err)
	}
	return &File{r, file}, nil
}

func missing(err error, says string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New(says)
	}
	return err
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }
