package sipevents

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
)

const maxNote = 200 // bytes of what a phone may say in words

// pidf is what a presence document says (RFC 3863, RFC 4479, RFC 4480).
type pidf struct {
	XMLName xml.Name `xml:"urn:ietf:params:xml:ns:pidf presence"`
	Tuples  []struct {
		Basic string   `xml:"urn:ietf:params:xml:ns:pidf status>basic"`
		Notes []string `xml:"urn:ietf:params:xml:ns:pidf note"`
		rpid
	} `xml:"urn:ietf:params:xml:ns:pidf tuple"`
	Notes   []string `xml:"urn:ietf:params:xml:ns:pidf note"`
	Persons []struct {
		Notes []string `xml:"urn:ietf:params:xml:ns:pidf:data-model note"`
		rpid
	} `xml:"urn:ietf:params:xml:ns:pidf:data-model person"`
}

// rpid is what somebody does.
type rpid struct {
	Activities []struct {
		All []struct {
			XMLName xml.Name
		} `xml:",any"`
	} `xml:"urn:ietf:params:xml:ns:pidf:rpid activities"`
}

var errNoBasic = errors.New("no tuple says open or closed, and nobody does anything")

// activities are those that are passed on (RFC 4480 §3.2).
func activities() []string {
	return []string{
		"appointment", "away", "breakfast", "busy", "dinner", "holiday", "in-transit", "looking-for-work", "lunch", "meal", "meeting",
		"on-the-phone", "other", "performance", "permanent-absence", "playing", "presentation", "shopping", "sleeping", "spectator",
		"steering", "travel", "tv", "vacation", "working", "worship",
	}
}

// readPIDF gives what a document says of whoever publishes it.
func readPIDF(body []byte) (said publication, err error) {
	var doc pidf
	d := xml.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&doc); err != nil {
		return said, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return said, errors.New("something follows the document")
	}
	var notes []string
	basic := false
	for _, p := range doc.Persons {
		notes = append(notes, p.Notes...)
		said.does(p.rpid)
	}
	for _, t := range doc.Tuples {
		switch strings.TrimSpace(t.Basic) {
		case "open":
			said.open, basic = true, true
		case "closed":
			basic = true
		}
		notes = append(notes, t.Notes...)
		said.does(t.rpid)
	}
	if !basic && said.activity == "" {
		return said, errNoBasic
	}
	said.open = said.open || !basic
	for _, n := range append(notes, doc.Notes...) {
		if said.note = plain(n); said.note != "" {
			break
		}
	}
	return said, nil
}

// does notes the first thing that somebody does.
func (p *publication) does(r rpid) {
	for _, a := range r.Activities {
		for _, one := range a.All {
			if p.activity == "" && slices.Contains(activities(), one.XMLName.Local) {
				p.activity = one.XMLName.Local
			}
		}
	}
}

// plain is a note in one line that is not too long.
func plain(note string) string {
	note = strings.Join(strings.FieldsFunc(note, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if len(note) > maxNote {
		note = strings.ToValidUTF8(note[:maxNote], "")
	}
	return note
}
