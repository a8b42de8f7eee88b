package sdp

import (
	"net/netip"
	"slices"
	"strings"

	"dialtone/media"
	"dialtone/media/codec"
)

// LocalVideo is what our side is ready to do with video, which it passes on as it is.
type LocalVideo struct {
	// RTP and RTCP are our ports; with ICE it shares those of the audio.
	RTP, RTCP uint16
	// Formats are those of the other party, best first, with its parameters.
	Formats   []codec.Format
	Direction media.Direction
	SSRC      uint32 // of what we send
}

// RemoteVideo is what the far side offers for video.
type RemoteVideo struct {
	Formats   []codec.Format // that can be passed on
	Direction media.Direction
}

// AgreedVideo is what an offer and its answer settled about video.
type AgreedVideo struct {
	// Send, Recv, Direction and the addresses are as those of Agreed.
	Send, Recv            []codec.Format
	Direction             media.Direction
	RemoteRTP, RemoteRTCP netip.AddrPort
	Mux                   bool
	Crypto                *Crypto // nil when it is in clear, and when it goes with the audio by ICE and DTLS
	Feedback              Feedback
	// SendTime is the number of the header extension that says when packets were sent, 0
	// for none.
	SendTime uint8

	index int // of the m-line
}

// Feedback is what a receiver of video may tell the far side (RFC 4585, RFC 5104).
type Feedback struct {
	NACK, PLI, FIR, REMB bool
}

func (v *AgreedVideo) clone() *AgreedVideo {
	if v == nil {
		return nil
	}
	c := *v
	c.Send, c.Recv = slices.Clone(v.Send), slices.Clone(v.Recv)
	c.Crypto = v.Crypto.clone()
	return &c
}

func (v *RemoteVideo) clone() *RemoteVideo {
	if v == nil {
		return nil
	}
	return &RemoteVideo{slices.Clone(v.Formats), v.Direction}
}

// sendTimeURI names the header extension for when a packet was sent, which is for who
// measures how much room there is; sendTimeID is the number that we offer for it.
const (
	sendTimeURI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
	sendTimeID  = 2
)

func isVideo(m *Media) bool { return strings.EqualFold(m.Kind, "video") }

// videoLine is a video m-line of the far side, read.
type videoLine struct {
	audioLine // what all RTP has

	feedback Feedback
	sendTime uint8
}

// readVideo finds the video m-line of s that can be used beside its audio line a; nil
// when there is none.
func readVideo(s *Session, a *audioLine) *videoLine {
	for i := range s.Media {
		m := &s.Media[i]
		if _, ok := readProfile(m.Proto); !ok || !isVideo(m) || m.off() || overDTLS(m.Proto) != overDTLS(s.Media[a.index].Proto) {
			continue
		}
		line, err := readAudio(s, i, nil)
		if err != nil {
			continue
		}
		v := &videoLine{audioLine: line, feedback: m.feedback()}
		v.sendTime, _, _ = readExtension(s, m, sendTimeURI)
		v.Formats = m.videoFormats()
		bundled := slices.Contains(s.bundle(m.mid()), s.Media[a.index].mid())
		if len(v.Formats) > 0 && (v.WebRTC != nil) == (a.WebRTC != nil) && (v.WebRTC == nil || bundled) {
			return v
		}
	}
	return nil
}

// feedback is what m takes of feedback, for any of its formats.
func (m *Media) feedback() (f Feedback) {
	for i := range m.Attrs {
		if !strings.EqualFold(m.Attrs[i].Key, "rtcp-fb") {
			continue
		}
		_, what, _ := strings.Cut(m.Attrs[i].Value, " ")
		switch strings.ToLower(strings.Join(strings.Fields(what), " ")) {
		case "nack":
			f.NACK = true
		case "nack pli":
			f.PLI = true
		case "ccm fir":
			f.FIR = true
		case "goog-remb":
			f.REMB = true
		}
	}
	return f
}

func (f Feedback) and(g Feedback) Feedback {
	return Feedback{f.NACK && g.NACK, f.PLI && g.PLI, f.FIR && g.FIR, f.REMB && g.REMB}
}

// allFeedback is what is offered.
var allFeedback = Feedback{true, true, true, true}

// attrs are the lines for feedback about formats.
func (f Feedback) attrs(formats []codec.Format) (as []Attr) {
	for _, format := range formats {
		for _, one := range []struct {
			on   bool
			name string
		}{{f.REMB, "goog-remb"}, {f.FIR, "ccm fir"}, {f.NACK, "nack"}, {f.PLI, "nack pli"}} {
			if one.on {
				as = append(as, Attr{"rtcp-fb", decimal(format.PT) + " " + one.name})
			}
		}
	}
	return as
}

// media makes our video m-line.
func (v *LocalVideo) media(l *Local, proto string, formats []codec.Format, d media.Direction, mux bool, fb Feedback, sendTime uint8, keys []cryptoLine) Media {
	as := Local{RTP: v.RTP, RTCP: v.RTCP}
	if l.WebRTC != nil {
		as.RTP, as.RTCP = l.RTP, l.RTCP
	}
	m := as.media(proto, formats, d, 0, mux, media.Levels{}, keys)
	m.Kind = "video"
	more := fb.attrs(formats)
	if sendTime != 0 {
		more = append(more, Attr{"extmap", decimal(sendTime) + " " + sendTimeURI})
	}
	m.Attrs = slices.Insert(m.Attrs, len(m.Attrs)-1, more...)
	return m
}
