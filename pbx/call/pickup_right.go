package call

import (
	"slices"

	"dialtone/dialplan"
)

// Taking is a call, or a place in one, that a caller wants to take (RFC 3891).
type Taking struct {
	Call string // that rings; with Leg, of no meaning
	Leg  string // whose place is taken; "" takes the call that rings
	Of   string // the extension that rings, or whose leg it is
	// Resumes says that it is the phone whose leg it is: it goes on in its own call.
	Resumes bool
}

func errNotTheirs() *dialplan.Ended {
	return &dialplan.Ended{Cause: dialplan.CauseForbidden, Detail: "only those who share a group with an extension take its calls"}
}

// mayTake reports whether an extension may take what rings at another one, or its place
// in a call: its own, those of extensions with which it is in a group, and those that its
// own pickup names. Nobody outside may.
func (s *Switchboard) mayTake(by, of string) bool {
	cfg := s.config()
	if _, ours := cfg.Extensions[of]; !ours || by == "" {
		return false
	}
	if by == of {
		return true
	}
	also := cfg.Extensions[by].Pickup
	if slices.Contains(also, of) {
		return true
	}
	for name, g := range cfg.Groups {
		in := func(extension string) bool {
			return slices.ContainsFunc(g.Members, func(m *dialplan.MemberSpec) bool { return m.Extension.Value == extension })
		}
		if in(of) && (in(by) || slices.Contains(also, name)) {
			return true
		}
	}
	return false
}
