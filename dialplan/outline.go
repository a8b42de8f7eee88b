package dialplan

// Line is one line of an outline.
type Line struct {
	Depth int    `json:"depth,omitempty"`
	Text  string `json:"text"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
}

// Outline lists the steps of the route as they are written, those of branches
// below them.
func (r *Route) Outline() []Line { return outline(nil, r.steps, 0) }

func outline(out []Line, steps Steps, depth int) []Line {
	for _, s := range steps {
		at := s.Where()
		out = append(out, Line{Depth: depth, Text: s.String(), File: at.File, Line: at.Line})
		b, ok := s.(branching)
		if !ok {
			continue
		}
		for _, way := range b.branches() {
			if len(way.do) > 0 {
				out = append(out, Line{Depth: depth + 1, Text: way.key + ":"})
				out = outline(out, way.do, depth+2)
			}
		}
	}
	return out
}
