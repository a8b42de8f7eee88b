package web

import (
	"bufio"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/pbx/registrar"
	"dialtone/storage"
)

func TestStates(t *testing.T) {
	for _, tt := range []struct {
		name       string
		dialogs    []call.Dialog
		there, dnd bool
		want       State
	}{
		{"nothing", nil, true, false, Free},
		{"no phone", nil, false, false, Offline},
		{"no phone, and not to be disturbed", nil, false, true, Offline},
		{"not to be disturbed", nil, true, true, DND},
		{"rings", []call.Dialog{{State: call.Ringing}}, true, false, Ringing},
		{"calls", []call.Dialog{{State: call.Ringing, Initiator: true}}, true, false, Talking},
		{"talks while another rings", []call.Dialog{{State: call.Ringing}, {State: call.Up}}, true, false, Talking},
		{"talks, not to be disturbed", []call.Dialog{{State: call.Held}}, true, true, Talking},
	} {
		if got := stateOf(tt.dialogs, tt.there, tt.dnd, false); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		away := tt.want
		if away == Free {
			away = Away // what the phone does is more than what somebody has said
		}
		if got := stateOf(tt.dialogs, tt.there, tt.dnd, true); got != away {
			t.Errorf("%s, and away: %s, want %s", tt.name, got, away)
		}
	}
}

