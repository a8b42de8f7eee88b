package prompts_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/media/audio"
	"dialtone/prompts"
)

func hash(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:8])
}

// manifest is what the recordings were made of.
func manifest(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("audio/manifest.tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			fields := strings.Split(line, "\t")
			out[fields[0]] = fields[1:]
		}
	}
	return out
}

func TestRecordingsAreThoseOfTheTexts(t *testing.T) {
	made := manifest(t)
	for _, language := range prompts.Languages() {
		for _, p := range prompts.List(language) {
			name := language + "/" + p.Name
			row := made[name]
			delete(made, name)
			if len(row) != 3 {
				t.Errorf("%s has no recording: run make prompts", name)
				continue
			}
			if row[0] != hash([]byte(p.Text)) {
				t.Errorf("the text of %s was changed: run make prompts", name)
			}
			file, err := os.ReadFile(filepath.Join("audio", filepath.FromSlash(name)+prompts.Suffix))
			if err != nil {
				t.Errorf("%v: run make prompts", err)
			} else if row[1] != hash(file) {
				t.Errorf("the recording of %s is another than the one that was made of its text: run make prompts; own recordings belong into the folder prompts of the configuration", name)
			}
		}
	}
	for name := range made {
		t.Errorf("%s has no text any more: run make prompts", name)
	}
	_ = filepath.WalkDir("audio", func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			t.Error(err)
		}
		name, is := strings.CutSuffix(filepath.ToSlash(path), prompts.Suffix)
		language, name, _ := strings.Cut(strings.TrimPrefix(name, "audio/"), "/")
		if is && prompts.Text(language, name) == "" {
			t.Errorf("%s has no text: run make prompts", path)
		}
		return nil
	})
}

// grammar are the topics in which each language has what it needs.
var grammar = []string{"number", "say"}

func TestLanguagesSayTheSame(t *testing.T) {
	if got := prompts.Languages(); !slices.Equal(got, []string{"en", "fr"}) {
		t.Fatalf("the languages are %v", got)
	}
	names := func(language string) (out []string) {
		for _, p := range prompts.List(language) {
			topic, _, _ := strings.Cut(p.Name, "/")
			if !slices.Contains(grammar, topic) && !strings.HasSuffix(p.Name, "-feminine") {
				out = append(out, p.Name)
			}
		}
		return out
	}
	if en, fr := names("en"), names("fr"); !slices.Equal(en, fr) {
		t.Errorf("the lists differ:\n%v\n%v", en, fr)
	} else if len(en) < 300 {
		t.Errorf("there are %d prompts only", len(en))
	}
}

