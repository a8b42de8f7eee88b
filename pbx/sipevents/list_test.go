package sipevents_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"dialtone/pbx/call"
)

func talking() call.Dialog { return call.Dialog{ID: "d1", Call: "c1", State: call.Up, Remote: "200"} }

// rlmi is a list as RFC 4662 has it.
type rlmi struct {
	XMLName   xml.Name `xml:"urn:ietf:params:xml:ns:rlmi list"`
	URI       string   `xml:"uri,attr"`
	Version   int      `xml:"version,attr"`
	Full      bool     `xml:"fullState,attr"`
	Resources []struct {
		URI       string `xml:"uri,attr"`
		Name      string `xml:"urn:ietf:params:xml:ns:rlmi name"`
		Instances []struct {
			ID     string `xml:"id,attr"`
			State  string `xml:"state,attr"`
			Reason string `xml:"reason,attr"`
			CID    string `xml:"cid,attr"`
		} `xml:"urn:ietf:params:xml:ns:rlmi instance"`
	} `xml:"urn:ietf:params:xml:ns:rlmi resource"`
}

// readList checks a NOTIFY of a list, and gives it with what it says of each member.
func readList(t *testing.T, m string) (list rlmi, says []string) {
	t.Helper()
	all, params := parts(t, m, "multipart/related")
	if params["type"] != "application/rlmi+xml" || header(m, "Require") != "eventlist" || params["start"] != all[0].header.Get("Content-ID") ||
		!strings.HasPrefix(all[0].header.Get("Content-Type"), "application/rlmi+xml") {
		t.Fatal(m)
	}
	if err := xml.Unmarshal([]byte(all[0].body), &list); err != nil {
		t.Fatal(err, m)
	}
	by := map[string]string{}
	for _, p := range all[1:] {
		var doc struct {
			XMLName xml.Name
			State   string `xml:"state,attr"`
			Entity  string `xml:"entity,attr"`
			Dialogs []struct {
				State string `xml:"state"`
			} `xml:"dialog"`
		}
		if err := xml.Unmarshal([]byte(p.body), &doc); err != nil {
			t.Fatal(err, m)
		}
		if doc.XMLName.Local != "dialog-info" || p.header.Get("Content-Type") != "application/dialog-info+xml" || doc.State != "full" {
			t.Fatal(m)
		}
		state := "idle"
		for _, d := range doc.Dialogs {
			state = d.State
		}
		by[strings.Trim(p.header.Get("Content-ID"), "<>")] = doc.Entity + " " + state
	}
	for _, r := range list.Resources {
		what := r.URI + " of " + r.Name
		for _, i := range r.Instances {
			doc := by[i.CID]
			if i.State == "active" && !strings.HasPrefix(doc, r.URI+" ") {
				t.Fatalf("%s: no document %q: %s", r.URI, i.CID, m)
			}
			what += fmt.Sprintf(" %s%s%s", i.State, i.Reason, strings.TrimPrefix(doc, r.URI))
		}
		says = append(says, what)
	}
	return list, says
}

func TestAListOfLamps(t *testing.T) {
	s := start(t)
	p := s.phone(t, "101")
	p.watches = "desk"
	if answer, _ := p.ask("SUBSCRIBE", "<sip:desk@dialtone>", "n", "Event: dialog"); !strings.HasPrefix(answer, "SIP/2.0 421") || header(answer, "Require") != "eventlist" {
		t.Error(answer)
	}
	accept := []string{"Event: dialog", "Supported: replaces, eventlist", "Accept: application/dialog-info+xml, application/rlmi+xml, multipart/related"}
	answer, before := p.ask("SUBSCRIBE", "<sip:desk@dialtone>", "l", accept...)
	if !strings.HasPrefix(answer, "SIP/2.0 200") || header(answer, "Require") != "eventlist" {
		t.Fatal(answer)
	}
	to := header(answer, "To")
	list, says := readList(t, p.notify(&before))
	if !list.Full || list.Version != 0 || list.URI != "sip:desk@dialtone" {
		t.Errorf("%+v", list)
	}
	same(t, "full state", strings.Join(says, "\n"), "sip:101@dialtone of  active terminated\nsip:102@dialtone of Bob & Co active terminated\nsip:103@dialtone of  terminatedrejected")
	// Who has changed is told of alone; who may not be watched, never.
	s.board.does("103", talking())
	s.board.does("102", talking())
	list, says = readList(t, p.notify(&before))
	if list.Full || list.Version != 1 {
		t.Errorf("%+v", list)
	}
	same(t, "partial state", strings.Join(says, "\n"), "sip:102@dialtone of Bob & Co active confirmed")
	// A refresh is told everything.
	_, before = p.ask("SUBSCRIBE", to, "l", accept...)
	list, says = readList(t, p.notify(&before))
	if !list.Full || list.Version != 2 || len(says) != 3 {
		t.Errorf("%+v", list)
	}
	same(t, "after a refresh", says[1], "sip:102@dialtone of Bob & Co active confirmed")
	_, before = p.ask("SUBSCRIBE", to, "l", append(accept, "Expires: 0")...)
	if m := p.notify(&before); !strings.HasPrefix(header(m, "Subscription-State"), "terminated") {
		t.Error(m)
	}
}
