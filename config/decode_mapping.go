package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// entry is one key of a mapping.
type entry struct{ key, value *yaml.Node }

// entries lists the keys of a mapping once each, those of << after its own, and
// reports what is given twice.
func (d *decoder) entries(n *yaml.Node, path string) []entry {
	var out, merged []entry
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := d.resolve(n.Content[i]), n.Content[i+1]
		if !d.spend(n) {
			return nil
		}
		if key == nil || key.Kind != yaml.ScalarNode {
			d.fail(n.Content[i], path, "a key must be a plain text", "write name: value")
			continue
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, d.merged(value, path)...)
			continue
		}
		if first := seen[key.Value]; first != nil {
			d.fail(key, join(path, key.Value), fmt.Sprintf("given twice, first in line %d, column %d", first.Line, first.Column), "keep one of them")
			continue
		}
		seen[key.Value] = key
		out = append(out, entry{key, value})
	}
	for _, e := range merged {
		if seen[e.key.Value] == nil {
			seen[e.key.Value] = e.key
			out = append(out, e)
		}
	}
	return out
}

// merged lists the keys that << brings in.
func (d *decoder) merged(value *yaml.Node, path string) []entry {
	n := d.resolve(value)
	if n == nil || n.Kind != yaml.MappingNode {
		d.fail(value, path, "<< needs one reference to keys, like *name", "")
		return nil
	}
	var out []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !d.spend(n) {
			return nil
		}
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			d.fail(value, path, "<< cannot bring in keys that are no plain text, or another <<", "write them out")
			continue
		}
		out = append(out, entry{key, n.Content[i+1]})
	}
	return out
}

// spend counts one more node that is looked at, and reports whether it may be.
func (d *decoder) spend(n *yaml.Node) bool {
	if d.nodes--; d.nodes == 0 {
		d.fail(n, "", "the configuration is too big", "use fewer references")
	}
	return d.nodes > 0
}

// resolve follows references; nil when they go in a circle or when there is too
// much of everything.
func (d *decoder) resolve(n *yaml.Node) *yaml.Node {
	if !d.spend(n) {
		return nil
	}
	for hops := 0; n != nil && n.Kind == yaml.AliasNode; hops++ {
		if hops > 8 {
			return nil
		}
		n = n.Alias
	}
	return n
}
