package corpus

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dialtone/internal/testwav"
	"dialtone/media/audio"
	"dialtone/plantest"
	"dialtone/prompts"
)

// tape stands for a file that the caller hears: a tone of its own between those of
// phones, so that one file is known from the other.
type tape struct {
	name   string
	hz     float64
	length time.Duration
	lead   time.Duration // silence before the tone, so that it is heard when the file begins again
	ours   bool          // the file comes with Dialtone
}

const (
	tapeRate = 8000
	lead     = 240 * time.Millisecond
)

// tapes are one for each file that a caller hears.
func tapes(suite *plantest.Suite, o *plantest.Observed) ([]tape, error) {
	var out []tape
	known := map[string]bool{}
	for _, m := range o.Heard {
		name, is := strings.CutPrefix(m.What, recording)
		if !is || known[name] || strings.HasSuffix(name, beep) {
			continue
		}
		known[name] = true
		length, ours, err := duration(suite.Config.PromptsDir(), name)
		if err != nil {
			return nil, err
		}
		p := tape{name: name, hz: nearest + spacing*(float64(len(out))+0.5), length: length, ours: ours}
		if length > lead+2*shortest {
			p.lead = lead
		}
		out = append(out, p)
	}
	return out, nil
}

// duration is how long a file is; ours is one that comes with Dialtone.
func duration(folder, name string) (length time.Duration, ours bool, err error) {
	if clip, err := audio.Open(folder, name, tapeRate); err == nil {
		return clip.Length(), false, clip.Close()
	}
	in, rest, _ := strings.Cut(name, "/")
	file, err := prompts.Open(in, rest)
	if err != nil {
		return 0, false, err
	}
	clip, err := audio.NewClip(file, tapeRate)
	if err != nil {
		return 0, false, err
	}
	return clip.Length(), true, clip.Close()
}

// write writes the tape into a folder of prompts.
func (p tape) write(folder string) error {
	pcm := make([]int16, p.length*tapeRate/time.Second)
	for i := int(p.lead * tapeRate / time.Second); i < len(pcm); i++ {
		pcm[i] = int16(8192 * math.Sin(2*math.Pi*p.hz*float64(i)/tapeRate))
	}
	places := []string{p.name}
	if in, rest, _ := strings.Cut(p.name, "/"); p.ours && in == prompts.Fallback {
		places = append(places, rest) // for all who speak no language that is known
	}
	for _, place := range places {
		file := filepath.Join(folder, filepath.FromSlash(place)+".wav")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, testwav.Format{}.File(pcm), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// record makes a folder of prompts that is as that of the plan, with tapes in it.
func (s *scene) record(t *try, folder string) {
	t.Helper()
	if err := os.CopyFS(folder, os.DirFS(s.suite.Config.PromptsDir())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, p := range s.tapes {
		if err := p.write(folder); err != nil {
			t.Fatal(err)
		}
	}
}