func TestDirectory(t *testing.T) {
	s := openSite(t, func(cfg *config.Config) {
		cfg.Extensions["102"] = config.Extension{Name: "Boss", Watchers: []string{"101"}}
	})
	for extension, status := range map[string]registrar.Status{"100": registrar.Unknown, "101": registrar.Gone, "102": registrar.Reachable} {
		c := registrar.Contact{Status: status}
		c.Extension = extension
		s.contacts = append(s.contacts, c)
	}
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	want := []colleague{{"100", "Ann", Free, "", ""}, {"101", "Ben", Offline, "", ""}, {"102", "Boss", Unknown, "", ""}}
	if got := get[[]colleague](c, "/api/phone/directory"); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func leg(party string, answered int, cause string) storage.CDRLeg {
	l := storage.CDRLeg{Party: party, Start: noon, End: noon.Add(time.Minute), Cause: cause}
	if answered >= 0 {
		l.Answer = noon.Add(time.Duration(answered) * time.Second)
	}
	return l
}

// What a page may ask of its calls is asked in the name of its extension, and why it is not
// granted comes back as a code.
func TestWishesAboutCalls(t *testing.T) {
	s := openSite(t, func(*config.Config) {})
	s.owns = map[string][]call.Own{"100": {{ID: "c1", SIPCallID: "one", Lock: call.LockHere, Recording: call.TapedOff, MayRecord: true, Alone: true}}}
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	now := get[[]ownCall](c, "/api/phone/calls/now")
	if len(now) != 1 || now[0].Call != "one" || now[0].Lock != call.LockHere || !now[0].Recording.May || !now[0].Alone || now[0].Room != nil {
		t.Errorf("now: %+v", now)
	}
	for _, tt := range []struct {
		path, body string
		refusal    error
		status     int
		code, wish string
	}{
		{"record", `{"call": "one", "do": "start"}`, nil, 204, "", "100 one start"},
		{"record", `{"call": "one", "do": "delete"}`, nil, 400, "invalid", ""},
		{"record", `{"call": "one", "do": "stop"}`, &call.OrderError{Why: "nothing is recorded"}, 409, "record", "100 one stop"},
		{"merge", `{"calls": ["one", "two"]}`, nil, 204, "", "100 merge one two"},
		{"merge", `{"calls": ["one", "other"]}`, call.ErrNoCall, 404, "unknown", "100 merge one other"},
		{"member", `{"call": "one", "member": "m", "do": "remove"}`, nil, 204, "", "100 one m remove"},
		{"member", `{"call": "one", "member": "m", "do": "mute"}`, call.ErrNotAllowed, 403, "forbidden", "100 one m mute"},
	} {
		s.wishes, s.refusal = nil, tt.refusal
		answer := ""
		if tt.code != "" {
			answer = `{"code":"` + tt.code + `"}`
		}
		res, body := c.do("POST", "/api/phone/calls/"+tt.path, tt.body)
		if res.StatusCode != tt.status || body != answer || strings.Join(s.wishes, "; ") != tt.wish {
			t.Errorf("%s %s: %d %s, wished %q; want %d %q, %q", tt.path, tt.body, res.StatusCode, body, s.wishes, tt.status, tt.code, tt.wish)
		}
	}
}

// What a call is in the list of 100.
func TestCallEntries(t *testing.T) {
	cfg := config.Default()
	cfg.Extensions = map[string]config.Extension{"100": {Name: "Ann"}, "101": {Name: "Ben"}}
	record := func(from, to string, answered int, legs ...storage.CDRLeg) storage.CDR {
		c := storage.CDR{ID: "x", From: from, To: to, Start: noon, End: noon.Add(time.Minute), Cause: "normal"}
		c.Legs = append([]storage.CDRLeg{{Party: from, Inbound: true}}, legs...)
		if answered >= 0 {
			c.Answer = noon.Add(time.Duration(answered) * time.Second)
		}
		return c
	}
	hidden := record("+4930123450", "100", -1, leg("100", -1, "no-answer"))
	hidden.Hidden = true
	forged := record("100", "101", 10, leg("101", 10, "normal"))
	forged.Legs[0].Trunk = "line"
	colleague := record("101", "100", 10, leg("100", 10, "normal"))
	colleague.Legs[0].Trunk = "line"
	again := record("101", "100", 10, leg("100", 10, "transferred"), leg("100", 30, "normal"))
	again.Legs[1].ID, again.Legs[1].End, again.Legs[2].Replaces = "one", noon.Add(30*time.Second), "one"
	for _, tt := range []struct {
		name string
		cdr  storage.CDR
		want string
	}{
		{"its page was loaded again", again, `in 101 Ben 50 answered normal`},
		{"called somebody", record("100", "101", 10, leg("101", 10, "normal")), `out 101 Ben 50 answered normal`},
		{"nobody took it", record("100", "101", -1, leg("101", -1, "no-answer")), `out 101 Ben 0 normal`},
		{"was called", record("101", "100", 20, leg("100", 20, "normal")), `in 101 Ben 40 answered normal`},
		{"rang in vain", record("101", "100", -1, leg("100", -1, "no-answer")), `in 101 Ben 0 missed no-answer`},
		{"another took it", record("101", "500", 5, leg("100", -1, "answered-elsewhere"), leg("102", 5, "normal")), `in 101 Ben 0 answered-elsewhere`},
		{"declined", record("101", "100", -1, leg("100", -1, "declined")), `in 101 Ben 0 declined`},
		{"one of two phones took it", record("101", "100", 5, leg("100", 5, "normal"), leg("100", -1, "answered-elsewhere")), `in 101 Ben 55 answered normal`},
		{"refused before it rang", record("101", "100", -1), `in 101 Ben 0 normal`},
		{"hidden", hidden, `in   0 missed no-answer`},
		{"of others", record("101", "102", 5, leg("102", 5, "normal")), ``},
		{"somebody outside claims to be us", forged, ``},
		{"somebody outside claims to be a colleague", colleague, `in 101  50 answered normal`},
	} {
		e, ok := entryOf(&cfg, &tt.cdr, "100")
		got := ""
		if ok {
			words := []string{e.Direction, e.Number, e.Name, (time.Duration(e.Seconds) * time.Second).String()}
			words[3] = strings.TrimSuffix(words[3], "s")
			if e.Answered {
				words = append(words, "answered")
			}
			if e.Missed {
				words = append(words, "missed")
			}
			got = strings.Join(append(words, e.Cause), " ")
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestCallsAreLimited(t *testing.T) {
	s := openSite(t)
	for range 70 {
		s.records = append(s.records, storage.CDR{From: "100", To: "101", Legs: []storage.CDRLeg{{}}})
	}
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	for path, want := range map[string]int{"": callsUsual, "?limit=5": 5, "?limit=1000": 70} {
		if got := get[[]callEntry](c, "/api/phone/calls"+path); len(got) != want {
			t.Errorf("%q gives %d, want %d", path, len(got), want)
		}
	}
	if res, _ := c.do("GET", "/api/phone/calls?limit=-1", ""); res.StatusCode != 400 {
		t.Errorf("limit -1: %d", res.StatusCode)
	}
}

// Everybody hears their own messages only, whatever they ask for.
func TestVoicemailIsOnesOwn(t *testing.T) {
	s := openSite(t)
	audio := []byte("RIFF....WAVE")
	for _, mailbox := range []string{"100", "101"} {
		name := mailbox + ".wav"
		if err := os.WriteFile(filepath.Join(s.folder, name), audio, 0o600); err != nil {
			t.Fatal(err)
		}
		s.voice = append(s.voice, storage.Message{MessageKey: storage.MessageKey{Mailbox: mailbox, ID: "m" + mailbox}, From: "102", File: name, Length: 2500 * time.Millisecond, At: noon})
	}
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	list := get[[]voiceMessage](c, "/api/phone/voicemail")
	if len(list) != 1 || list[0].ID != "m100" || list[0].Seconds != 2.5 || list[0].Heard {
		t.Errorf("%+v", list)
	}
	res, body := c.do("GET", "/api/phone/voicemail/m100/audio", "", "Range", "bytes=0-3")
	if res.StatusCode != http.StatusPartialContent || body != "RIFF" || res.Header.Get("Content-Type") != "audio/wav" {
		t.Errorf("%d %q %s", res.StatusCode, body, res.Header.Get("Content-Type"))
	}
	for _, request := range [][2]string{{"GET", "/m101/audio"}, {"DELETE", "/m101"}, {"GET", "/..%2fm101/audio"}} {
		if res, body := c.do(request[0], "/api/phone/voicemail"+request[1], ""); res.StatusCode != 404 || body != `{"code":"unknown"}` {
			t.Errorf("%v: %d %s", request, res.StatusCode, body)
		}
	}
}

func TestChats(t *testing.T) {
	s := openSite(t)
	text := func(id, from, to, body string, minutes int) storage.Text {
		at := time.Now().Add(time.Duration(minutes) * time.Minute)
		return storage.Text{ID: id, From: from, To: to, Extension: to, At: at, Expires: at.Add(time.Hour), Type: "text/plain;charset=utf-8", Body: []byte(body)}
	}
	s.texts = []storage.Text{
		text("4", "101", "100", "late", -1), text("3", "102", "101", "not ours", -2), text("2", "100", "102", "hello", -3), text("1", "100", "101", "early", -4),
	}
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	chats := get[[]chat](c, "/api/phone/chats")
	if len(chats) != 2 || chats[0].With != "101" || chats[0].Text != "late" || chats[0].Mine || chats[1].With != "102" || !chats[1].Mine {
		t.Errorf("%+v", chats)
	}
	list := get[[]chatMessage](c, "/api/phone/chats/101")
	if len(list) != 2 || list[0].Text != "late" || list[1].Text != "early" || !list[1].Mine || list[0].State != "waits" {
		t.Errorf("%+v", list)
	}
}

// listen reads the events of a page.
func (c *client) listen() (next func() (name, data string), stop func()) {
	c.s.Helper()
	req, _ := http.NewRequestWithContext(c.s.Context(), "GET", c.s.origin+"/api/phone/events", nil)
	res, err := c.Do(req) //nolint:bodyclose // stop closes it
	if err != nil {
		c.s.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		c.s.Fatalf("%d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(res.Body)
	return func() (name, data string) {
		for lines.Scan() {
			key, value, _ := strings.Cut(lines.Text(), ": ")
			switch key {
			case "event":
				name = value
			case "data":
				return name, value
			}
		}
		return "", ""
	}, func() { _ = res.Body.Close() }
}

func TestEvents(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	next, stop := c.listen()
	defer stop()
	want := func(name, data string) {
		t.Helper()
		if gotName, gotData := next(); gotName != name || !strings.Contains(gotData, data) {
			t.Fatalf("%s %s, want %s with %s", gotName, gotData, name, data)
		}
	}
	name, data := next()
	var all []stateChange
	if err := json.Unmarshal([]byte(data), &all); name != "directory" || err != nil || len(all) != 2 {
		t.Fatalf("first %s %s: %v", name, data, err)
	}
	want("voicemail", `{"new":0,"old":0}`)

	s.mu.Lock()
	s.dialogs = map[string][]call.Dialog{"101": {{State: call.Ringing}}}
	s.mu.Unlock()
	s.changed <- struct{}{}
	want("directory", `[{"extension":"101","state":"ringing"}]`)

	s.server.Recorded(&storage.CDR{From: "102", To: "101", Legs: []storage.CDRLeg{{}, leg("101", -1, "no-answer")}}) // not ours
	s.server.Recorded(&storage.CDR{ID: "abc", From: "101", To: "100", Legs: []storage.CDRLeg{{}, leg("100", -1, "no-answer")}})
	want("call", `"id":"abc"`)

	c.do("POST", "/api/phone/logout", "")
	want("logout", "{}")
	if name, _ := next(); name != "" {
		t.Errorf("after logging out comes %q", name)
	}
}

// A page that comes is no work for the others, and mailboxes are read when they change.
func TestStreamsLookAtWhatChanged(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	var pages []func() (name, data string)
	for range 3 {
		next, stop := c.listen()
		defer stop()
		for range 2 { // directory, voicemail
			next()
		}
		pages = append(pages, next)
	}
	s.mu.Lock()
	s.dialogs = map[string][]call.Dialog{"101": {{State: call.Ringing}}}
	s.mu.Unlock()
	s.changed <- struct{}{}
	for _, next := range pages {
		if name, data := next(); name != "directory" {
			t.Errorf("%s %s", name, data)
		}
	}
	if n := s.mailboxes.Load(); n != 3 {
		t.Errorf("3 pages have mailboxes read %d times", n)
	}
	s.mu.Lock()
	s.voice = []storage.Message{{MessageKey: storage.MessageKey{Mailbox: "100", ID: "x"}}}
	s.mu.Unlock()
	s.server.MailboxChanged("100")
	for _, next := range pages {
		if name, data := next(); name != "voicemail" || data != `{"new":1,"old":0}` {
			t.Errorf("%s %s", name, data)
		}
	}
}

// A stream on which nothing happens stays open, over HTTP/2 too, for longer than an event
// may take.
func TestSilentStreamsStay(t *testing.T) {
	s := openSite(t)
	s.server.events.patience = 50 * time.Millisecond
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	next, stop := c.listen()
	defer stop()
	for range 2 { // directory, voicemail
		next()
	}
	time.AfterFunc(4*s.server.events.patience, func() {
		s.server.Recorded(&storage.CDR{ID: "abc", From: "101", To: "100", Legs: []storage.CDRLeg{{}, leg("100", -1, "no-answer")}})
	})
	if name, data := next(); name != "call" {
		t.Errorf("%s %s", name, data)
	}
}

// Another name in the configuration is shown by pages that are open.
func TestPagesLearnOfNewNames(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	next, stop := c.listen()
	defer stop()
	next() // the directory
	next() // the mailbox
	other := *s.cfg.Load()
	other.Extensions = maps.Clone(other.Extensions)
	other.Extensions["101"] = config.Extension{Password: "b7fd-w2ks-9pte-n4vx", Name: "Benedict"}
	s.cfg.Store(&other)
	if err := s.server.Reload(); err != nil {
		t.Fatal(err)
	}
	if name, _ := next(); name != "people" {
		t.Fatalf("the page is told of %q", name)
	}
	people := get[[]colleague](c, "/api/phone/directory")
	if !slices.ContainsFunc(people, func(p colleague) bool { return p.Name == "Benedict" }) {
		t.Errorf("%+v", people)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	s := openSite(t)
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	for range streamsEach {
		_, stop := c.listen()
		defer stop()
	}
	if res, body := c.do("GET", "/api/phone/events", ""); res.StatusCode != 429 || body != `{"code":"busy"}` {
		t.Errorf("one more: %d %s", res.StatusCode, body)
	}
}

func TestSettings(t *testing.T) {
	s := openSite(t)
	s.own["dnd"] = "off"
	c := s.client()
	c.login("100", "kqvt-8mzn-3xwp-r5hc")
	if res, body := c.do("PUT", "/api/phone/settings", `{"dnd":"on","forward":"101"}`); res.StatusCode != 200 || body != `{"dnd":"on","forward":"101"}` {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if got := get[map[string]string](c, "/api/phone/settings"); got["dnd"] != "on" {
		t.Errorf("%v", got)
	}
	for body, code := range map[string]string{`{"dnd":"wrong"}`: "value-dnd", `{"password":"x"}`: "setting", `{"dnd":true}`: "invalid"} {
		if res, got := c.do("PUT", "/api/phone/settings", body); res.StatusCode != 400 || got != `{"code":"`+code+`"}` {
			t.Errorf("%s: %d %s", body, res.StatusCode, got)
		}
	}
}
