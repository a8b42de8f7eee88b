package call_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dialtone/dialplan"
	"dialtone/internal/testwav"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
	"dialtone/storage"
)

const ms = time.Millisecond

// event lets a key arrive at e as telephone events do, each of them twice.
func (e *endpoint) event(digit byte) {
	e.mu.Lock()
	s := e.sink
	e.last = time.Now()
	e.mu.Unlock()
	f := codec.DTMF
	if s == nil {
		return
	}
	stamp := uint32(time.Now().UnixMilli() * 8)
	for n := range uint16(6) {
		payload := []byte{byte(strings.IndexByte(media.Keypad, digit)), 10, byte((n/2 + 1) * 160 >> 8), byte((n/2 + 1) * 160)}
		if n >= 4 {
			payload[1] |= 0x80
		}
		s.Packet(&media.Packet{Payload: payload, Format: &f, Time: stamp, Seq: uint16(stamp/160) + n})
	}
}

// presses are keys and when they are pressed, from the start: "1s:12#" as events,
// "1s:i5" as INFO, "1s:b5" as both.
func (l *fakeLeg) presses(t *testing.T, script string) {
	t.Helper()
	start := time.Now()
	for _, part := range strings.Fields(script) {
		at, keys, _ := strings.Cut(part, ":")
		d, err := time.ParseDuration(at)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(start.Add(d)))
		way := strings.Trim(keys, media.Keypad)
		for _, digit := range []byte(strings.TrimPrefix(keys, way)) {
			if way != "i" {
				l.media.event(digit)
			}
			if way != "" {
				l.infos <- call.Info{ContentType: "application/dtmf-relay", Body: fmt.Appendf(nil, "Signal=%c\r\nDuration=160\r\n", digit)}
			}
			time.Sleep(100 * ms)
		}
	}
}

