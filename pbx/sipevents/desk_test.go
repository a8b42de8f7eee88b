package sipevents_test

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"

	"dialtone/pbx/call"
	"dialtone/storage"
)

// board is a switchboard that does what it is told.
type board struct {
	mu    sync.Mutex
	wakes chan struct{}
	now   map[string][]call.Dialog
}

func (b *board) Watch() (changed <-chan struct{}, stop func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wakes = make(chan struct{}, 1)
	return b.wakes, func() {}
}

func (b *board) Dialogs(of func(string) bool) map[string][]call.Dialog {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string][]call.Dialog{}
	for e, list := range b.now {
		if of(e) {
			out[e] = list
		}
	}
	return out
}

// does has an extension do something.
func (b *board) does(extension string, list ...call.Dialog) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now == nil {
		b.now = map[string][]call.Dialog{}
	}
	b.now[extension] = list
	if b.wakes != nil {
		select {
		case b.wakes <- struct{}{}:
		default:
		}
	}
}

// own are settings in memory; calls to 0900 are not allowed.
type own struct {
	mu      sync.Mutex
	all     map[string]storage.Settings
	changed func(extension string)
}

func (o *own) Of(extension string) storage.Settings {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all[extension]
}

func (o *own) Set(extension, name, value string) (string, error) {
	o.mu.Lock()
	if o.all == nil {
		o.all = map[string]storage.Settings{}
	}
	one := o.all[extension]
	f := storage.Forward{On: value != "off", To: value}
	if to, _, is := strings.Cut(value, " after "); is {
		f.To, f.After = to, 15e9
	}
	switch {
	case strings.HasPrefix(value, "0900"):
		o.mu.Unlock()
		return "", errors.New("not allowed")
	case name == "dnd":
		one.DND = value == "on"
	case name == "forward":
		one.Forward = f
	case name == "forward-busy":
		one.Busy = f
	case name == "forward-no-answer":
		one.NoAnswer = f
	}
	o.all[extension] = one
	o.mu.Unlock()
	o.changed(extension)
	return value, nil
}

// part is one of a multipart body.
type part struct {
	header textproto.MIMEHeader
	body   string
}

// parts reads the body of a message as MIME says, and checks the type of the whole.
func parts(t *testing.T, m, kind string) (list []part, params map[string]string) {
	t.Helper()
	got, params, err := mime.ParseMediaType(header(m, "Content-Type"))
	if err != nil || got != kind {
		t.Fatalf("Content-Type is %q, want %s: %v", header(m, "Content-Type"), kind, err)
	}
	_, body, _ := strings.Cut(m, "\r\n\r\n")
	r := multipart.NewReader(bufio.NewReader(strings.NewReader(body)), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return list, params
		}
		if err != nil {
			t.Fatal(err, m)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err, m)
		}
		list = append(list, part{p.Header, string(b)})
	}
}

// feature is a document of as-feature-event, as strict as phones are.
type feature struct {
	XMLName    xml.Name
	Device     *string `xml:"http://www.ecma-international.org/standards/ecma-323/csta/ed3 device"`
	DND        string  `xml:"http://www.ecma-international.org/standards/ecma-323/csta/ed3 doNotDisturbOn"`
	Forwarding string  `xml:"http://www.ecma-international.org/standards/ecma-323/csta/ed3 forwardingType"`
	Status     string  `xml:"http://www.ecma-international.org/standards/ecma-323/csta/ed3 forwardStatus"`
	To         string  `xml:"http://www.ecma-international.org/standards/ecma-323/csta/ed3 forwardTo"`
	Rings      string  `xml:"http://www.ecma-international.org/standards/ecma-323/csta/ed3 ringCount"`
}

func readFeature(t *testing.T, body string) string {
	t.Helper()
	var f feature
	if err := xml.Unmarshal([]byte(body), &f); err != nil || f.Device == nil || f.XMLName.Space != "http://www.ecma-international.org/standards/ecma-323/csta/ed3" {
		t.Fatalf("%v: %s", err, body)
	}
	return strings.TrimSpace(strings.Join([]string{f.XMLName.Local, f.DND, f.Forwarding, f.Status, f.To, f.Rings}, " "))
}

func single(t *testing.T, m string) string {
	t.Helper()
	if kind := header(m, "Content-Type"); kind != "application/x-as-feature-event+xml" {
		t.Fatalf("Content-Type is %q: %s", kind, m)
	}
	_, body, _ := strings.Cut(m, "\r\n\r\n")
	return readFeature(t, body)
}

