package speech_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/pbx/speech"
)

func hearer(t *testing.T, stt config.STT) *speech.Speech {
	t.Helper()
	cfg := config.Default()
	cfg.Speech.STT = stt
	s := speech.New(speech.Options{Config: func() *config.Config { return &cfg }, Folder: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(s.Close)
	return s
}

// Programs get a WAV file and give words.
func TestHear(t *testing.T) {
	for _, c := range []struct {
		name, script, language string
		want, fails            string
	}{
		{"words", `echo "  The Sales,"; echo please`, "", "The Sales, please", ""},
		{"what is in the file", `head -c 4; printf ' '; wc -c`, "", "RIFF 16040", ""},
		{"the language", `cat > /dev/null; echo $0`, "fr-CA", "fr-CA", ""},
		{"a language that is none", `cat > /dev/null; echo $0`, "--help", "en", ""},
		{"nobody spoke", `cat > /dev/null`, "", "", ""},
		{"it fails", `echo no model >&2; exit 1`, "", "", "no model"},
		{"it takes too long", `exec sleep 60`, "", "", "took longer than 1s"},
		{"it does not end", `yes`, "", "", "gave more than 4096 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			timeout := time.Minute // only for who takes too long does it run out
			if strings.Contains(c.fails, "1s") {
				timeout = time.Second
			}
			s := hearer(t, config.STT{Command: []string{"sh", "-c", c.script, "{language}"}, Timeout: config.Duration(timeout), Concurrent: 4})
			got, err := s.Hear(t.Context(), make([]int16, 8000), 8000, c.language)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error %v, want %s", err, c.fails)
				}
				return
			}
			if got = strings.Join(strings.Fields(got), " "); err != nil || got != c.want {
				t.Errorf("heard %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// A web server gets the same, and the file plays.
func TestHearByWeb(t *testing.T) {
	var length time.Duration
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		clip, err := audio.NewClip(bytes.NewReader(body), 8000)
		if err != nil || r.URL.Query().Get("l") != "fr" || r.Header.Get("Content-Type") != "audio/wav" {
			t.Errorf("%s, %v, %v", r.URL, r.Header, err)
		}
		length = media.Clip(clip).Length()
		_, _ = io.WriteString(w, "les ventes\n")
	}))
	defer server.Close()
	s := hearer(t, config.STT{URL: server.URL + "/?l={language}", Timeout: config.Duration(5 * time.Second), Concurrent: 1})
	got, err := s.Hear(t.Context(), make([]int16, 8000), 8000, "fr")
	if err != nil || got != "les ventes" || length != time.Second {
		t.Errorf("heard %q of %s, %v", got, length, err)
	}
	s.Close()
	if _, err := s.Hear(t.Context(), nil, 8000, ""); err == nil {
		t.Error("it hears after it was closed")
	}
}