// keysWorld is a world in which 200 takes steps, with the files welcome and menu
// of 2 s, and welcome in French of 1 s.
func keysWorld(t *testing.T, steps ...dialplan.Step) *world {
	t.Helper()
	plan, found := dialplan.Compile(dialplan.Spec{
		Extensions: []string{"100"}, Pins: map[string]dialplan.Secret{"ann": "4839"},
		Contexts: map[string][]*dialplan.RouteSpec{"phones": {{To: texts("200"), Do: steps}}},
	})
	if len(found) > 0 {
		t.Fatal(found)
	}
	w := newWorldOf(t, plan, call.Options{Dialer: book{}, Log: slog.New(slog.DiscardHandler)})
	w.cfg.Prompts = t.TempDir()
	for name, d := range map[string]time.Duration{"welcome": 2 * time.Second, "menu": 2 * time.Second, "fr/welcome": time.Second} {
		if err := testwav.Write(filepath.Join(w.cfg.Prompts, name+".wav"), 440, d); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func texts(values ...string) (out dialplan.Texts) {
	for _, v := range values {
		out = append(out, dialplan.Text{Value: v})
	}
	return out
}

func text(v string) dialplan.Text { return dialplan.Text{Value: v} }

// steps are those of a record, each "NAME took TIME: TEXT".
func steps(t *testing.T, r storage.CDR) (out []string) {
	t.Helper()
	var trace dialplan.Trace
	if err := json.Unmarshal(r.Trace, &trace); err != nil {
		t.Fatal(err)
	}
	for _, e := range trace.Events {
		if e.Kind == dialplan.EventStep {
			out = append(out, fmt.Sprintf("%s took %v: %s", e.Name, e.Took.Round(ms), e.Text))
		}
	}
	return out
}

func TestKeysAndFiles(t *testing.T) {
	menu := func() *dialplan.Gather {
		return &dialplan.Gather{Files: texts("menu"), Digits: 4, Into: text("n"), Tries: 1}
	}
	open := func(match ...string) *dialplan.Gather {
		return &dialplan.Gather{Files: texts("menu"), Max: 6, Into: text("n"), Tries: 1, Match: texts(match...)}
	}
	play := func(until string, files ...string) *dialplan.Play {
		return &dialplan.Play{Files: texts(files...), Until: text(until)}
	}
	one := func(into string) *dialplan.Gather {
		return &dialplan.Gather{Digits: 1, Into: text(into), Tries: 1, Finish: text("none")}
	}
	for _, c := range []struct {
		name   string
		steps  dialplan.Steps
		keys   string
		took   []string
		frames int // that the caller heard; -1 does not matter
	}{
		{"a file", dialplan.Steps{play("none", "welcome")}, "", []string{"play welcome took 2s: "}, 100},
		{"two files", dialplan.Steps{play("none", "welcome", "menu")}, "1s:12", []string{"play welcome, menu took 4s: "}, 200},
		{"a key stops it", dialplan.Steps{play("any", "welcome", "menu")}, "1010ms:5", []string{"play welcome, menu took 1.01s: stopped by 5"}, 51},
		{"another key does not", dialplan.Steps{play("#", "welcome")}, "1010ms:5 1510ms:#", []string{"play welcome took 1.51s: stopped by #"}, 76},
		{"a file that is gone", dialplan.Steps{play("none", "nowhere", "welcome")}, "", []string{"play nowhere, welcome took 2s: not played: there is no file nowhere.wav in "}, 100},
		{"a language", dialplan.Steps{&dialplan.Set{Values: dialplan.Values{{Name: "language", Text: text("fr-CA")}}}, play("none", "welcome", "menu")}, "", []string{"set language = fr-CA took 0s: language = fr-CA", "play welcome, menu took 3s: "}, 150},

		{"a number", dialplan.Steps{menu()}, "3s:1234", []string{"gather menu into n took 3.3s: n = 1234"}, 100},
		{"the first key stops the prompt", dialplan.Steps{menu()}, "1010ms:1234", []string{"gather menu into n took 1.31s: n = 1234"}, 51},
		{"# ends it", dialplan.Steps{menu()}, "3s:12#", []string{"gather menu into n took 3.2s: \"12\" is too short"}, 100},
		{"time for the first key counts from the end of the prompt", dialplan.Steps{menu()}, "", []string{"gather menu into n took 7s: nothing was pressed"}, 100},
		{"time between keys", dialplan.Steps{menu()}, "4s:12", []string{"gather menu into n took 7.1s: \"12\" is too short"}, 100},
		{"keys as INFO", dialplan.Steps{menu()}, "3s:i1234", []string{"gather menu into n took 3.3s: n = 1234"}, 100},
		{"keys in both ways", dialplan.Steps{menu()}, "3s:b1224", []string{"gather menu into n took 3.3s: n = 1224"}, 100},
		{"one phone, now so and now so", dialplan.Steps{menu()}, "3s:1 4s:i1 5s:b1 6s:1", []string{"gather menu into n took 6s: n = 1111"}, 100},

		{"keys ahead of the prompt", dialplan.Steps{&dialplan.Answer{}, &dialplan.Wait{For: time.Second}, menu()}, "500ms:1234", []string{"answer took 0s: ", "wait 1s took 1s: ", "gather menu into n took 0s: n = 1234"}, 0},
		{"the key that stops a file counts for what follows", dialplan.Steps{play("any", "welcome"), one("n")}, "1010ms:7", []string{"play welcome took 1.01s: stopped by 7", "gather into n took 0s: n = 7"}, 51},
		{"unless it is only there to stop it", dialplan.Steps{play("7", "welcome"), one("n")}, "1010ms:7 2s:8", []string{"play welcome took 1.01s: stopped by 7", "gather into n took 990ms: n = 8"}, 51},
		{"keys during a tone count", dialplan.Steps{&dialplan.Tone{What: dialplan.Text{Value: "440"}, For: time.Second}, one("n")}, "500ms:7", []string{"tone 440 Hz for 1s took 1s: ", "gather into n took 0s: n = 7"}, -1},
		{"none longer fits", dialplan.Steps{open("1XX", "2X", "27X")}, "3s:123# 4s:9", []string{"gather menu into n took 3.2s: n = 123"}, 100},
		{"a longer one fits, too", dialplan.Steps{open("1XX", "2X", "27X")}, "3s:27", []string{"gather menu into n took 6.1s: n = 27"}, 100},
		{"what is wrong is heard to its end", dialplan.Steps{open("1XX")}, "3s:4123", []string{"gather menu into n took 6.3s: \"4123\" does not match"}, 100},
		{"# behind a whole number is no key of the next", dialplan.Steps{menu(), one("m")}, "3s:1234# 4s:5", []string{"gather menu into n took 3.3s: n = 1234", "gather into m took 700ms: m = 5"}, 100},
		{"but it is one when it comes late", dialplan.Steps{menu(), &dialplan.Wait{For: 5 * time.Second}, one("m")}, "3s:1234 8s:#", []string{"gather menu into n took 3.3s: n = 1234", "wait 5s took 5s: ", "gather into m took 0s: m = #"}, 100},

		{"a PIN", dialplan.Steps{&dialplan.Pin{}}, "1s:1234 2s:4839", []string{"pin took 2.3s: wrong, try 1; the PIN of ann"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := keysWorld(t, c.steps...)
				alice := w.calls(t, "100", "200")
				alice.presses(t, c.keys)
				got := steps(t, next(t, w))
				if len(got) != len(c.took) {
					t.Fatalf("steps are %q", got)
				}
				for i, want := range c.took {
					if !strings.HasPrefix(got[i], want) || strings.HasSuffix(want, ": ") && got[i] != want {
						t.Errorf("got %s\nwant %s", got[i], want)
					}
				}
				if n := alice.media.count(); n != c.frames && c.frames >= 0 {
					t.Errorf("heard %d frames, want %d", n, c.frames)
				}
			})
		})
	}
}

