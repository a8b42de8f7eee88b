package config

import (
	"os"
	"path/filepath"
	"reflect"

	"dialtone/dialplan"
)

// Document is a YAML file that is no configuration, such as the tests of a
// dialplan, and what is wrong with it.
type Document struct{ loader *loader }

// ReadDocument reads the file name into the struct that into points to, by the
// rules of the sections of a dialplan: texts are dialplan.Text, lists of records
// are slices of pointers, keys that the struct does not have are mistakes.
func ReadDocument(name string, into any) *Document {
	data, _, err := readRegular(name, maxFileBytes)
	if err != nil {
		d := newDocument(name)
		d.loader.report(finding{at: Position{File: name}, problem: fileProblem(err, maxFileBytes)})
		return d
	}
	return ParseDocument(name, data, into)
}

// ParseDocument is ReadDocument of data, which mistakes call name; what it
// refers to is relative to the folder of name.
func ParseDocument(name string, data []byte, into any) *Document {
	d := newDocument(name)
	src := newSource(name, filepath.Dir(name), data)
	d.loader.sources[name] = src
	root, wrong := src.parse(data)
	switch {
	case wrong != nil:
		d.loader.errs = append(d.loader.errs, wrong)
	case root == nil:
		d.loader.report(finding{at: Position{File: name}, problem: problem{"the file is empty", ""}})
	default:
		dec := decoder{loader: d.loader, src: src}
		dec.planRecord(root, reflect.ValueOf(into).Elem(), "")
	}
	return d
}

func newDocument(name string) *Document {
	d := &Document{newLoader(filepath.Dir(name), os.LookupEnv)}
	d.loader.read = []string{name}
	return d
}

// Fail adds what the reader of the document found wrong in it.
func (d *Document) Fail(at dialplan.Pos, path, reason, remedy string) {
	d.loader.report(finding{at: Position(at), path: path, problem: problem{reason, remedy}})
}

// Err is everything that is wrong, as Errors, or nil.
func (d *Document) Err() error {
	d.loader.errs.sort(d.loader.read)
	return d.loader.errs.Err()
}
