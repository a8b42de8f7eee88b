package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"dialtone/dialplan"
)

// maxNested is how deep steps may stand within steps: an alias within what it names
// goes on for ever.
const maxNested = 100

// planSteps reads a list of steps. What is wrong is left out.
func (d *decoder) planSteps(at *yaml.Node, path string) dialplan.Steps {
	n := d.resolve(at)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		d.fail(at, path, "expected a list of steps, found "+kindOf(n), "write each step in a line that starts with -, or all in [ ]")
		return nil
	}
	if len(n.Content) > maxItems {
		d.fail(at, path, fmt.Sprintf("there are more than %d steps", maxItems), "use a subplan")
		return nil
	}
	if d.nested >= maxNested {
		d.fail(at, path, fmt.Sprintf("there are steps within steps more than %d times", maxNested), "use a subplan; an alias (*NAME) cannot stand within what it names")
		return nil
	}
	d.nested++
	defer func() { d.nested-- }()
	var out dialplan.Steps
	for i, item := range n.Content {
		if d.nodes <= 0 {
			break
		}
		if s := d.planStep(item, fmt.Sprintf("%s[%d]", path, i)); s != nil {
			out = append(out, s)
		}
	}
	return out
}

// planStep reads one step: its name alone, or its name as a key among those of
// what belongs to it.
func (d *decoder) planStep(at *yaml.Node, path string) dialplan.Step {
	n := d.resolve(at)
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.ScalarNode && !isNull(n):
		return d.bareStep(at, n.Value, path)
	case n.Kind != yaml.MappingNode:
		d.fail(at, path, "expected a step, found "+kindOf(n), `write one like answer, or dial: "101"`)
		return nil
	}
	entries := d.entries(n, path)
	verb := slices.IndexFunc(entries, isStep)
	if verb < 0 {
		if len(entries) > 0 {
			d.unknownStep(entries[0].key, path, entries[0].key.Value)
		} else {
			d.fail(at, path, "the step is empty", "write one, or remove the line")
		}
		return nil
	}
	name := entries[verb].key
	for _, e := range entries[verb+1:] {
		if isStep(e) {
			d.fail(e.key, path, fmt.Sprintf("two steps in one: %s and %s", name.Value, e.key.Value), "start each step with its own -")
			return nil
		}
	}
	s := dialplan.NewStep(name.Value)
	s.SetPos(d.pos(name))
	v := reflect.ValueOf(s).Elem()
	fields := d.fields.of(v.Type())
	for i, e := range entries {
		if i == verb {
			d.stepValue(e, v, fields, path)
		} else {
			d.planField(e, v, fields, path)
		}
	}
	return s
}

func isStep(e entry) bool { return slices.Contains(dialplan.StepNames(), e.key.Value) }

// stepValue reads what stands behind the name of a step.
func (d *decoder) stepValue(e entry, v reflect.Value, fields []field, path string) {
	main, name := mainField(fields), e.key.Value
	p := join(path, name)
	value := d.resolve(e.value)
	switch {
	case value == nil:
	case main == nil && !isNull(value):
		d.fail(e.value, p, name+" takes no value", "write - "+name)
	case main == nil, isNull(value) && main.tag.Get("main") == "optional":
	default:
		d.planValue(e.value, v.Field(main.index), p, main.tag)
	}
}

// bareStep is a step of which there is only the name.
func (d *decoder) bareStep(at *yaml.Node, name, path string) dialplan.Step {
	s := dialplan.NewStep(name)
	if s == nil {
		d.unknownStep(at, path, name)
		return nil
	}
	if main := mainField(d.fields.of(reflect.TypeOf(s).Elem())); main != nil && main.tag.Get("main") != "optional" {
		d.fail(at, path, name+" needs a value", "write "+name+": and what it is to do")
		return nil
	}
	s.SetPos(d.pos(at))
	return s
}

func (d *decoder) unknownStep(at *yaml.Node, path, name string) {
	remedy := "there are " + strings.Join(dialplan.StepNames(), ", ")
	if near := dialplan.Nearest(name, dialplan.StepNames()); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	d.fail(at, path, "there is no step "+quoted(name), remedy)
}

// planValues reads texts with names, in their order.
func (d *decoder) planValues(at *yaml.Node, path string) dialplan.Values {
	n := d.planMapping(at, path)
	if n == nil {
		return nil
	}
	var out dialplan.Values
	for _, e := range d.entries(n, path) {
		if t, ok := d.planText(e.value, join(path, e.key.Value), ""); ok {
			out = append(out, dialplan.Value{Name: e.key.Value, At: d.pos(e.key), Text: t})
		}
	}
	return out
}

// planCases reads the ways of a switch, in their order.
func (d *decoder) planCases(at *yaml.Node, path string) dialplan.Cases {
	n := d.planMapping(at, path)
	if n == nil {
		return nil
	}
	var out dialplan.Cases
	for _, e := range d.entries(n, path) {
		out = append(out, dialplan.Case{
			Value: dialplan.Text{Value: e.key.Value, At: d.pos(e.key)},
			Do:    d.planSteps(e.value, join(path, e.key.Value)),
		})
	}
	return out
}

// planChoices reads the keys of a menu, in their order. One step needs no list.
func (d *decoder) planChoices(at *yaml.Node, path string) dialplan.Choices {
	n := d.planMapping(at, path)
	if n == nil {
		return nil
	}
	var out dialplan.Choices
	for _, e := range d.entries(n, path) {
		c := dialplan.Choice{Keys: dialplan.Text{Value: e.key.Value, At: d.pos(e.key)}}
		p := join(path, e.key.Value)
		if v := d.resolve(e.value); v != nil && v.Kind == yaml.SequenceNode || isNull(v) {
			c.Do = d.planSteps(e.value, p)
		} else if s := d.planStep(e.value, p); s != nil {
			c.Do = dialplan.Steps{s}
		}
		out = append(out, c)
	}
	return out
}
