package sdp

import (
	"slices"
	"strconv"
	"strings"

	"dialtone/media/codec"
)

// What is known of video: VP8 (RFC 7741), and H.264 (RFC 6184) of the baseline profile in
// packetization mode 1. It is passed on as it is, so both sides have to have the same.
const (
	vp8        = "VP8"
	h264       = "H264"
	videoClock = 90000
	// baseline is profile_idc of the baseline profile, constrained the one with the
	// constraints of browsers, level3dot1 the level of 720p.
	baseline    = 0x42
	constrained = 0x42e0
	level3dot1  = 0x1f
	// maxLimits is how many limits beyond the level are passed on: there are no more.
	maxLimits = 8
)

// VideoFormats are those that can be passed on, best first, as browsers call them.
func VideoFormats() []codec.Format {
	return []codec.Format{
		{Name: vp8, PT: 96, Clock: videoClock, Channels: 1},
		{Name: h264, PT: 108, Clock: videoClock, Channels: 1, Fmtp: avc{constrained, level3dot1, true, ""}.String()},
	}
}

// avc is what a=fmtp says of H.264 (RFC 6184 §8.1).
type avc struct {
	profile int // profile_idc and profile_iop
	level   int
	// asymmetry means that each side may send with the level of the other one.
	asymmetry bool
	limits    string // max-fs and its like, which go beyond the level
}

// readAVC reads a=fmtp, and reports whether it is something that we pass on.
func readAVC(fmtp string) (a avc, ok bool) {
	a.profile, a.level = baseline<<8, 0x0a
	for item := range strings.SplitSeq(fmtp, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		switch key = strings.ToLower(strings.TrimSpace(key)); {
		case key == "packetization-mode":
			ok = value == "1"
		case key == "level-asymmetry-allowed":
			a.asymmetry = value == "1"
		case key == "profile-level-id":
			n, err := strconv.ParseUint(value, 16, 24)
			if err != nil || len(value) != 6 {
				return a, false
			}
			a.profile, a.level = int(n>>8), int(n&0xff)
		case strings.HasPrefix(key, "max-") && len(key) <= 20 && strings.Count(a.limits, ";") < maxLimits:
			if _, err := strconv.ParseUint(value, 10, 32); err == nil {
				a.limits += ";" + key + "=" + value
			}
		}
	}
	return a, ok && a.profile>>8 == baseline
}

func (a avc) String() string {
	s := "packetization-mode=1;profile-level-id=" + hex4(a.profile) + hex4(a.level)[2:] + a.limits
	if a.asymmetry {
		s = "level-asymmetry-allowed=1;" + s
	}
	return s
}

func hex4(n int) string {
	s := strconv.FormatInt(int64(n), 16)
	return strings.Repeat("0", 4-len(s)) + s
}

// videoFormats are the formats of a video m-line that can be passed on, each once and with
// the profile that most have, in the order of the line.
func (m *Media) videoFormats() []codec.Format {
	var out []codec.Format
	for _, f := range m.formats(nil) {
		if f.Clock != videoClock || f.Channels != 1 || f.Name != vp8 && f.Name != h264 {
			continue
		}
		a, ok := readAVC(f.Fmtp)
		if f.Name == h264 && !ok {
			continue
		}
		i := slices.IndexFunc(out, f.Same)
		switch {
		case i < 0:
			out = append(out, f)
		case f.Name == h264 && a.profile == constrained:
			if before, _ := readAVC(out[i].Fmtp); before.profile != constrained {
				out[i] = f
			}
		}
	}
	return out
}

// offeredVideo is what an offer says of formats, given as the other party has them.
func offeredVideo(wanted []codec.Format) []codec.Format {
	var out []codec.Format
	for _, f := range wanted {
		f = canonical(f)
		if f.Name == h264 {
			a, ok := readAVC(f.Fmtp)
			if !ok {
				continue
			}
			a.profile = constrained
			f.Fmtp = a.String()
		}
		out = appendNew(out, f)
	}
	return out
}

// matchVideo gives what an answer accepts of offered, in the order of wanted, which are
// as the other party has them.
func matchVideo(offered, wanted []codec.Format) []pair {
	var pairs []pair
	for _, w := range wanted {
		w = canonical(w)
		o, ok := same(offered, w)
		if !ok {
			continue
		}
		if w.Name == h264 {
			theirs, _ := readAVC(o.Fmtp)
			ours, _ := readAVC(w.Fmtp)
			if ours.profile = theirs.profile; !ours.asymmetry || !theirs.asymmetry {
				ours.asymmetry, ours.level = false, min(ours.level, theirs.level)
			}
			w.Fmtp = ours.String()
		}
		pairs = addPair(pairs, pair{o, w})
	}
	return pairs
}