// notify is the next NOTIFY that is no retransmission.
func (p *phone) notify(before *[]string) string {
	p.t.Helper()
	for {
		var m string
		if len(*before) > 0 {
			m, *before = (*before)[0], (*before)[1:]
		} else {
			m = p.read()
		}
		if !strings.HasPrefix(m, "NOTIFY") {
			p.t.Fatal(m)
		}
		if via := header(m, "Via"); !slices.Contains(p.notified, via) {
			p.notified = append(p.notified, via)
			return m
		}
	}
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

const setDND = `<?xml version="1.0" encoding="ISO-8859-1"?>
<SetDoNotDisturb xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"><device></device><doNotDisturbOn>true</doNotDisturbOn></SetDoNotDisturb>`

func setForward(kind, to, rings string) string {
	return `<?xml version="1.0" encoding="utf-8"?><SetForwarding xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"><device/><forwardingType>` + kind +
		`</forwardingType><activateForward>true</activateForward><forwardDN>` + to + `</forwardDN><ringCount>` + rings + `</ringCount></SetForwarding>`
}

func TestPhoneKeys(t *testing.T) {
	s := start(t)
	p, other := s.phone(t, "101"), s.phone(t, "101")
	p.kind, other.kind = "application/x-as-feature-event+xml", "application/x-as-feature-event+xml"
	accept := "Accept: application/x-as-feature-event+xml, multipart/mixed"
	answer, before := p.ask("SUBSCRIBE", "<sip:101@dialtone>", "k", "Event: as-feature-event", accept)
	if !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Fatal(answer)
	}
	to := header(answer, "To")
	list, _ := parts(t, p.notify(&before), "multipart/mixed")
	all := []string{"DoNotDisturbEvent false", "ForwardingEvent  forwardImmediate false", "ForwardingEvent  forwardBusy false", "ForwardingEvent  forwardNoAns false"}
	if len(list) != len(all) {
		t.Fatal(list)
	}
	for i := range list {
		same(t, "full state", readFeature(t, list[i].body), all[i])
		same(t, "type of a part", list[i].header.Get("Content-Type"), "application/x-as-feature-event+xml")
	}
	// One that understands single bodies is told one after the other.
	answer, before = other.ask("SUBSCRIBE", "<sip:101@dialtone>", "o", "Event: as-feature-event", "Accept: application/x-as-feature-event+xml")
	if !strings.HasPrefix(answer, "SIP/2.0 200") {
		t.Fatal(answer)
	}
	for _, want := range all {
		same(t, "one after the other", single(t, other.notify(&before)), want)
	}
	// What one sets is in force, and both are told of that alone.
	for _, test := range []struct{ body, want string }{
		{setDND, "DoNotDisturbEvent true"},
		{setDND, "DoNotDisturbEvent true"}, // nothing is new, and it asked
		{setForward("forwardImmediate", "0900 1", "0"), "ForwardingEvent  forwardImmediate false"},
		{setForward("forwardBusy", "sip:102@dialtone", ""), "ForwardingEvent  forwardBusy true 102"},
		{setForward("forwardNoAns", "tel:+49 30", "3"), "ForwardingEvent  forwardNoAns true +4930 3"},
	} {
		p.body = test.body
		answer, before = p.ask("SUBSCRIBE", to, "k", "Event: as-feature-event", accept)
		if !strings.HasPrefix(answer, "SIP/2.0 200") {
			t.Fatal(answer)
		}
		same(t, "who set it is told", single(t, p.notify(&before)), test.want)
	}
	before = nil
	for _, want := range []string{"DoNotDisturbEvent true", "ForwardingEvent  forwardBusy true 102", "ForwardingEvent  forwardNoAns true +4930 3"} {
		same(t, "the other is told", single(t, other.notify(&before)), want)
	}
	if one := s.own.Of("101"); !one.DND || one.Forward.On || one.Busy.To != "102" || one.NoAnswer.To != "+4930" || one.NoAnswer.After != 15e9 {
		t.Errorf("%+v", one)
	}
	// By code or ctl.
	if _, err := s.own.Set("101", "dnd", "off"); err != nil {
		t.Fatal(err)
	}
	same(t, "p", single(t, p.notify(&before)), "DoNotDisturbEvent false")
	same(t, "other", single(t, other.notify(&before)), "DoNotDisturbEvent false")
	// One that sets something in its first SUBSCRIBE is told everything, after the answer.
	third := s.phone(t, "101")
	third.kind, third.body = p.kind, setDND
	answer, before = third.ask("SUBSCRIBE", "<sip:101@dialtone>", "t", "Event: as-feature-event", accept)
	if !strings.HasPrefix(answer, "SIP/2.0 200") || len(before) > 0 {
		t.Error(answer, before)
	}
	list, _ = parts(t, third.notify(&before), "multipart/mixed")
	same(t, "the third", readFeature(t, list[0].body), "DoNotDisturbEvent true")
}

func TestWhatPhonesCannotSet(t *testing.T) {
	s := start(t)
	for i, test := range []struct{ of, kind, body, want string }{
		{"102", "application/x-as-feature-event+xml", setDND, "403"},
		{"101", "text/plain", setDND, "400"},
		{"101", "application/x-as-feature-event+xml", "<SetDoNotDisturb><doNotDisturbOn>true", "400"},
		{"101", "application/x-as-feature-event+xml", "<SetDoNotDisturb><doNotDisturbOn>maybe</doNotDisturbOn></SetDoNotDisturb>", "400"},
		{"101", "application/x-as-feature-event+xml", "<SetVolume/>", "400"},
		{"101", "application/x-as-feature-event+xml", setForward("forwardBusy", "102 without confirm;", ""), "400"},
		{"101", "application/x-as-feature-event+xml", setForward("forwardSometimes", "102", ""), "400"},
	} {
		p := s.phone(t, "101")
		p.watches, p.kind, p.body = test.of, test.kind, test.body
		if answer, _ := p.ask("SUBSCRIBE", "<sip:101@dialtone>", "x"+string(rune('a'+i)), "Event: as-feature-event"); !strings.HasPrefix(answer, "SIP/2.0 "+test.want) {
			t.Errorf("%+v: %s", test, answer)
		}
	}
	if s.own.Of("101").DND || s.own.Of("101").Busy.On {
		t.Error("something was set")
	}
}
