package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
)

// file reads one YAML file. pos and path are of the key that named it, none for
// the main file.
func (l *loader) file(name string, pos Position, path string, depth int) {
	l.read = appendNew(l.read, name)
	if pos.File == "" {
		pos.File = name
	}
	data, info, p := l.fileData(name, path != "")
	if !p.found() {
		p = l.enter(name, pos)
	}
	if p.found() {
		l.report(finding{at: pos, path: path, problem: p})
		return
	}
	l.text(newSource(name, filepath.Dir(name), data), data, depth)
	l.open = l.open[:len(l.open)-1]
	if l.secrets[name] && othersRead(info) {
		l.report(finding{at: Position{File: name}, warning: true, problem: problem{
			"every user of this machine can read the passwords in it", "chmod 640 " + name,
		}})
	}
}

// fileData reads one YAML file within the bounds of all.
func (l *loader) fileData(name string, included bool) ([]byte, fs.FileInfo, problem) {
	if len(l.sources) >= maxFiles {
		return nil, nil, problem{fmt.Sprintf("more than %d files are included", maxFiles), "put several of them into one"}
	}
	data, info, err := readRegular(name, min(maxFileBytes, maxTotalBytes-l.bytes))
	if err == nil {
		l.bytes += int64(len(data))
		return data, info, problem{}
	}
	p := fileProblem(err, maxFileBytes)
	switch {
	case included:
		p.reason = name + ": " + p.reason
	case errors.Is(err, fs.ErrNotExist):
		p.remedy = "check the name, or write one with `dialtone init`"
	}
	return nil, nil, p
}

// enter notes that a file is being read, or says why it must not be read again.
func (l *loader) enter(name string, pos Position) problem {
	target, err := filepath.EvalSymlinks(name)
	if err == nil {
		target, err = filepath.Abs(target)
	}
	if err != nil {
		return problem{name + ": " + err.Error(), "check that it is there"}
	}
	if slices.Contains(l.open, target) {
		return problem{name + " includes itself, over " + strings.Join(bases(l.open), " and "), "name other files; keep those of a pattern in a folder of their own"}
	}
	if at, twice := l.included[target]; twice {
		return problem{fmt.Sprintf("%s is included twice, first at %s:%d:%d", name, at.File, at.Line, at.Column), "include it once"}
	}
	l.included[target] = pos
	l.open = append(l.open, target)
	return problem{}
}

func bases(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = filepath.Base(p)
	}
	return out
}

// include reads the files that one entry of include: names.
func (l *loader) include(src *source, inc included, depth int) {
	fail := func(reason, remedy string) {
		l.report(finding{at: inc.at, path: inc.path, problem: problem{reason, remedy}})
	}
	switch {
	case !l.files:
		fail("include does not work here, where only one text is read", "put it all into the text")
		return
	case depth > maxDepth:
		fail(fmt.Sprintf("includes are more than %d deep", maxDepth), "include the files from higher up")
		return
	case inc.name == "":
		fail("the file name is empty", "write the name of a file, or remove the line")
		return
	}
	name := inc.name
	if !filepath.IsAbs(name) {
		name = filepath.Join(src.dir, name)
	}
	if _, err := os.Stat(name); err == nil || !isPattern(inc.name) {
		l.file(name, inc.at, inc.path, depth)
		return
	}
	l.patterns = appendNew(l.patterns, name)
	matches, err := glob(name)
	if err != nil {
		fail("the pattern "+inc.name+" is not complete", "close the [ or write \\[ for the character itself")
		return
	}
	for _, m := range matches {
		l.file(m, inc.at, inc.path, depth)
	}
}

func isPattern(name string) bool { return strings.ContainsAny(name, "*?[") }

// glob is filepath.Glob, sorted, without the hidden files that editors leave.
func glob(pattern string) ([]string, error) {
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	matches = slices.DeleteFunc(matches, func(m string) bool { return strings.HasPrefix(filepath.Base(m), ".") })
	sort.Strings(matches)
	return matches, nil
}

var (
	errNotRegular = errors.New("it is not a regular file")
	errTooBig     = errors.New("it is too big")
)

// readRegular reads a regular file of at most limit bytes; pipes and devices,
// which could block, are refused before they are opened.
func readRegular(name string, limit int64) ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(data)) > limit {
		return nil, nil, errTooBig
	}
	return data, info, nil
}

func fileProblem(err error, limit int) problem {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return problem{"there is no such file", "check the name; it is relative to the file that names it"}
	case errors.Is(err, fs.ErrPermission):
		return problem{"it may not be read", "give the user that runs Dialtone the right to read it"}
	case errors.Is(err, errNotRegular):
		return problem{err.Error(), "name a file"}
	case errors.Is(err, errTooBig):
		return problem{err.Error(), fmt.Sprintf("at most %d KiB are read of one file, %d KiB of all", limit>>10, maxTotalBytes>>10)}
	}
	return problem{err.Error(), ""}
}

// othersRead reports whether users outside the file's group can read it.
func othersRead(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0
}

// secretFile gives the first line of the file that a secret names.
func (l *loader) secretFile(name string) (string, []problem) {
	if !l.files {
		return "", []problem{{"file: does not work here, where only one text is read", "write the value, or ${NAME} to take it from the environment"}}
	}
	data, info, err := readRegular(name, maxSecretBytes)
	if err != nil {
		p := fileProblem(err, maxSecretBytes)
		return "", []problem{{name + ": " + p.reason, p.remedy}}
	}
	l.read = appendNew(l.read, name)
	var warnings []problem
	if othersRead(info) {
		warnings = append(warnings, problem{name + " can be read by every user of this machine", "chmod 640 " + name})
	}
	line, _, _ := strings.Cut(string(data), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", []problem{{name + ": the first line is empty", "write the secret into the first line"}}
	}
	return line, warnings
}
