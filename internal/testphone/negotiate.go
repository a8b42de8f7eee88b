package testphone

import (
	"fmt"
	"slices"
)

// payloadTypes are those that the phone gives its formats.
var payloadTypes = map[string]int{"PCMU": 0, "GSM": 3, "PCMA": 8, "G722": 9, "CN": 13, "G729": 18, "OPUS": 111}

// describeSelf is the phone's side of the call, with all that it can.
func (c *Call) describeSelf() *SDP {
	opt := c.p.opt
	d := &SDP{
		Addr: c.p.toldAddr(c.audio.port()), Proto: "RTP/AVP", Direction: c.want,
		Codecs: slices.Clone(opt.Codecs), PT: map[string]int{}, Ptime: opt.Ptime,
	}
	for _, name := range d.Codecs {
		d.PT[name] = payloadTypes[name]
	}
	if opt.DTMF > 0 {
		d.PT["TELEPHONE-EVENT"], d.EventClock = opt.DTMF, clockOf(opt.Codecs[0])
	}
	if len(opt.SRTP) > 0 {
		d.Proto = "RTP/SAVP"
		if c.mine != nil && len(c.mine.Crypto) > 0 {
			d.Crypto = c.mine.Crypto
		} else {
			d.Crypto = newCrypto(opt.SRTP)
		}
	}
	return d
}

// makeOffer sets mine to an offer and returns its text.
func (c *Call) makeOffer() string {
	c.mine, c.offerPending = c.describeSelf(), true
	c.mine.Video = c.film(nil)
	c.audio.expect(c.mine)
	c.version++
	return c.mine.write(c.sdpID, c.version)
}

// takeAnswer ends an exchange that makeOffer began. An answer that came before,
// in a provisional response, is taken again.
func (c *Call) takeAnswer(body string) {
	theirs, err := ParseSDP(body)
	if err != nil {
		c.p.trace.note("answer not understood: %v", err)
		return
	}
	c.offerPending = false
	c.theirs, c.agreed = theirs, mirror(theirs.Direction, c.want)
	c.filmed()
	if err := c.audio.agree(c.mine, theirs, c.agreed); err != nil {
		c.p.trace.note("answer not usable: %v", err)
	}
}

// takeOffer answers an offer; the error says why there is nothing to agree on.
func (c *Call) takeOffer(body string) (string, error) {
	theirs, err := ParseSDP(body)
	if err != nil {
		return "", err
	}
	mine := c.describeSelf()
	mine.Codecs = slices.DeleteFunc(slices.Clone(theirs.Codecs), func(name string) bool { return !slices.Contains(mine.Codecs, name) })
	if len(mine.Codecs) == 0 {
		return "", fmt.Errorf("the offer has %v, this phone %v", theirs.Codecs, c.p.opt.Codecs)
	}
	for name := range mine.PT {
		if _, both := theirs.PT[name]; !both {
			delete(mine.PT, name)
		}
	}
	theirs.eventsFor(mine.Codecs[0])
	mine.EventClock = theirs.EventClock
	if err := c.chooseCrypto(mine, theirs); err != nil {
		return "", err
	}
	mine.Direction = mirror(theirs.Direction, c.want)
	if theirs.Video != nil {
		mine.Video = c.film(theirs.Video)
	}
	c.version++
	c.mine, c.theirs, c.agreed, c.offerPending = mine, theirs, mine.Direction, false
	c.filmed()
	if err := c.audio.agree(mine, theirs, mine.Direction); err != nil {
		return "", err
	}
	return mine.write(c.sdpID, c.version), nil
}

// chooseCrypto takes the first suite of the offer that the phone wants, and its
// tag (RFC 4568 §5.1.2).
func (c *Call) chooseCrypto(mine, theirs *SDP) error {
	own := mine.Crypto
	mine.Crypto, mine.Proto = nil, theirs.Proto
	secure := theirs.Proto == "RTP/SAVP" || theirs.Proto == "RTP/SAVPF"
	switch {
	case !secure && len(own) == 0:
		return nil
	case secure != (len(own) > 0):
		return fmt.Errorf("the offer is %s, this phone's suites are %v", theirs.Proto, c.p.opt.SRTP)
	}
	for _, offered := range theirs.Crypto {
		for _, k := range own {
			if k.Suite == offered.Suite {
				k.Tag = offered.Tag
				mine.Crypto = []Crypto{k}
				return nil
			}
		}
	}
	return fmt.Errorf("no crypto suite of the offer is one of %v", c.p.opt.SRTP)
}
