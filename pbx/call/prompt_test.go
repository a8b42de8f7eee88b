package call

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dialtone/internal/testwav"
)

func TestOwnRecordingsComeBeforeOurs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"fr/menu/welcome", "menu/goodbye", "en/menu/goodbye", "own"} {
		if err := testwav.Write(filepath.Join(dir, name+".wav"), 440, 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ language, name, called, word string }{
		{"fr-CA", "menu/welcome", "file fr/menu/welcome", "fr/menu/welcome"},
		{"en", "menu/welcome", "file en/menu/welcome", "Welcome."},
		{"de", "menu/welcome", "file en/menu/welcome", "Welcome."},
		{"", "menu/welcome", "file en/menu/welcome", "Welcome."},
		{"en", "menu/goodbye", "file en/menu/goodbye", "en/menu/goodbye"},
		{"fr", "menu/goodbye", "file menu/goodbye", "menu/goodbye"}, // before the shipped one
		{"fr", "call/closed", "file fr/call/closed", "Nos bureaux sont actuellement fermés."},
		{"fr", "own", "file own", "own"},
		{"en", "pause/short", "file en/pause/short", ""},
		{"../x", "own", "file own", "own"},
	} {
		p, err := openPrompt(dir, c.name, c.language, 8000)
		if err != nil {
			t.Errorf("%s of %q: %v", c.name, c.language, err)
			continue
		}
		if p.called != c.called || p.word != c.word {
			t.Errorf("%s of %q is %q, %q, want %q, %q", c.name, c.language, p.called, p.word, c.called, c.word)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"nowhere", "../own", "menu/none"} {
		if _, err := openPrompt(dir, name, "fr", 8000); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	if p, err := openPrompt(filepath.Join(dir, "no-folder"), "menu/welcome", "fr", 8000); err != nil {
		t.Error(err)
	} else {
		_ = p.Close()
	}
}

// listen reads a clip to its end in pieces of n.
func listen(t *testing.T, c openClip, n int) (out []int16) {
	t.Helper()
	pcm := make([]int16, n)
	for {
		got, err := c.Read(pcm)
		out = append(out, pcm[:got]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if got < n {
			if more, err := c.Read(pcm); more != 0 || !errors.Is(err, io.EOF) {
				t.Fatalf("%d samples after the end, %v", more, err)
			}
			return out
		}
	}
}

func TestASentenceHasNoGaps(t *testing.T) {
	var want []int16
	length := time.Duration(0)
	names := []string{"number/2", "number/hundred", "pause/short", "number/10"}
	for _, name := range names {
		p, err := openPrompt(t.TempDir(), name, "en", 8000)
		if err != nil {
			t.Fatal(err)
		}
		length += p.Length()
		want = append(want, listen(t, p, 1000)...)
	}
	for _, n := range []int{1, 160, 100_000} {
		whole := &joined{}
		for _, name := range names {
			p, err := openPrompt(t.TempDir(), name, "en", 8000)
			if err != nil {
				t.Fatal(err)
			}
			whole.clips = append(whole.clips, p)
		}
		if whole.Length() != length {
			t.Errorf("it lasts %v, want %v", whole.Length(), length)
		}
		if got := listen(t, whole, n); !slices.Equal(got, want) {
			t.Errorf("in pieces of %d it is another", n)
		}
	}
}
