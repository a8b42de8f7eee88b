package config

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The accounts of a first start.
const (
	accountsFile = "extensions.yaml"
	firstAccount = 100
	lastAccount  = 109
)

// letters cannot be mistaken for each other; 32 of them are 5 bits each.
const letters = "abcdefghijkmnpqrstuvwxyz23456789"

// Accounts makes extensions.yaml in dir, with extensions 100 to 109 and random
// passwords, readable by its owner alone, and dir when it is missing. A file
// that is there is kept, and created is false.
func Accounts(dir string) (path string, created bool, err error) {
	path = filepath.Join(dir, accountsFile)
	if _, err := os.Lstat(path); err == nil {
		return path, false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return path, false, fmt.Errorf("look for the accounts: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return path, false, fmt.Errorf("make the data folder: %w", err)
	}
	var b bytes.Buffer
	b.WriteString("# The phones of this Dialtone, made at its first start. Yours to edit: change\n" +
		"# names and passwords, add and remove extensions. Keep it unreadable for others.\n" +
		"extensions:\n")
	for n := firstAccount; n <= lastAccount; n++ {
		fmt.Fprintf(&b, "  \"%d\": {password: %s, name: Phone %d}\n", n, newPassword().Reveal(), n)
	}
	err = create(path, b.Bytes())
	if errors.Is(err, fs.ErrExist) {
		return path, false, nil
	}
	if err != nil {
		return path, false, fmt.Errorf("write the accounts: %w", err)
	}
	return path, true, nil
}

// newPassword is four groups of four letters, 80 bits.
func newPassword() Secret {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails, see its documentation
	var out []byte
	for i, b := range random {
		if i > 0 && i%4 == 0 {
			out = append(out, '-')
		}
		out = append(out, letters[b%32])
	}
	return Secret(out)
}

// create writes a file of mode 0600 that is there either whole or not at all;
// fs.ErrExist when the name is taken.
func create(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".dialtone-*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := publish(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// publish gives the finished file its name, never over another.
func publish(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without hard links: the best that is left has a gap between
	// the look and the rename.
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return os.Rename(temporary, path)
}