func TestTheCallerHangsUpWhileItIsAsked(t *testing.T) {
	for _, step := range []dialplan.Step{
		&dialplan.Play{Files: texts("welcome")},
		&dialplan.Gather{Files: texts("menu"), Digits: 4, Into: text("n")},
		&dialplan.Gather{Digits: 4, Into: text("n")},
		&dialplan.Pin{},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := keysWorld(t, step)
			alice := w.calls(t, "100", "200")
			time.Sleep(time.Second)
			alice.bye(dialplan.CauseNormal)
			r := next(t, w)
			want(t, "end", r.End.Sub(r.Start), time.Second)
			want(t, "by", r.HungUpBy, alice.ID())
		})
	}
}

func TestWhoIsSilentIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := keysWorld(t, &dialplan.Gather{Digits: 4, Into: text("n"), Timeout: 5 * time.Minute})
		w.calls(t, "100", "200")
		r := next(t, w)
		want(t, "cause", r.Cause, "rtp-timeout")
	})
}

func TestAFileNeedsACodec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := keysWorld(t, &dialplan.Play{Files: texts("welcome")})
		w.calls(t, "100", "200", codec.Opus)
		r := next(t, w)
		want(t, "cause", r.Cause, "no-common-codec")
	})
}

func TestManyWrongPINsLockTheCallerOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := keysWorld(t, &dialplan.Pin{})
		enter := func(keys string) string {
			alice := w.calls(t, "100", "200")
			alice.presses(t, keys)
			got := steps(t, next(t, w))
			return got[0][strings.LastIndexAny(got[0], ";:")+2:]
		}
		for range 3 {
			want(t, "wrong", enter("1s:1111 3s:2222 5s:3333"), "no PIN was right")
		}
		want(t, "locked", enter(""), "too many wrong PINs")
		time.Sleep(14 * time.Minute)
		want(t, "still", enter(""), "too many wrong PINs")
		time.Sleep(2 * time.Minute)
		want(t, "a quarter of an hour later", enter("1s:4839"), "the PIN of ann")
		for range 4 {
			want(t, "a right one forgives the wrong ones", enter("1s:1111 3s:2222 5s:4839"), "the PIN of ann")
		}
	})
}
