package sipua

import (
	"slices"
	"strings"

	"dialtone/media/codec"
	"dialtone/media/sdp"
	"dialtone/pbx/call"
)

// common are the formats of near that the configuration allows, with those that have
// to be converted where they may be needed. Without any in
// near, those of far are taken; without any there either, all that we know. What
// far names must have one of them.
func (a *audio) common(far []codec.Format, near call.Want) ([]codec.Format, error) {
	wanted := near.Formats
	if len(wanted) == 0 {
		wanted = far
	}
	if len(wanted) == 0 {
		wanted = known()
	}
	var formats []codec.Format
	for _, f := range wanted {
		if !f.IsAudio() || a.rank(f) >= 0 {
			formats = append(formats, f)
		}
	}
	if a.ordered || len(near.Formats) == 0 {
		slices.SortStableFunc(formats, func(f, g codec.Format) int { return a.order(f) - a.order(g) })
	}
	usable := func(f codec.Format) bool { return f.IsAudio() && (len(far) == 0 || holds(far, f)) }
	direct := slices.ContainsFunc(formats, usable)
	if !direct || len(far) == 0 && !a.direct(formats) {
		formats = append(formats, a.made(near)...)
	}
	if slices.ContainsFunc(formats, usable) {
		return formats, nil
	}
	if len(near.Formats) == 0 {
		formats = a.configured()
	}
	return nil, &sdp.NoCommonFormatError{Offered: far, Wanted: formats}
}

// direct reports whether what is agreed has audio of formats; mu is held.
func (a *audio) direct(formats []codec.Format) bool {
	return a.settled && slices.ContainsFunc(audible(a.agreed.Send), func(f codec.Format) bool { return holds(formats, f) })
}

// made are the formats of near that have to be converted and are allowed.
func (a *audio) made(near call.Want) (formats []codec.Format) {
	for _, f := range near.Made {
		if a.rank(f) >= 0 {
			formats = append(formats, f)
		}
	}
	slices.SortStableFunc(formats, func(f, g codec.Format) int { return a.order(f) - a.order(g) })
	return formats
}

// audible are the formats that carry speech.
func audible(formats []codec.Format) (out []codec.Format) {
	for _, f := range formats {
		if f.IsAudio() {
			out = append(out, f)
		}
	}
	return out
}

// known are the formats that we can offer by ourselves.
func known() []codec.Format {
	return []codec.Format{codec.Opus, codec.G722, codec.PCMA, codec.PCMU, codec.G729, codec.GSM, codec.DTMF}
}

// configured are the allowed formats, for people to read.
func (a *audio) configured() []codec.Format {
	formats := make([]codec.Format, len(a.allowed))
	for i, name := range a.allowed {
		formats[i] = codec.Format{Name: name, Clock: codec.PCMU.Clock}
		for _, f := range known() {
			if strings.EqualFold(f.Name, name) {
				formats[i] = f
			}
		}
	}
	return formats
}

// rank is the place of f among the allowed formats, -1 when it is not allowed.
func (a *audio) rank(f codec.Format) int {
	return slices.IndexFunc(a.allowed, func(name string) bool { return strings.EqualFold(name, f.Name) })
}

// order is rank with events and comfort noise last.
func (a *audio) order(f codec.Format) int {
	if r := a.rank(f); r >= 0 {
		return r
	}
	return len(a.allowed)
}

func holds(list []codec.Format, f codec.Format) bool {
	return slices.ContainsFunc(list, f.Same)
}
