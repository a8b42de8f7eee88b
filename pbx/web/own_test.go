package web

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dialtone/config"
	"dialtone/pbx/personal"
	"dialtone/storage"
)

// Recipients: 100 and 101 may write to each other and to 900, which is for 101; nobody may
// write to 102.
func (x *exchange) Recipients(_, to string) (extensions []string, refusal string) {
	switch to {
	case "100", "101":
		return []string{to}, ""
	case "900":
		return []string{"101"}, ""
	case "102":
		return nil, "Not now"
	}
	return nil, ""
}

// both are pages of 100 and 101.
func (s *site) both() (ann, ben *client) {
	s.Helper()
	ann, ben = s.client(), s.client()
	ann.login("100", "kqvt-8mzn-3xwp-r5hc")
	ben.login("101", "b7fd-w2ks-9pte-n4vx")
	return ann, ben
}

func TestFilesAreForThoseWhoGotThem(t *testing.T) {
	s := openSite(t, func(c *config.Config) {
		c.Web.Files.MaxSize = "100kB"
		c.Extensions["102"] = config.Extension{Password: "third-phone-key"}
	})
	ann, ben := s.both()
	eve := s.client()
	eve.login("102", "third-phone-key")

	const page = `<!doctype html><script>alert(1)</script>`
	res, body := ann.do("POST", "/api/phone/files?to=900&name=%2Fetc%2Fr%C3%A9sum%C3%A9.html", page, "Content-Type", "text/html")
	var f attachment
	if err := json.Unmarshal([]byte(body), &f); err != nil || res.StatusCode != http.StatusOK || f.Name != "résumé.html" {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	for name, c := range map[string]*client{"its sender": ann, "who got it": ben} {
		res, body := c.do("GET", "/files/"+f.ID, "")
		if res.StatusCode != http.StatusOK || body != page {
			t.Errorf("%s gets %d %q", name, res.StatusCode, body)
		}
		for header, want := range map[string]string{
			"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": filePolicy, "Content-Disposition": "attachment; filename*=utf-8''r%C3%A9sum%C3%A9.html",
		} {
			if got := res.Header.Get(header); got != want {
				t.Errorf("%s: %s, want %s", header, got, want)
			}
		}
	}
	if res, _ := eve.do("GET", "/files/"+f.ID, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else gets %d", res.StatusCode)
	}
	if res, _ := s.client().do("GET", "/files/"+f.ID, ""); res.StatusCode != http.StatusSeeOther {
		t.Errorf("who is not logged in gets %d", res.StatusCode)
	}
	if res, _ := s.client().do("GET", "/files/"+f.ID+"/thumb", ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the small picture is for everybody: %d", res.StatusCode)
	}
	link := "résumé.html\nhttps://" + s.at + "/files/" + f.ID
	s.texts = []storage.Text{{ID: "1", From: "100", To: "101", Extension: "101", At: time.Now(), Type: "text/plain", Body: []byte(link)}}
	if got := get[[]chatMessage](ben, "/api/phone/chats/100"); len(got) != 1 || got[0].File == nil || got[0].File.ID != f.ID || got[0].File.Size != int64(len(page)) {
		t.Errorf("the message brings %+v", got)
	}
	if got := get[[]chat](ann, "/api/phone/chats"); len(got) != 1 || got[0].File != "résumé.html" {
		t.Errorf("the chat shows %+v", got)
	}
	s.texts[0].From = "102"
	if got := get[[]chatMessage](eve, "/api/phone/chats/101"); len(got) != 1 || got[0].File != nil {
		t.Errorf("who writes a link that was never his gets %+v", got)
	}
	if res, _ := ann.do("DELETE", "/api/phone/files/"+f.ID, ""); res.StatusCode != http.StatusNoContent {
		t.Errorf("deleting it: %d", res.StatusCode)
	}
	if res, _ := ben.do("GET", "/files/"+f.ID, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("after it was deleted: %d", res.StatusCode)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	s := openSite(t, func(c *config.Config) { c.Web.Files.MaxSize = "100kB" })
	ann, _ := s.both()
	for _, tt := range []struct {
		name, query, body, code string
		status                  int
	}{
		{"to nobody", "to=777", "x", "nobody", 404},
		{"where a route refuses", "to=102", "x", "forbidden", 403},
		{"empty", "to=101", "", "file-empty", 400},
		{"too large", "to=101", strings.Repeat("x", 100_001), "file-large", 413},
	} {
		if res, body := ann.do("POST", "/api/phone/files?"+tt.query, tt.body); res.StatusCode != tt.status || body != `{"code":"`+tt.code+`"}` {
			t.Errorf("%s: %d %s", tt.name, res.StatusCode, body)
		}
	}
	if res, _ := ann.do("POST", "/api/phone/files?to=101", "x", "Origin", "https://evil.example"); res.StatusCode != http.StatusForbidden {
		t.Errorf("from a page of another site: %d", res.StatusCode)
	}
	if res, _ := ann.do("POST", "/api/phone/files?to=101&name=large", strings.Repeat("x", 90_000)); res.StatusCode != http.StatusOK {
		t.Errorf("one larger than other requests: %d", res.StatusCode)
	}
}

func TestWhatOneKeepsIsOnAllDevices(t *testing.T) {
	s := openSite(t)
	ann, ben := s.both()
	phone := s.client() // another device
	phone.login("100", "kqvt-8mzn-3xwp-r5hc")

	ok := func(c *client, method, path, body string) {
		t.Helper()
		if res, said := c.do(method, path, body); res.StatusCode/100 != 2 {
			t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, said)
		}
	}
	ok(ann, "POST", "/api/phone/contacts", `[{"name": "Atelier Nord", "numbers": ["+33123456789"]}]`)
	own := get[ownAnswer](phone, "/api/phone/own")
	if len(own.Contacts) != 1 || own.Contacts[0].Name != "Atelier Nord" {
		t.Fatalf("on the other device: %+v", own)
	}
	id := own.Contacts[0].ID
	ok(phone, "PUT", "/api/phone/contacts/"+id, `{"name": "Atelier Nord", "numbers": ["+33123456780"], "company": "Nord"}`)
	ok(phone, "PUT", "/api/phone/favourites/"+id, "")
	noon := time.Now().Add(-time.Hour).Truncate(time.Second)
	at, _ := json.Marshal(personal.Seen{Calls: noon, Chats: map[string]time.Time{"101": noon}})
	ok(phone, "PUT", "/api/phone/own/seen", string(at))
	ok(phone, "PUT", "/api/phone/own/seen", `{"calls": "2001-01-01T00:00:00Z", "chats": {"101": "2001-01-01T00:00:00Z"}}`) // that is seen already
	own = get[ownAnswer](ann, "/api/phone/own")
	if own.Contacts[0].Company != "Nord" || len(own.Favourites) != 1 || !own.Seen.Calls.Equal(noon) || !own.Seen.Chats["101"].Equal(noon) {
		t.Errorf("kept is %+v", own)
	}
	if others := get[ownAnswer](ben, "/api/phone/own"); len(others.Contacts) != 0 {
		t.Errorf("another one sees %+v", others)
	}
	ok(ann, "DELETE", "/api/phone/favourites/"+id, "")
	ok(ann, "DELETE", "/api/phone/contacts/"+id, "")
	if res, _ := ann.do("DELETE", "/api/phone/contacts/"+id, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("deleting it twice: %d", res.StatusCode)
	}
	if res, body := ann.do("POST", "/api/phone/contacts", `[{"name": ""}]`); res.StatusCode != http.StatusBadRequest || body != `{"code":"invalid"}` {
		t.Errorf("a contact of nothing: %d %s", res.StatusCode, body)
	}
}

func TestOthersSeeStatusAndPicture(t *testing.T) {
	s := openSite(t)
	ann, ben := s.both()
	if res, _ := ann.do("PUT", "/api/phone/own/status", `{"note": "In Lyon until Friday", "away": true}`); res.StatusCode != http.StatusNoContent {
		t.Fatalf("status: %d", res.StatusCode)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 256, 256))); err != nil {
		t.Fatal(err)
	}
	if res, body := ann.do("PUT", "/api/phone/picture", picture.String()); res.StatusCode != http.StatusNoContent {
		t.Fatalf("picture: %d %s", res.StatusCode, body)
	}
	seen := func() colleague { return get[[]colleague](ben, "/api/phone/directory")[0] }
	if got := seen(); got.Note != "In Lyon until Friday" || got.Picture == "" {
		t.Errorf("another one sees %+v", got)
	}
	res, body := ben.do("GET", "/api/phone/pictures/100", "")
	if _, kind, err := image.DecodeConfig(strings.NewReader(body)); err != nil && kind != "jpeg" || res.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the picture is %s %q, %v", res.Header.Get("Content-Type"), kind, err)
	}
	for _, name := range []string{"101", "..%2Fsessions", "nobody"} {
		if res, _ := ben.do("GET", "/api/phone/pictures/"+name, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("the picture of %s: %d", name, res.StatusCode)
		}
	}
	if res, body := ann.do("PUT", "/api/phone/picture", "<svg/>"); res.StatusCode != http.StatusBadRequest || body != `{"code":"picture"}` {
		t.Errorf("what is no picture: %d %s", res.StatusCode, body)
	}
	if res, _ := ann.do("DELETE", "/api/phone/picture", ""); res.StatusCode != http.StatusNoContent || seen().Picture != "" {
		t.Errorf("after it was removed: %d, %+v", res.StatusCode, seen())
	}
}

