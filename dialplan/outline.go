package dialplan

// Line is one line of an outline.
type Line struct {
	Depth int    `json:"depth,omitempty"`
	Text  string `json:"text"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
}

// Outline lists the steps of a route as they are written, those of branches and of
// subplans that are called below them.
func (p *Plan) Outline(r *Route) []Line { return p.outline(nil, r.steps, 0, 0) }

func (p *Plan) outline(out []Line, steps Steps, depth, calls int) []Line {
	for _, s := range steps {
		at := s.Where()
		out = append(out, Line{Depth: depth, Text: s.String(), File: at.File, Line: at.Line})
		if call, ok := s.(*CallSubplan); ok && calls < maxCalls {
			if sub := p.subplans[call.Name.Value]; sub != nil {
				out = p.outline(out, sub.Do, depth+1, calls+1)
			}
		}
		b, ok := s.(branching)
		if !ok {
			continue
		}
		for _, way := range b.branches() {
			if len(way.do) > 0 {
				out = append(out, Line{Depth: depth + 1, Text: way.key + ":"})
				out = p.outline(out, way.do, depth+2, calls)
			}
		}
	}
	return out
}
