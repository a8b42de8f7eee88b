// Package codec knows audio formats: how they are named in SDP, when two of
// them are the same, and how to encode and decode those that Dialtone speaks.
package codec

import (
	"strconv"
	"strings"
)

// Format is one audio format as one side of a call knows it. PT is the RTP
// payload type that side wants to receive it with; two sides may use different
// payload types for the same format (RFC 3264 §5.1).
type Format struct {
	Name     string // encoding name as in a=rtpmap, upper case: "PCMU", "OPUS"
	PT       uint8
	Clock    int    // RTP clock in Hz: 8000 for PCMU and for G722
	Channels int    // 1 when the rtpmap has none
	Fmtp     string // the parameters of a=fmtp, "" when there are none
}

// The formats with static payload types of RFC 3551 §6 that phones use, and the
// usual dynamic ones.
var (
	PCMU = Format{Name: "PCMU", PT: 0, Clock: 8000, Channels: 1}
	GSM  = Format{Name: "GSM", PT: 3, Clock: 8000, Channels: 1}
	PCMA = Format{Name: "PCMA", PT: 8, Clock: 8000, Channels: 1}
	G722 = Format{Name: "G722", PT: 9, Clock: 8000, Channels: 1}
	CN   = Format{Name: "CN", PT: 13, Clock: 8000, Channels: 1}
	G729 = Format{Name: "G729", PT: 18, Clock: 8000, Channels: 1}
	Opus = Format{Name: "OPUS", PT: 111, Clock: 48000, Channels: 2, Fmtp: "useinbandfec=1"}
	DTMF = Format{Name: "TELEPHONE-EVENT", PT: 101, Clock: 8000, Channels: 1, Fmtp: "0-16"}
)

// Static returns the format that RFC 3551 §6 gives payload type pt, for m-lines
// that carry no rtpmap for it.
func Static(pt uint8) (Format, bool) {
	for _, f := range [...]Format{PCMU, GSM, PCMA, G722, CN, G729} {
		if f.PT == pt {
			return f, true
		}
	}
	return Format{}, false
}

// Same reports whether f and g are the same encoding, whatever payload type
// each side gave it. Parameters of a=fmtp are declarations of the receiver and
// do not make a format another one.
func (f Format) Same(g Format) bool {
	return strings.EqualFold(f.Name, g.Name) && f.Clock == g.Clock && f.Channels == g.Channels
}

// IsAudio reports whether f carries speech, unlike telephone-event (RFC 4733)
// and comfort noise (RFC 3389), which accompany a format that does.
func (f Format) IsAudio() bool {
	return !strings.EqualFold(f.Name, DTMF.Name) && !strings.EqualFold(f.Name, CN.Name)
}

// String gives the rtpmap form, such as "PCMU/8000".
func (f Format) String() string {
	s := f.Name + "/" + strconv.Itoa(f.Clock)
	if f.Channels > 1 {
		s += "/" + strconv.Itoa(f.Channels)
	}
	return s
}
