package jitter

import "dialtone/media/codec"

// noise is what silence sounds like at the far side (RFC 3389).
type noise struct {
	dec codec.Decoder // nil before the first packet that tells
}

// set takes the payload of a comfort noise packet, and begins pcm with it.
func (n *noise) set(d *decoders, pcm []int16, payload []byte) {
	if n.dec == nil {
		dec, err := d.make(codec.CN, d.rate)
		if err != nil {
			return
		}
		n.dec = dec
	}
	n.dec.Decode(pcm, payload)
}

// on reports whether there is any.
func (n *noise) on() bool { return n.dec != nil }

func (n *noise) fill(pcm []int16) { n.dec.Conceal(pcm) }

// close ends the noise: the next silence is none, until the sender tells again.
func (n *noise) close() {
	if n.dec != nil {
		n.dec.Close()
	}
	n.dec = nil
}
