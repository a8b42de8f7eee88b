package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dialtone/dialplan"
)

// Parking is where callers wait with music until somebody calls their slot.
type Parking struct {
	// Slots are the numbers at which callers are parked, and at which they are fetched:
	// 701-719. Without them, nobody is parked.
	Slots string `yaml:"slots"`
	// Dial is the number that callers are transferred to, to be parked in the first slot
	// that is free: 700.
	Dial string `yaml:"dial" format:"number"`
	// Timeout is how long a caller waits; then the extension that has parked it is rung.
	Timeout Duration `yaml:"timeout" min:"5s" max:"1d"`
	// RingBack is how long that extension rings. Without an answer, the caller waits again;
	// the built-in routes end the call after three times.
	RingBack Duration `yaml:"ring_back" min:"1s" max:"10m"`
	// Music is the class of music that callers hear, one of music.classes or default.
	Music string `yaml:"music" format:"name"`
	// Announce says the slot to who parks somebody.
	Announce bool `yaml:"announce"`
}

func (p Parking) entry() dialplan.Parking {
	return dialplan.Parking{
		Dial: p.Dial, Slots: p.Slots, Timeout: p.Timeout.D(), RingBack: p.RingBack.D(), Music: p.Music, Announce: p.Announce,
	}
}

// The ways of AutoAnswer.
const (
	AnswerAll       = "all"
	AnswerCallInfo  = "call-info"
	AnswerAlertInfo = "alert-info"
	AnswerMode      = "answer-mode"
	AnswerNever     = "never"
)

// answering is a header that may tell a phone to answer by itself.
var answering = regexp.MustCompile(`^(Alert-Info|Call-Info|Answer-Mode|X-[A-Za-z0-9-]{1,40}): *([!-~][ -~]{0,199})$`)

// AutoAnswerHeaders are those that tell the phones of an extension to answer by
// themselves; none when they are not to be told.
func (e Extension) AutoAnswerHeaders() map[string]string {
	usual := map[string]string{
		AnswerCallInfo: "Call-Info: <sip:dialtone>;answer-after=0", AnswerAlertInfo: "Alert-Info: <http://dialtone>;info=alert-autoanswer;delay=0",
		AnswerMode: "Answer-Mode: Auto",
	}
	var list []string
	switch e.AutoAnswer {
	case AnswerNever:
	case "", AnswerAll:
		list = []string{usual[AnswerCallInfo], usual[AnswerAlertInfo], usual[AnswerMode]}
	case AnswerCallInfo, AnswerAlertInfo, AnswerMode:
		list = []string{usual[e.AutoAnswer]}
	default:
		list = []string{e.AutoAnswer}
	}
	out := map[string]string{}
	for _, h := range list {
		if m := answering.FindStringSubmatch(h); m != nil {
			out[m[1]] = m[2]
		}
	}
	return out
}

// parking checks the music, and what extensions say of pick-up and paging.
func (c *validator) parking() {
	p := c.cfg.Parking
	if p.Music != DefaultMusic && c.good("parking.music") {
		if _, known := c.cfg.Music.Classes[p.Music]; !known {
			c.fail("parking.music", "there is no class of music "+quoted(p.Music), "define it under music.classes")
		}
	}
	if p.Dial != "" && p.Slots == "" && c.good("parking.dial") {
		c.fail("parking.dial", "there are no slots to park callers in", `write slots: "701-709"`)
	}
	for _, name := range sortedKeys(c.cfg.Extensions) {
		e, path := c.cfg.Extensions[name], join("extensions", name)
		c.autoAnswer(e.AutoAnswer, join(path, "auto_answer"))
		for i, of := range e.Pickup {
			_, group := c.cfg.Groups[of]
			_, extension := c.cfg.Extensions[of]
			at := fmt.Sprintf("%s[%d]", join(path, "pickup"), i)
			if !group && !extension && c.good(at) {
				c.fail(at, "there is no extension or group "+quoted(of), dialplan.Instead(of, append(sortedKeys(c.cfg.Groups), sortedKeys(c.cfg.Extensions)...)))
			}
		}
	}
}

func (c *validator) autoAnswer(how, path string) {
	known := []string{"", AnswerAll, AnswerCallInfo, AnswerAlertInfo, AnswerMode, AnswerNever}
	if !slices.Contains(known, how) && !answering.MatchString(how) && c.good(path) {
		c.fail(path, quoted(how)+" is no way to let a phone answer", `write one of `+strings.Join(known[1:], ", ")+`, or a header like "Alert-Info: Auto Answer"`)
	}
}
