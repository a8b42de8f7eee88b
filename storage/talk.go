package storage

import "time"

// Joined is when the caller and somebody called began to talk; zero when they never
// did. A menu, an announcement or a tone answers, but nobody talks.
func (c *CDR) Joined() time.Time {
	if c.Answer.IsZero() {
		return time.Time{}
	}
	if c.TransferredBy != "" && len(c.Conferences) > 0 { // somebody has brought it to others
		return c.Answer
	}
	for i := range c.Legs {
		if l := &c.Legs[i]; !l.Inbound && !l.Answer.IsZero() {
			if l.Answer.After(c.Answer) {
				return l.Answer
			}
			return c.Answer // callees answer first, unless the caller was answered before they rang
		}
	}
	return time.Time{}
}

// Talked is for how long they did.
func (c *CDR) Talked() time.Duration {
	from := c.Joined()
	if from.IsZero() || c.End.Before(from) {
		return 0
	}
	return c.End.Sub(from)
}

// Missed reports whether it is a call from outside that nobody took.
func (c *CDR) Missed() bool {
	return len(c.Legs) > 0 && c.Legs[0].Trunk != "" && c.Joined().IsZero()
}
