package dialplan

import "strings"

// Line is one line of an outline.
type Line struct {
	Depth int    `json:"depth,omitempty"`
	Text  string `json:"text"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
}

// Outline lists the steps of a route as they are written, those of branches, of menus
// and of subplans that are called below them.
func (p *Plan) Outline(r *Route) []Line {
	return (&outliner{plan: p, menus: map[string]bool{}}).steps(nil, r.steps, 0)
}

// outliner lists steps; those of a menu once.
type outliner struct {
	plan  *Plan
	menus map[string]bool
	calls int // of subplans, within each other
}

func (o *outliner) steps(out []Line, steps Steps, depth int) []Line {
	for _, s := range steps {
		at := s.Where()
		out = append(out, Line{Depth: depth, Text: s.String(), File: at.File, Line: at.Line})
		if call, ok := s.(*CallSubplan); ok && o.calls < maxCalls {
			if sub := o.plan.subplans[call.Name.Value]; sub != nil {
				o.calls++
				out = o.steps(out, sub.Do, depth+1)
				o.calls--
			}
		}
		if m, ok := s.(*Menu); ok && m.menu != nil && !o.menus[m.menu.name] {
			o.menus[m.menu.name] = true
			out = o.ways(out, m.menu.branches(), depth)
			out = o.extensions(out, m.menu, depth)
		}
		if b, ok := s.(branching); ok {
			out = o.ways(out, b.branches(), depth)
		}
	}
	return out
}

func (o *outliner) ways(out []Line, ways []branch, depth int) []Line {
	for _, way := range ways {
		if len(way.do) > 0 {
			out = append(out, Line{Depth: depth + 1, Text: way.key + ":"})
			out = o.steps(out, way.do, depth+2)
		}
	}
	return out
}

// extensions tells of those that can be dialled in a menu.
func (o *outliner) extensions(out []Line, m *menu, depth int) []Line {
	var names []string
	for _, w := range m.words {
		switch {
		case !w.extension:
		case len(names) < shownExtensions:
			names = append(names, w.keys)
		default:
			return append(out, Line{Depth: depth + 1, Text: "extensions: " + strings.Join(names, ", ") + " and others"})
		}
	}
	if len(names) > 0 {
		out = append(out, Line{Depth: depth + 1, Text: "extensions: " + strings.Join(names, ", ")})
	}
	return out
}

// shownExtensions are as many as are named in a line.
const shownExtensions = 10
