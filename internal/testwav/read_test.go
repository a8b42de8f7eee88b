package testwav

import (
	"slices"
	"testing"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	pcm := []int16{0, 1, -1, 32767, -32768}
	for _, f := range []Format{{Rate: 8000, Channels: 1, Tag: 1}, {Rate: 48000, Channels: 2, Tag: 1}} {
		file := f.File(pcm)
		got, channels, err := Read(file)
		if err != nil || got.Rate != f.Rate || got.Channels != f.Channels || len(channels) != f.Channels {
			t.Fatalf("read as %+v with %d channels, %v, want %+v", got, len(channels), err, f)
		}
		for i, c := range channels {
			if !slices.Equal(c, pcm) {
				t.Errorf("channel %d of %d: %v, want %v", i, f.Channels, c, pcm)
			}
		}
		for n := range file { // as it grows
			if _, channels, err := Read(file[:n]); err == nil && len(channels) != f.Channels {
				t.Errorf("%d octets are read as %d channels", n, len(channels))
			}
		}
	}
	if _, _, err := Read(Format{Tag: 7, Encode: func(int16) byte { return 0 }}.File(pcm)); err == nil {
		t.Error("a file of 8 bits is read")
	}
}
