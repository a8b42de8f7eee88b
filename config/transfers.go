package config

import "fmt"

// Transfers are the keys by which phones without a button for it transfer calls. An
// extension presses them in a conversation; the other side does not hear them. Behind
// them comes the number of whom the other party is to talk with, and "#", or a pause of
// four seconds.
type Transfers struct {
	// Key sends the other party on at once; "##" is usual. Off unless it is given.
	Key string `yaml:"key,omitempty" format:"keys"`
	// ConsultKey lets the other party wait, so that one can ask first: who hangs up then
	// has let the two talk with each other, and who presses it again is back; "*3" is
	// usual. Off unless it is given.
	ConsultKey string `yaml:"consult_key,omitempty" format:"keys"`
}

// inCallKeys checks that what is pressed in a conversation can be told apart.
func (c *validator) inCallKeys() {
	type key struct{ path, keys string }
	r, t := c.cfg.Recording, c.cfg.Transfers
	var taken []key
	for _, k := range []key{
		{"recording.key", r.Key}, {"recording.pause_key", r.PauseKey}, {"transfers.key", t.Key}, {"transfers.consult_key", t.ConsultKey},
	} {
		if k.keys == "" || !c.good(k.path) {
			continue
		}
		for _, other := range taken {
			if begins(k.keys, other.keys) {
				c.fail(c.written(k.path, other.path), fmt.Sprintf("%s cannot be told from %s, which is %s", quoted(k.keys), quoted(other.keys), other.path), "use sequences of which none is the beginning of the other")
			}
		}
		taken = append(taken, k)
	}
}
