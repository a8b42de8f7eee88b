package sipevents_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
)

// pidfOf is a document as phones and programs publish it, after RFC 3863 and RFC 4480.
func pidfOf(basic, activity, note string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:r="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:102@dialtone">
<tuple id="a1"><status><basic>` + basic + `</basic></status></tuple>
<dm:person id="p1"><r:activities><r:` + activity + `/></r:activities><dm:note>` + note + `</dm:note></dm:person></presence>`
}

// shown is what a watcher reads of a presence document.
func shown(t *testing.T, body string) string {
	t.Helper()
	var doc struct {
		XMLName xml.Name `xml:"urn:ietf:params:xml:ns:pidf presence"`
		Entity  string   `xml:"entity,attr"`
		Basic   string   `xml:"tuple>status>basic"`
		Note    string   `xml:"tuple>note"`
		Person  struct {
			Activities struct {
				All []struct{ XMLName xml.Name } `xml:",any"`
			} `xml:"urn:ietf:params:xml:ns:pidf:rpid activities"`
		} `xml:"urn:ietf:params:xml:ns:pidf:data-model person"`
	}
	if err := xml.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	activity := ""
	for _, a := range doc.Person.Activities.All {
		activity += a.XMLName.Local
	}
	return strings.TrimSpace(fmt.Sprint(doc.Basic, " ", doc.Note, " ", activity))
}

// sees reads NOTIFYs until presence is that.
func (p *phone) sees(want string, before *[]string) {
	p.t.Helper()
	for {
		_, body, _ := strings.Cut(p.notify(before), "\r\n\r\n")
		got := shown(p.t, body)
		if got == want {
			return
		}
		p.t.Log("not yet:", got)
	}
}

func TestPresenceIsPublished(t *testing.T) {
	s := start(t)
	w, p := s.phone(t, "101"), s.phone(t, "102")
	w.watches = "102"
	answer, before := w.ask("SUBSCRIBE", "<sip:102@dialtone>", "w", "Event: presence")
	if !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Fatal(answer)
	}
	w.sees("closed Not registered", &before)
	p.ask("REGISTER", "<sip:102@dialtone>", "r", "Expires: 300")
	w.sees("open Available", &before)

	publish := func(body string, lines ...string) (status, etag string) {
		t.Helper()
		p.kind, p.body = "application/pidf+xml", body
		answer, _ := p.ask("PUBLISH", "<sip:102@dialtone>", "p", append(lines, "Event: presence")...)
		return strings.Fields(answer)[1], header(answer, "SIP-ETag")
	}
	status, first := publish(pidfOf("open", "away", "At &lt;lunch&gt;"), "Expires: 600")
	if status != "200" || first == "" {
		t.Fatal(status, first)
	}
	w.sees("open At <lunch> away", &before)
	status, second := publish("", "SIP-If-Match: "+first) // refreshed
	if status != "200" || second == first || second == "" {
		t.Error(status, first, second)
	}
	if status, _ = publish(pidfOf("closed", "away", ""), "SIP-If-Match: "+first); status != "412" {
		t.Error("an old entity-tag was answered", status)
	}
	status, third := publish(pidfOf("closed", "vacation", "Until Monday"), "SIP-If-Match: "+second)
	if status != "200" {
		t.Error(status)
	}
	w.sees("closed Until Monday vacation", &before)
	// Calls go before what is published.
	s.board.does("102", talking())
	w.sees("closed On the phone on-the-phone", &before)
	s.board.does("102")
	w.sees("closed Until Monday vacation", &before)
	if status, _ = publish("", "SIP-If-Match: "+third, "Expires: 0"); status != "200" {
		t.Error(status)
	}
	w.sees("open Available", &before)
	// Nobody is open whose phone is not there.
	p.body = ""
	p.ask("REGISTER", "<sip:102@dialtone>", "r", "Expires: 0")
	w.sees("closed Not registered", &before)
	if status, _ = publish(pidfOf("open", "away", "Hi")); status != "200" {
		t.Error(status)
	}
	w.sees("closed Hi away", &before)
	// Do not disturb is told at once.
	if _, err := s.own.Set("102", "dnd", "on"); err != nil {
		t.Fatal(err)
	}
	w.sees("closed Do not disturb busy", &before)
}

func TestWhatIsNotPublished(t *testing.T) {
	s := start(t)
	good := pidfOf("open", "busy", "x")
	for i, test := range []struct {
		as, kind, body string
		lines          []string
		want           string
	}{
		{"102", "application/pidf+xml", good, []string{"Event: presence"}, "200"},
		{"109", "application/pidf+xml", good, []string{"Event: presence"}, "401"},
		{"101", "application/pidf+xml", good, []string{"Event: presence"}, "403"}, // for 102
		{"102", "application/pidf+xml", good, []string{"Event: dialog"}, "489"},
		{"102", "application/pidf+xml", good, nil, "489"},
		{"102", "application/pidf+xml", good, []string{"Event: presence", "Expires: 5"}, "423"},
		{"102", "application/pidf+xml", good, []string{"Event: presence", "Expires: x"}, "400"},
		{"102", "application/pidf+xml", good, []string{"Event: presence", "SIP-If-Match: a, b"}, "400"},
		{"102", "application/pidf+xml", good, []string{"Event: presence", "SIP-If-Match: none"}, "412"},
		{"102", "application/pidf+xml", "", []string{"Event: presence"}, "400"},
		{"102", "text/plain", good, []string{"Event: presence"}, "415"},
		{"102", "application/pidf+xml", good + "<more/>", []string{"Event: presence"}, "400"},
		{"102", "application/pidf+xml", "<presence/>", []string{"Event: presence"}, "400"},
		{"102", "application/pidf+xml", strings.Replace(good, "<basic>open</basic>", "", 1) + strings.Repeat(" ", 9000), []string{"Event: presence"}, "413"},
	} {
		p := s.phone(t, test.as)
		p.watches, p.kind, p.body = "102", test.kind, test.body
		if answer, _ := p.ask("PUBLISH", "<sip:102@dialtone>", fmt.Sprint("x", i), test.lines...); !strings.HasPrefix(answer, "SIP/2.0 "+test.want) {
			t.Errorf("%d: want %s: %s", i, test.want, answer)
		} else if test.want == "423" && header(answer, "Min-Expires") != "60" {
			t.Error(answer)
		}
	}
	p := s.phone(t, "102")
	p.kind, p.body = "application/pidf+xml", good
	for i := range 10 { // one is there
		answer, _ := p.ask("PUBLISH", "<sip:102@dialtone>", fmt.Sprint("y", i), "Event: presence")
		if want := map[bool]string{true: "503", false: "200"}[i == 9]; !strings.HasPrefix(answer, "SIP/2.0 "+want) {
			t.Errorf("publication %d: %s", i+2, answer)
		}
	}
}
