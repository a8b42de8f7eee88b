package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"dialtone/config"
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	dir := root(t)
	files, err := generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the code, or a plan of the cookbook, says; run: make generate (%v)", name, err)
		}
	}
	for name, embedded := range map[string][]byte{
		"docs/config.md": config.Reference(), "docs/dialtone.sample.yaml": config.Sample(), "docs/dialtone.schema.json": config.Schema(),
	} {
		if !bytes.Equal(embedded, files[name]) {
			t.Errorf("the embedded %s is not current; run: make generate", name)
		}
	}
}

func TestReferenceNamesEveryKey(t *testing.T) {
	text := string(config.Reference())
	for _, part := range []string{
		"### `data`", "### `sip.udp`", "### `extensions.NAME.password`", "- Must be given", "- Default: `[\":5060\"]`",
		"- A change needs a restart", "- Type: duration, 5s to 1h, or 0 for off", "`max_contacts` is how many",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q", part)
		}
	}
}

func TestFieldsWithoutCommentAreRefused(t *testing.T) {
	docs, err := readComments(filepath.Join(root(t), "config"))
	if err != nil {
		t.Fatal(err)
	}
	docs["SIP"]["Trace"] = ""
	if _, err := sectionsOf(docs); err == nil || !strings.Contains(err.Error(), "SIP.Trace has no doc comment") {
		t.Errorf("got %v", err)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// value reads a node as an editor does: keys are texts, references and << are
// filled in.
func value(n *yaml.Node) any { return values{}.of(n) }

// values are those of the nodes that were read, so that each is read once however
// often it is referred to. Within itself a node is nothing.
type values map[*yaml.Node]any

func (v values) of(n *yaml.Node) any {
	if known, read := v[n]; read {
		return known
	}
	v[n] = nil
	v[n] = v.read(n)
	return v[n]
}

func (v values) read(n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return v.of(n.Content[0])
	case yaml.AliasNode:
		return v.of(n.Alias)
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, v.of(c))
		}
		return out
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			key, what := n.Content[i].Value, v.of(n.Content[i+1])
			if base, ok := what.(map[string]any); ok && key == "<<" {
				maps.Copy(out, base)
				continue
			}
			out[key] = what
		}
		return out
	}
	return scalarValue(n)
}

// However deep a file is, and whatever refers to itself, it is read in no time.
func TestValuesEnd(t *testing.T) {
	var doc yaml.Node
	deep := strings.Repeat("a: {", 200) + strings.Repeat("}", 200)
	if err := yaml.Unmarshal([]byte("list: &all [1, *all, {<<: {b: 2}}]\ndeep: {"+deep+"}"), &doc); err != nil {
		t.Fatal(err)
	}
	got := value(&doc).(map[string]any)
	if want := []any{1.0, nil, map[string]any{"b": 2.0}}; !reflect.DeepEqual(got["list"], want) {
		t.Errorf("list is %v, want %v", got["list"], want)
	}
	depth := 0
	for at, ok := got["deep"].(map[string]any); ok && at["a"] != nil; at, ok = at["a"].(map[string]any) {
		depth++
	}
	if depth != 200 {
		t.Errorf("%d deep, want 200", depth)
	}
}

func scalarValue(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true"
	case "!!int", "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	}
	return n.Value
}

// The schema takes every good example and the sample, and refuses every bad one
// that is YAML and does not say "# schema: silent": what only Load can know.
func TestSchemaAgreesWithLoad(t *testing.T) {
	schema := compiled(t)
	names, err := filepath.Glob(filepath.Join(root(t), "testdata/config/*.yaml"))
	if err != nil || len(names) < 20 {
		t.Fatalf("%d examples, %v", len(names), err)
	}
	names = append(names, filepath.Join(root(t), "docs/dialtone.sample.yaml"))
	refused := 0
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var doc yaml.Node
		if yaml.Unmarshal(data, &doc) != nil || doc.Kind == 0 {
			continue
		}
		err = schema.Validate(value(&doc))
		bad := strings.HasSuffix(name, ".bad.yaml")
		silent := strings.Contains(string(data), "# schema: silent\n")
		switch {
		case !bad && err != nil:
			t.Errorf("%s is good, but: %v", filepath.Base(name), err)
		case bad && !silent && err == nil:
			t.Errorf("%s is bad, but the schema takes it", filepath.Base(name))
		case bad && err != nil:
			refused++
		}
	}
	if refused < 5 {
		t.Errorf("the schema refused only %d examples", refused)
	}
}
