package dialplan

// Way is one of the ways that a call may take within a step: the branch of a
// dial for busy, the else of an if.
type Way struct {
	Key string // as it is written: "busy", "then"
	Do  Steps
}

// Ways are those within s, also those without steps, in the order of the
// manual; nil for a step that has none.
func Ways(s Step) []Way {
	b, ok := s.(branching)
	if !ok {
		return nil
	}
	var out []Way
	for _, w := range b.branches() {
		out = append(out, Way{w.key, w.do})
	}
	return out
}

// Subplans are the steps of the subplans, by name.
func (p *Plan) Subplans() map[string]Steps {
	out := make(map[string]Steps, len(p.subplans))
	for name, s := range p.subplans {
		out[name] = s.Do
	}
	return out
}