func TestReadMessagesAreMarked(t *testing.T) {
	s := openSite(t)
	ann, ben := s.both()
	noon := time.Now().Add(-time.Hour).Truncate(time.Second)
	for i, id := range []string{"3", "2", "1"} { // the newest comes first
		s.texts = append(s.texts, storage.Text{
			ID: id, From: "100", To: "101", Extension: "101", At: noon.Add(-time.Duration(i) * time.Minute), Expires: time.Now().Add(time.Hour),
			Type: "text/plain", Body: []byte("message " + id),
		})
	}
	at, _ := json.Marshal(noon.Add(-time.Minute))
	if res, _ := ben.do("PUT", "/api/phone/own/seen", `{"chats": {"100": `+string(at)+`}}`); res.StatusCode != http.StatusNoContent {
		t.Fatalf("seen: %d", res.StatusCode)
	}
	states := func(list []chatMessage) (out []string) {
		for _, m := range list {
			out = append(out, m.ID+" "+m.State)
		}
		return out
	}
	if got := strings.Join(states(get[[]chatMessage](ann, "/api/phone/chats/101")), ", "); got != "3 waits, 2 read, 1 read" {
		t.Errorf("its sender sees %s", got)
	}
	if got := strings.Join(states(get[[]chatMessage](ben, "/api/phone/chats/100")), ", "); strings.Contains(got, "read") {
		t.Errorf("who got them sees %s", got)
	}
	older := get[[]chatMessage](ann, "/api/phone/chats/101?limit=1&before="+noon.Add(-time.Minute).UTC().Format(time.RFC3339Nano))
	if len(older) != 1 || older[0].ID != "1" {
		t.Errorf("older ones are %v", states(older))
	}
	if res, _ := ann.do("GET", "/api/phone/chats/101?before=yesterday", ""); res.StatusCode != http.StatusBadRequest {
		t.Errorf("before yesterday: %d", res.StatusCode)
	}
}

