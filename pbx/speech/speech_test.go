package speech_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/internal/testwav"
	"dialtone/media"
	"dialtone/pbx/speech"
)

// setting is an engine in a folder of its own.
type setting struct {
	cfg    *config.Config
	folder string
	log    string
	*speech.Speech
}

func newSetting(t *testing.T, what string, change func(*config.TTS)) *setting {
	t.Helper()
	cfg := config.Default()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &setting{cfg: &cfg, folder: filepath.Join(t.TempDir(), "speech")}
	s.log = filepath.Join(t.TempDir(), "log")
	t.Setenv(helper, what)
	t.Setenv("SPEECH_TEST_LOG", s.log)
	cfg.Speech.TTS.Command = []string{self, "{language}", "{voice}"}
	if change != nil {
		change(&cfg.Speech.TTS)
	}
	s.Speech = speech.New(speech.Options{Config: func() *config.Config { return s.cfg }, Folder: s.folder, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(s.Close)
	return s
}

// asked are what the engine was asked.
func (s *setting) asked(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(s.log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(data)))
}

func (s *setting) speak(t *testing.T, text, language string) media.Clip {
	t.Helper()
	c, err := s.Speak(t.Context(), text, language, 8000)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheTextGoesToTheInputOfTheProgram(t *testing.T) {
	s := newSetting(t, "speaks", func(e *config.TTS) { e.Voices = map[string]string{"fr": "fr-fr"} })
	const text = "--version; $(reboot) \x00\x1b[2J\nBonjour \xff"
	if d := s.speak(t, text, "fr-CA").Length(); d < time.Second {
		t.Errorf("it lasts %v", d)
	}
	want := `["fr-CA" "fr-fr"] "--version; $(reboot)   [2J Bonjour\n"` + "\n"
	if got := s.asked(t); len(got) != 1 || got[0] != want {
		t.Errorf("the program got %q, want %q", got, want)
	}
	s.speak(t, text, "-x/../y") // what names no language never becomes an argument
	if got := s.asked(t); len(got) != 2 || !strings.HasPrefix(got[1], `["en" "en"]`) {
		t.Errorf("the program got %q", got)
	}
}

func TestWhatWasSpokenIsKept(t *testing.T) {
	s := newSetting(t, "speaks", nil)
	for range 3 {
		s.speak(t, "hello", "en")
	}
	s.speak(t, "hello", "fr")
	s.speak(t, "Hello", "en")
	if got := s.asked(t); len(got) != 3 {
		t.Errorf("the program ran %d times, want 3", len(got))
	}
	files, err := filepath.Glob(filepath.Join(s.folder, "*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".wav"); len(name) != 64 || strings.Trim(name, "0123456789abcdef") != "" {
			t.Errorf("%s is not named by a hash", f)
		}
		if err := os.WriteFile(f, []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.speak(t, "hello", "en")
	if got := s.asked(t); len(got) != 4 {
		t.Error("a torn file was played")
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	s := newSetting(t, "", func(e *config.TTS) { e.Cache = 1 })
	var calls atomic.Int32
	answers(t, s, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = w.Write(testwav.Format{}.Tone(440, 6*time.Second)) // 96 KB
	})
	for i := range 20 {
		s.speak(t, fmt.Sprint("text ", i), "en")
	}
	size, names := int64(0), 0
	_ = filepath.Walk(s.folder, func(_ string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() {
			size, names = size+i.Size(), names+1
		}
		return nil
	})
	if size > 1<<20 || names < 5 {
		t.Errorf("%d files of %d bytes are kept", names, size)
	}
	calls.Store(0)
	if s.speak(t, "text 19", "en"); calls.Load() != 0 {
		t.Error("what was asked for last is gone")
	}
	if s.speak(t, "text 0", "en"); calls.Load() != 1 {
		t.Error("what was asked for first is still there")
	}
	s.cfg.Speech.TTS.Cache = 0
	s.speak(t, "not kept", "en")
	if s.speak(t, "not kept", "en"); calls.Load() != 3 {
		t.Errorf("without a cache the engine was asked %d times", calls.Load()-1)
	}
}

func TestFailuresSayWhy(t *testing.T) {
	for what, says := range map[string]string{
		"fails":   "exit status 3: no such voice",
		"mute":    "gave nothing",
		"prose":   "what the engine gave cannot be played: it is no WAV, FLAC",
		"hangs":   "the engine took longer than 500ms",
		"endless": "the engine gave more than 10 MB",
	} {
		t.Run(what, func(t *testing.T) {
			s := newSetting(t, what, func(e *config.TTS) {
				if what == "hangs" {
					e.Timeout = config.Duration(500 * time.Millisecond)
				}
			})
			_, err := s.Speak(t.Context(), "hello", "en", 8000)
			if err == nil || !strings.HasPrefix(err.Error(), "a text is not spoken: ") || !strings.Contains(err.Error(), says) {
				t.Errorf("%v, want %s", err, says)
			}
		})
	}
	s := newSetting(t, "speaks", func(e *config.TTS) { e.Command = []string{"no-such-program-here"} })
	if _, err := s.Speak(t.Context(), "hello", "en", 8000); err == nil || !strings.Contains(err.Error(), "executable file not found") {
		t.Error(err)
	}
	for text, says := range map[string]string{" \n": "there is no text", strings.Repeat("a", speech.MaxText+1): "longer than"} {
		if _, err := s.Speak(t.Context(), text, "en", 8000); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	s.cfg.Speech.TTS.Command = nil
	if _, err := s.Speak(t.Context(), "hello", "en", 8000); err == nil || !strings.Contains(err.Error(), "there is no engine") {
		t.Error(err)
	}
}

func TestAnEngineStopsWithTheCall(t *testing.T) {
	s := newSetting(t, "hangs", nil)
	ctx, hangUp := context.WithCancelCause(t.Context())
	gone := errors.New("hung up")
	done := make(chan error, 1)
	go func() { _, err := s.Speak(ctx, "hello", "en", 8000); done <- err }()
	hangUp(gone)
	if err := <-done; !errors.Is(err, gone) {
		t.Error(err)
	}
	go func() { _, err := s.Speak(t.Context(), "hello", "en", 8000); done <- err }()
	s.Close()
	if err := <-done; err == nil {
		t.Error("it spoke after its end")
	}
}

// answers is a web server that speaks, and counts how many do at once.
func answers(t *testing.T, s *setting, f http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	s.cfg.Speech.TTS.Command, s.cfg.Speech.TTS.URL = nil, server.URL+"/say?l={language}&v={voice}"
}

func TestAWebServerSpeaks(t *testing.T) {
	s := newSetting(t, "", func(e *config.TTS) { e.Voices = map[string]string{"fr": "a b&c"} })
	var got string
	answers(t, s, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("Content-Type"), " ", string(body))
		_, _ = w.Write(testwav.Format{Rate: 22050}.Tone(440, time.Second))
	})
	if d := s.speak(t, "Ça va?", "fr").Length(); d != time.Second {
		t.Errorf("it lasts %v", d)
	}
	if c, err := s.Speak(t.Context(), "Ça va?", "fr", 16000); err != nil || c.(interface{ Rate() int }).Rate() != 16000 {
		t.Errorf("what it spoke is not heard as it is: %v", err)
	}
	if want := "POST /say?l=fr&v=a+b%26c text/plain; charset=utf-8 Ça va?"; got != want {
		t.Errorf("it was asked %s, want %s", got, want)
	}
	for status, says := range map[int]string{http.StatusInternalServerError: "answered 500", http.StatusFound: "answered 302"} {
		answers(t, s, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", "/"); w.WriteHeader(status) })
		if _, err := s.Speak(t.Context(), "x", "fr", 8000); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	answers(t, s, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 11<<20)) })
	if _, err := s.Speak(t.Context(), "x", "fr", 8000); err == nil || !strings.Contains(err.Error(), "more than 10 MB") {
		t.Error(err)
	}
}

func TestOnlySoManySpeakAtOnce(t *testing.T) {
	s := newSetting(t, "", func(e *config.TTS) { e.Concurrent = 2 })
	var now, most, calls atomic.Int32
	two := make(chan struct{})
	var once sync.Once
	answers(t, s, func(w http.ResponseWriter, _ *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		if calls.Add(1) == 2 {
			once.Do(func() { close(two) })
		}
		<-two
		now.Add(-1)
		_, _ = w.Write(testwav.Format{}.Tone(440, time.Second))
	})
	var all sync.WaitGroup
	for i := range 20 { // five ask for each text
		all.Go(func() {
			if _, err := s.Speak(t.Context(), fmt.Sprint("text ", i%4), "en", 8000); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != 2 || calls.Load() != 4 {
		t.Errorf("%d spoke at once, %d times", most.Load(), calls.Load())
	}
}

// TestEspeak speaks with the engine that the manual names.
func TestEspeak(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Fatal("espeak-ng is not installed: make install-test-tools")
	}
	s := newSetting(t, "", func(e *config.TTS) {
		e.Command = []string{"espeak-ng", "-v", "{voice}", "--stdin", "--stdout"}
		e.Voices = map[string]string{"en": "en-us"}
	})
	length := map[string]time.Duration{}
	for language, text := range map[string]string{"en": "The office opens at nine.", "fr": "Le bureau ouvre à neuf heures.", "de": "Das Büro öffnet um neun."} {
		c := s.speak(t, text, language)
		var pcm []int16
		frame := make([]int16, 160)
		for {
			n, err := c.Read(frame)
			pcm = append(pcm, frame[:n]...)
			if err != nil {
				break
			}
		}
		sum := 0.0
		for _, v := range pcm {
			sum += float64(v) * float64(v)
		}
		length[language] = c.Length()
		if level := 20 * math.Log10(math.Sqrt(sum/float64(len(pcm)))/32768); level < -40 || c.Length() < time.Second || c.Length() > 5*time.Second {
			t.Errorf("%s: %v of %.0f dBFS", language, c.Length(), level)
		}
	}
	if _, err := s.Speak(t.Context(), "hello", "tlh-none", 8000); err == nil || !strings.Contains(err.Error(), "espeak-ng: exit status") {
		t.Errorf("a voice that there is not: %v", err)
	}
	s.speak(t, "--version", "en")
	if file, err := filepath.Glob(filepath.Join(s.folder, "*.wav")); err != nil || len(file) != 4 {
		t.Errorf("%v, %v", file, err)
	}
}
