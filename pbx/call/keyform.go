package call

import (
	"slices"
	"strings"

	"dialtone/media/codec"
)

// keyForm is how a party wants to be told of keys.
type keyForm uint8

const (
	asEvents keyForm = iota // telephone-event (RFC 4733)
	asInfo                  // SIP INFO
	asTones                 // in the audio
	asNothing
)

// habits are what a party does with keys.
type habits struct {
	wants keyForm
	tones bool          // its keys may be tones in the audio
	event *codec.Format // that it takes; nil for none
}

// habitsOf looks at what was negotiated with leg and at what is configured for it.
func habitsOf(leg Leg) (h habits) {
	formats := leg.Media().Formats()
	if i := slices.IndexFunc(formats, isEvent); i >= 0 {
		h.event = &formats[i]
	}
	switch leg.Info().DTMF {
	case "info":
		h.wants = asInfo
	case "inband":
		h.wants, h.tones = asTones, true
	case "rfc4733":
		if h.event == nil {
			h.wants = asNothing
		}
	default:
		if h.event == nil {
			h.wants, h.tones = asTones, true
		}
	}
	return h
}

func isEvent(f codec.Format) bool { return strings.EqualFold(f.Name, codec.DTMF.Name) }

// takes reports whether telephone events in one of formats may go on as they are.
func (h habits) takes(formats []codec.Format) bool {
	return slices.ContainsFunc(formats, func(f codec.Format) bool { return isEvent(f) && h.event != nil && f.Clock == h.event.Clock })
}
