package webrtc

// Trickle takes candidates that the far side has found after its description, which may
// not have been answered yet. Those of other credentials than were described last are of no
// use; nor is any to one that only answers.
func (c *Conn) Trickle(ufrag string, more []Candidate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.agent
	if a == nil || c.closed {
		return
	}
	if a.far.ufrag == "" {
		a.early = append(a.early, early{ufrag, more[:min(len(more), maxRemote)]})
		a.early = a.early[max(0, len(a.early)-maxEarly):]
		return
	}
	a.trickled(early{ufrag, more})
}

// maxEarly is how often candidates may come before it is known whose they are.
const maxEarly = 8

// early are candidates that came by themselves.
type early struct {
	ufrag string // whose they are; "" is not said
	more  []Candidate
}

// trickled adds candidates, if they are of the far side as it is now; conn.mu is held.
func (a *agent) trickled(e early) {
	if e.ufrag != "" && e.ufrag != a.far.ufrag {
		return
	}
	for _, c := range e.more {
		a.add(c)
	}
	a.stir()
}
