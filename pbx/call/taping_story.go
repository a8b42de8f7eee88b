package call

// story is what a party brings along, that goes from one call into another one: whether it
// was recorded there, or is not to be.
type story struct {
	recorded, refused, ended bool
	as                       starting
}

// story is that of the call as it is now.
func (c *Call) story() story {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	t := &c.tape
	s := story{recorded: t.story.recorded, refused: t.refused, ended: t.ended, as: t.story.as}
	if t.take != nil {
		s.recorded, s.as = true, t.as
		s.as.paused = t.paused
	}
	return s
}

// continues takes over the story of a party that comes from another call.
func (c *Call) continues(s story) {
	if take, _, _ := c.recording(); take != nil {
		switch {
		case s.refused:
			c.disagrees()
		case s.as.paused && !s.ended:
			c.pause(true)
		}
		return
	}
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.story = s
	c.tape.refused = c.tape.refused || s.refused
	c.tape.ended = c.tape.ended || s.ended
}

// goesOn gives how to record the call because it was recorded before a transfer.
func (c *Call) goesOn() (as starting, recorded bool) {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	return c.tape.story.as, c.tape.story.recorded
}