// deadlines are those that a body was given.
type deadlines struct {
	http.ResponseWriter
	last time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.last = at
	return nil
}

// The server watches the connection while a file is looked at: a deadline that passes then
// would end the request.
func TestAFileThatIsThereHasNoDeadline(t *testing.T) {
	d := &deadlines{}
	now := time.Now()
	body := &slowBody{r: io.MultiReader(strings.NewReader("one"), strings.NewReader("two")), control: http.NewResponseController(d), most: now.Add(time.Hour)}
	if n, err := body.Read(make([]byte, 3)); n != 3 || err != nil || d.last.Before(now.Add(readPatience)) || d.last.After(now.Add(2*readPatience)) {
		t.Errorf("a part of it: %d, %v, until %v", n, err, d.last.Sub(now))
	}
	if _, err := io.ReadAll(body); err != nil || !d.last.IsZero() {
		t.Errorf("all of it: %v, until %v", err, d.last)
	}
}

// Drawing takes memory and time: it is done for few at once, and nobody waits for ever.
func TestPicturesAreDrawnInTurn(t *testing.T) {
	s := openSite(t)
	for range drawnAtOnce {
		s.server.pictures <- struct{}{}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for path, serve := range map[string]func(http.ResponseWriter, *http.Request, session){"picture": s.server.setPicture, "files/x/thumb": s.server.setThumb} {
		w := httptest.NewRecorder()
		serve(w, httptest.NewRequestWithContext(gone, "PUT", "/api/phone/"+path, strings.NewReader("x")), session{Extension: "100"})
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// Who says again what was seen already wakes nobody.
func TestWhatWasSeenIsNewsOnce(t *testing.T) {
	s := openSite(t)
	ann := s.client()
	ann.login("100", "kqvt-8mzn-3xwp-r5hc")
	ben := s.server.events.enter(session{Extension: "101"})
	defer s.server.events.leave(ben)
	at := `{"chats": {"101": "2026-01-01T12:00:00Z"}}`
	for i, want := range []int{1, 0} {
		if res, _ := ann.do("PUT", "/api/phone/own/seen", at); res.StatusCode != http.StatusNoContent {
			t.Fatalf("seen: %d", res.StatusCode)
		}
		if got := len(ben.news[textNews]); got != want {
			t.Errorf("said %d times, 101 is told of %d", i+1, got)
		}
		for len(ben.news[textNews]) > 0 {
			<-ben.news[textNews]
		}
	}
}
