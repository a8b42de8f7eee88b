package sdp

import (
	"strconv"
	"strings"

	"dialtone/media/codec"
)

// formats gives what the RTP formats of an m-line stand for, in its order. known
// names payload types for which the line has no a=rtpmap; RFC 3551 §6 comes after
// it. Formats that nobody names are left out.
func (m *Media) formats(known []codec.Format) []codec.Format {
	var rtpmap, fmtp [128]string
	for i := range m.Attrs {
		switch a := &m.Attrs[i]; {
		case strings.EqualFold(a.Key, "rtpmap"):
			keepFirst(&rtpmap, a.Value)
		case strings.EqualFold(a.Key, "fmtp"):
			keepFirst(&fmtp, a.Value)
		}
	}
	var seen [128]bool
	fs := make([]codec.Format, 0, len(m.Formats))
	for _, text := range m.Formats {
		pt, ok := payloadType(text)
		if !ok || seen[pt] {
			continue
		}
		seen[pt] = true
		f, ok := readRtpmap(rtpmap[pt])
		if rtpmap[pt] == "" {
			f, ok = unmapped(pt, known)
		}
		if !ok {
			continue
		}
		f.PT, f.Fmtp = pt, fmtp[pt]
		fs = append(fs, f)
	}
	return fs
}

func payloadType(s string) (uint8, bool) {
	n, err := strconv.ParseUint(s, 10, 7)
	return uint8(n), err == nil
}

// keepFirst files "96 rest" under 96.
func keepFirst(by *[128]string, value string) {
	text, rest, _ := strings.Cut(value, " ")
	if pt, ok := payloadType(text); ok && by[pt] == "" {
		by[pt] = strings.TrimSpace(rest)
	}
}

func unmapped(pt uint8, known []codec.Format) (codec.Format, bool) {
	for _, f := range known {
		if f.PT == pt {
			return f, true
		}
	}
	return codec.Static(pt)
}

// readRtpmap reads name/clock[/channels] (RFC 8866 §6.6).
func readRtpmap(s string) (codec.Format, bool) {
	name, rest, _ := strings.Cut(s, "/")
	clock, channels, several := strings.Cut(rest, "/")
	f := codec.Format{Name: strings.ToUpper(strings.TrimSpace(name)), Channels: 1}
	var err error
	if f.Clock, err = strconv.Atoi(strings.TrimSpace(clock)); err != nil {
		return f, false
	}
	if several {
		if f.Channels, err = strconv.Atoi(strings.TrimSpace(channels)); err != nil {
			return f, false
		}
	}
	f = canonical(f)
	return f, validFormat(f)
}

// canonical puts right what some phones get wrong about well-known formats: the
// RTP clock of G.722 is 8000 (RFC 3551 §4.5.2), Opus always says two channels
// (RFC 7587 §7), G.729 Annex A is G.729 on the wire.
func canonical(f codec.Format) codec.Format {
	f.Name = strings.ToUpper(f.Name)
	if f.Channels == 0 {
		f.Channels = 1
	}
	switch {
	case f.Name == "G729A":
		f.Name = codec.G729.Name
	case f.Name == codec.G722.Name && f.Clock == 16000:
		f.Clock = codec.G722.Clock
	case f.Name == codec.Opus.Name && f.Clock == codec.Opus.Clock:
		f.Channels = codec.Opus.Channels
	}
	return f
}

// validFormat reports whether f can be written as a=rtpmap and a=fmtp.
func validFormat(f codec.Format) bool {
	if f.Name == "" || len(f.Name) > 32 || f.Clock < 1 || f.Clock > 1_000_000 || f.Channels < 1 || f.Channels > 64 {
		return false
	}
	for i := range len(f.Name) {
		if !isToken(f.Name[i]) {
			return false
		}
	}
	for i := range len(f.Fmtp) {
		if isControl(f.Fmtp[i]) {
			return false
		}
	}
	return true
}

// isToken is token-char of RFC 8866 §9, less the slash that ends a name.
func isToken(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte("\"(),/:;<=>?@[\\]", c) < 0
}

// rtpmapName is how a format is usually spelled; some phones compare letter by
// letter.
func rtpmapName(name string) string {
	switch name {
	case "OPUS":
		return "opus"
	case "TELEPHONE-EVENT":
		return "telephone-event"
	case "SPEEX":
		return "speex"
	case "ILBC":
		return "iLBC"
	}
	return name
}

// describe adds fs to an m-line: payload types, a=rtpmap and a=fmtp.
func (m *Media) describe(fs []codec.Format) {
	m.Formats = make([]string, 0, len(fs))
	for _, f := range fs {
		pt := strconv.Itoa(int(f.PT))
		m.Formats = append(m.Formats, pt)
		name := f
		name.Name = rtpmapName(f.Name)
		m.Attrs = append(m.Attrs, Attr{"rtpmap", pt + " " + name.String()})
		if f.Fmtp != "" {
			m.Attrs = append(m.Attrs, Attr{"fmtp", pt + " " + f.Fmtp})
		}
	}
}