func TestNamesCanBeFilesOfTheFolder(t *testing.T) {
	good := regexp.MustCompile(`^[a-z]+/[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, language := range prompts.Languages() {
		for _, p := range prompts.List(language) {
			if !good.MatchString(p.Name) || len(p.Name) > 60 {
				t.Errorf("%s: %q is no good name", language, p.Name)
			}
		}
	}
}

func read(tb testing.TB, c *audio.Clip, n int) (out []int16) {
	tb.Helper()
	pcm := make([]int16, n)
	for {
		got, err := c.Read(pcm)
		out = append(out, pcm[:got]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func open(tb testing.TB, language, name string, rate int) *audio.Clip {
	tb.Helper()
	file, err := prompts.Open(language, name)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := audio.NewClip(file, rate)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// active is the level of speech, in dBFS, and the highest peak.
func active(pcm []int16, rate int) (level, peak float64) {
	size := rate / 100
	var power []float64
	most := 0.0
	for len(pcm) >= size {
		sum := 0.0
		for _, s := range pcm[:size] {
			v := float64(s) / 32768
			sum += v * v / float64(size)
			peak = max(peak, math.Abs(v))
		}
		power, most = append(power, sum), max(most, sum)
		pcm = pcm[size:]
	}
	sum, n := 0.0, 0.0
	for _, p := range power {
		if p > most*math.Pow(10, -2.5) {
			sum, n = sum+p, n+1
		}
	}
	return 10 * math.Log10(sum/max(n, 1)), peak
}

func TestEveryRecordingIsSpeechOfTheRightLevel(t *testing.T) {
	bytes := int64(0)
	for _, language := range prompts.Languages() {
		for _, p := range prompts.List(language) {
			name := language + "/" + p.Name
			c := open(t, language, p.Name, prompts.Rate)
			length := c.Length()
			pcm := read(t, c, 320)
			if d := time.Duration(len(pcm)) * time.Second / prompts.Rate; (d - length).Abs() > time.Millisecond {
				t.Errorf("%s: %v of %v could be read", name, d, length)
			}
			if info, err := os.Stat("audio/" + name + prompts.Suffix); err == nil {
				bytes += info.Size()
			}
			if strings.HasPrefix(p.Text, "(") {
				continue
			}
			level, peak := active(pcm, prompts.Rate)
			if peak > 0.999 {
				t.Errorf("%s is clipped", name)
			}
			// A recording with high peaks is fainter rather than clipped.
			if level > prompts.Level+2 || level < prompts.Level-8 || level < prompts.Level-2 && peak < 0.7 {
				t.Errorf("%s: speech is at %.1f dBFS with peaks of %.2f", name, level, peak)
			}
			if least := time.Duration(120+15*len(p.Text)) * time.Millisecond; length > 20*time.Second || length < min(least, 3*time.Second) {
				t.Errorf("%s lasts %v, which is odd for %q", name, length, p.Text)
			}
		}
	}
	if bytes > 5<<20 {
		t.Errorf("the recordings take %d bytes", bytes)
	}
	t.Logf("%d bytes", bytes)
}

func TestARecordingIsTheSameEachTime(t *testing.T) {
	first := read(t, open(t, "en", "menu/welcome", 8000), 160)
	_ = read(t, open(t, "fr", "mailbox/main-menu", 8000), 160)
	for _, n := range []int{1, 7, 160, 100_000} {
		if again := read(t, open(t, "en", "menu/welcome", 8000), n); !slices.Equal(first, again) {
			t.Errorf("in pieces of %d it is another", n)
		}
	}
	for _, rate := range []int{8000, 16000, 48000} {
		c := open(t, "en", "menu/welcome", rate)
		if got := len(read(t, c, 999)) * 8000 / rate; got < len(first)-2 || got > len(first)+2 {
			t.Errorf("at %d Hz it is %d ms long, not %d", rate, got/8, len(first)/8)
		}
		if c.Rate() != rate {
			t.Errorf("a rate of %d is called %d", rate, c.Rate())
		}
	}
}

func TestTheBeepIsATone(t *testing.T) {
	pcm := read(t, open(t, "fr", "tone/beep", 8000), 160)
	turns := 0
	for i := 1; i < len(pcm); i++ {
		if pcm[i-1] < 0 && pcm[i] >= 0 {
			turns++
		}
	}
	if hz := turns * 8000 / len(pcm); hz < 950 || hz > 1050 {
		t.Errorf("it has %d Hz", hz)
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		language, name, found string
	}{
		{"", "menu/welcome", "en"},
		{"en-US", "menu/welcome", "en"},
		{"fr-CA", "menu/welcome", "fr"},
		{"FR", "menu/welcome", "fr"},
		{"de", "menu/welcome", "en"},
		{"fr", "number/21-feminine", "fr"},
		{"en", "number/21-feminine", ""},
		{"fr", "say/oh", "en"},
		{"fr", "menu/none", ""},
		{"fr", "../en.tsv", ""},
	} {
		found, ok := prompts.Find(c.language, c.name)
		if found != c.found || ok != (c.found != "") {
			t.Errorf("%s of %q is found in %q, want %q", c.name, c.language, found, c.found)
		}
	}
	if _, err := prompts.Open("fr", "menu/none"); err == nil {
		t.Error("a prompt that is not there was opened")
	}
}

func TestThePageIsCurrent(t *testing.T) {
	page, err := os.ReadFile("../docs/prompts.md")
	if err != nil || !bytes.Equal(page, prompts.Reference()) {
		t.Errorf("docs/prompts.md is not what there is (%v): run make generate", err)
	}
}

func TestParse(t *testing.T) {
	for list, says := range map[string]string{
		"a":            "line 1: want a name, a tab and a text",
		"#\n\na\t":     "line 3: want a name",
		"a\t b":        "line 1: want a name",
		"\tb":          "line 1: want a name",
		"a\tb\na\tc":   "line 2: a is there twice",
		"a\tb\r\nc\td": "",
	} {
		_, err := prompts.Parse(list)
		if got := fmt.Sprint(err); err == nil && says != "" || err != nil && (says == "" || !strings.HasPrefix(got, says)) {
			t.Errorf("%q: %v, want %s", list, err, says)
		}
	}
}

// BenchmarkOpen measures what a prompt costs before its first sample.
func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := open(b, "en", "menu/welcome", 8000)
		_ = c.Close()
	}
}

// BenchmarkRead measures a frame of 20 ms.
func BenchmarkRead(b *testing.B) {
	b.ReportAllocs()
	pcm := make([]int16, 160)
	c := open(b, "en", "mailbox/main-menu", 8000)
	for b.Loop() {
		if _, err := c.Read(pcm); err != nil {
			b.StopTimer()
			c = open(b, "en", "mailbox/main-menu", 8000)
			b.StartTimer()
		}
	}
}
