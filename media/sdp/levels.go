package sdp

import (
	"strconv"
	"strings"

	"dialtone/media"
)

const (
	// levelsURI names the header extension for levels (RFC 6464 §4).
	levelsURI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	// levelsID is the number that we offer for it; maxExtension the highest that is
	// written in one byte (RFC 8285 §4.2).
	levelsID, maxExtension = 1, 14
)

// readLevels reads a=extmap:ID[/direction] URI [vad=on|off], as the far side means it.
func readLevels(s *Session, m *Media) media.Levels {
	id, way, f := readExtension(s, m, levelsURI)
	if id == 0 {
		return media.Levels{}
	}
	l := media.Levels{ID: id, Direction: media.SendRecv, Voice: len(f) < 3 || f[2] != "vad=off"}
	for _, d := range [...]media.Direction{media.SendOnly, media.RecvOnly, media.Inactive} {
		if strings.EqualFold(way, d.String()) {
			l.Direction = d
		}
	}
	return l
}

// readExtension reads a=extmap:ID[/direction] URI ..., 0 when there is none for uri.
func readExtension(s *Session, m *Media, uri string) (id uint8, way string, fields []string) {
	for _, as := range [...][]Attr{m.Attrs, s.Attrs} {
		for i := range as {
			f := strings.Fields(as[i].Value)
			if !strings.EqualFold(as[i].Key, "extmap") || len(f) < 2 || f[1] != uri {
				continue
			}
			number, way, _ := strings.Cut(f[0], "/")
			n, err := strconv.ParseUint(number, 10, 8)
			if err == nil && n >= 1 && n <= maxExtension {
				return uint8(n), way, f
			}
		}
	}
	return 0, "", nil
}

// offerLevels are those of an offer: with the number of before, if there was one.
func (n *Negotiator) offerLevels(l *Local) media.Levels {
	if !l.Levels {
		return media.Levels{}
	}
	id := uint8(levelsID)
	if n.agreed.Levels.ID != 0 {
		id = n.agreed.Levels.ID
	}
	return media.Levels{ID: id, Direction: media.SendRecv, Voice: true}
}

// answerLevels takes up what the far side offers.
func answerLevels(theirs media.Levels) media.Levels {
	theirs.Direction = theirs.Direction.Reverse()
	return theirs
}

// acceptLevels compares an answer with our offer.
func acceptLevels(ours, theirs media.Levels) media.Levels {
	if ours.ID == 0 || theirs.ID != ours.ID {
		return media.Levels{}
	}
	return answerLevels(theirs)
}

// levelsAttr is the line for l.
func levelsAttr(l media.Levels) Attr {
	value := strconv.Itoa(int(l.ID))
	if l.Direction != media.SendRecv {
		value += "/" + l.Direction.String()
	}
	value += " " + levelsURI
	if !l.Voice {
		value += " vad=off"
	}
	return Attr{"extmap", value}
}
