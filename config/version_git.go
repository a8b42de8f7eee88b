package config

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // as git names files
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// workTree is a folder that git keeps, read without git: that may not be installed,
// and running it for every reload would be slow.
type workTree struct {
	top    string // the folder, without links
	git    string // what belongs to this work tree
	commit string
}

const (
	maxGitFolders = 64
	maxGitRef     = 4 << 10
	maxGitIndex   = 64 << 20
	maxPackedRefs = 16 << 20
)

var commitName = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// findWorkTree looks for the work tree that dir is in, and for its commit.
func findWorkTree(dir string) (workTree, bool) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return workTree{}, false
	}
	for range maxGitFolders {
		if git, ok := gitFolder(dir); ok {
			t := workTree{top: dir, git: git}
			t.commit = t.resolve("HEAD", 0)
			return t, t.commit != ""
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return workTree{}, false
}

// gitFolder is .git in dir: a folder, or a file that names one.
func gitFolder(dir string) (string, bool) {
	path := filepath.Join(dir, ".git")
	info, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	if info.IsDir() {
		return path, true
	}
	data, _, err := readRegular(path, maxGitRef)
	name, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
	if err != nil || !ok {
		return "", false
	}
	return from(dir, name), true
}

// from is name as seen from dir.
func from(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// resolve gives the commit that a reference stands for, "" when it is not known.
func (t workTree) resolve(ref string, depth int) string {
	if depth > 4 || !filepath.IsLocal(ref) {
		return ""
	}
	for _, dir := range []string{t.git, t.common()} {
		data, _, err := readRegular(filepath.Join(dir, ref), maxGitRef)
		if err != nil {
			continue
		}
		text := strings.TrimSpace(string(data))
		if next, symbolic := strings.CutPrefix(text, "ref: "); symbolic {
			return t.resolve(next, depth+1)
		}
		if commitName.MatchString(text) {
			return text
		}
	}
	return t.packed(ref)
}

// common is the folder that all work trees of a repository share.
func (t workTree) common() string {
	data, _, err := readRegular(filepath.Join(t.git, "commondir"), maxGitRef)
	if err != nil {
		return t.git
	}
	return from(t.git, strings.TrimSpace(string(data)))
}

// packed looks a reference up among those that git has put into one file.
func (t workTree) packed(ref string) string {
	data, _, err := readRegular(filepath.Join(t.common(), "packed-refs"), maxPackedRefs)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		commit, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == ref && commitName.MatchString(commit) {
			return commit
		}
	}
	return ""
}

// inside is a file as git calls it, "" when it is outside of the tree.
func (t workTree) inside(name string) string {
	name, err := filepath.Abs(name)
	if err == nil {
		name, err = filepath.EvalSymlinks(name)
	}
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(t.top, name)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}

// blobs are the files that git knows, as they were last added; nil when its index
// cannot be read.
func (t workTree) blobs() map[string][sha1.Size]byte {
	data, _, err := readRegular(filepath.Join(t.git, "index"), maxGitIndex)
	if err != nil || len(data) < 12 || !bytes.HasPrefix(data, []byte("DIRC")) {
		return nil
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 {
		return nil
	}
	out := map[string][sha1.Size]byte{}
	rest, name := data[12:], []byte(nil)
	for range count {
		var blob [sha1.Size]byte
		if blob, name, rest = indexEntry(rest, name, version); rest == nil {
			return nil
		}
		out[string(name)] = blob
	}
	return out
}

// fixedEntry is how long an entry is before its flags end: times, device, owner,
// size, name of the content, flags (gitformat-index).
const fixedEntry = 62

// indexEntry reads one entry; rest is nil when it is none. before is the name of
// the entry before it, which version 4 refers to.
func indexEntry(data, before []byte, version uint32) (blob [sha1.Size]byte, name, rest []byte) {
	if len(data) < fixedEntry {
		return blob, nil, nil
	}
	blob = [sha1.Size]byte(data[40:60])
	head := fixedEntry
	if data[60]&0x40 != 0 {
		head += 2
	}
	if version == 4 {
		drop, n := indexOffset(data[min(head, len(data)):])
		head += n
		if n == 0 || drop > len(before) {
			return blob, nil, nil
		}
		before = before[:len(before)-drop]
	} else {
		before = nil
	}
	end := bytes.IndexByte(data[min(head, len(data)):], 0)
	if end < 0 {
		return blob, nil, nil
	}
	name = append(bytes.Clone(before), data[head:head+end]...)
	next := head + end + 1
	if version != 4 {
		next = (head + end + 8) &^ 7
	}
	if next > len(data) {
		return blob, nil, nil
	}
	return blob, name, data[next:]
}

// indexOffset reads a number of varying length; n is 0 when it is none.
func indexOffset(data []byte) (value, n int) {
	for i, c := range data {
		if i > 0 {
			value++
		}
		value = value<<7 | int(c&0x7f)
		switch {
		case c&0x80 == 0:
			return value, i + 1
		case i >= 4:
			return 0, 0
		}
	}
	return 0, 0
}
