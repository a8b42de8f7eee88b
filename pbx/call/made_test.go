package call

import (
	"slices"
	"testing"

	"dialtone/media"
	"dialtone/media/codec"
)

func TestWhatTheOtherSideIsGiven(t *testing.T) {
	names := func(formats []codec.Format) (out []string) {
		for _, f := range formats {
			out = append(out, f.Name)
		}
		return out
	}
	for _, c := range []struct {
		name      string
		far       []codec.Format
		near      []string
		converted []string
	}{
		{"nothing is known", nil, nil, nil},
		{"G.711 takes both kinds", []codec.Format{codec.PCMU, codec.DTMF}, []string{"PCMU", "TELEPHONE-EVENT", "PCMA"}, []string{"OPUS", "G722"}},
		{"wide", []codec.Format{codec.Opus}, []string{"OPUS", "TELEPHONE-EVENT"}, []string{"G722", "PCMA", "PCMU"}},
		{"cannot be converted", []codec.Format{codec.G729, codec.DTMF}, []string{"G729", "TELEPHONE-EVENT"}, nil},
		{"some can", []codec.Format{codec.G729, codec.G722}, []string{"G729", "G722", "TELEPHONE-EVENT"}, []string{"OPUS", "PCMA", "PCMU"}},
	} {
		got := nearFor(Want{Formats: c.far, Direction: media.SendRecv})
		if !slices.Equal(names(got.Formats), c.near) || !slices.Equal(names(got.Made), c.converted) {
			t.Errorf("%s: %v, then %v; want %v, then %v", c.name, names(got.Formats), names(got.Made), c.near, c.converted)
		}
	}
}
