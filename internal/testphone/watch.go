package testphone

import (
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Lamp is what a phone has been told of another one (RFC 4235), and how it subscribed.
type Lamp struct {
	State   string // idle, calling, ringing, talking or held
	Caller  string // who calls while it rings, or whom it talks with: the number
	Name    string // and the name
	Pickup  string // a value of Replaces that takes the call, "" when none rings
	Kind    string // full or partial
	Version int    // of the last document; -1 before one came
	Ended   string // why the subscription is over, "" while it is not

	dialogs map[string]dialogInfo
	callID  string
	local   string // tag
	remote  string
	cseq    uint32
}

// dialogInfo is one dialog of a document.
type dialogInfo struct {
	ID        string `xml:"id,attr"`
	CallID    string `xml:"call-id,attr"`
	LocalTag  string `xml:"local-tag,attr"`
	RemoteTag string `xml:"remote-tag,attr"`
	Direction string `xml:"direction,attr"`
	State     string `xml:"state"`
	Local     struct {
		Target struct {
			Params []struct {
				Name  string `xml:"pname,attr"`
				Value string `xml:"pvalue,attr"`
			} `xml:"param"`
		} `xml:"target"`
	} `xml:"local"`
	Remote struct {
		Identity struct {
			Display string `xml:"display,attr"`
			URI     string `xml:",chardata"`
		} `xml:"identity"`
	} `xml:"remote"`
}

// Watch subscribes to the dialogs of a number for so many seconds and returns the final
// response; 0 ends the subscription, and a second one refreshes it.
func (p *Phone) Watch(ctx context.Context, number string, expires int) Reply {
	p.t.Helper()
	l := p.lampOf(number)
	reply, err := p.exchange(ctx, func() (*sip.Request, error) {
		l.cseq++
		uri, err := p.target(number)
		if err != nil {
			return nil, err
		}
		from := &sip.FromHeader{DisplayName: p.opt.Name, Address: sip.Uri{Scheme: "sip", User: p.opt.Extension, Host: p.opt.Domain}}
		from.Params.Add("tag", l.local)
		to := &sip.ToHeader{Address: uri}
		if l.remote != "" {
			to.Params.Add("tag", l.remote)
		}
		req := p.newRequest(sip.SUBSCRIBE, uri, from, to, l.callID, l.cseq)
		req.AppendHeader(&sip.ContactHeader{Address: p.contact()})
		req.AppendHeader(sip.NewHeader("Event", "dialog"))
		req.AppendHeader(sip.NewHeader("Accept", "application/dialog-info+xml"))
		req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(expires)))
		req.SetBody(nil)
		return req, nil
	}, credentials{p.opt.AuthUser, p.opt.Password, false})
	if err != nil {
		p.fail("SUBSCRIBE to %s: no final response: %v", number, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if reply.Status == 200 {
		l.remote, _ = reply.res.To().Params.Get("tag")
	}
	return reply
}

// lampOf is the lamp for a number; one whose subscription is over is made anew.
func (p *Phone) lampOf(number string) *Lamp {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.lamps[number]; l != nil && l.Ended == "" {
		return l
	}
	l := &Lamp{Version: -1, callID: sip.GenerateTagN(20), local: sip.GenerateTagN(10), dialogs: map[string]dialogInfo{}}
	if p.lamps == nil {
		p.lamps = map[string]*Lamp{}
	}
	p.lamps[number] = l
	return l
}

// Lamp is what the phone knows of a number that it watches.
func (p *Phone) Lamp(number string) Lamp {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.lamps[number]; l != nil {
		return *l
	}
	return Lamp{Version: -1, State: "not watched"}
}

// notified takes a NOTIFY of a lamp, and says what to answer; mu is held.
func (p *Phone) notified(req *sip.Request) (status int) {
	for _, l := range p.lamps {
		if l.callID != req.CallID().Value() {
			continue
		}
		if state := headerOf(req, "Subscription-State"); strings.HasPrefix(state, "terminated") {
			_, l.Ended, _ = strings.Cut(state, "reason=")
		}
		if l.Ended == "" || len(req.Body()) > 0 { // who may not watch any more is told nothing
			l.read(req.Body())
		}
		return 200
	}
	return 481
}

// read applies a document.
func (l *Lamp) read(body []byte) {
	var doc dialogDocument
	if err := xml.Unmarshal(body, &doc); err != nil {
		l.State = fmt.Sprintf("unreadable: %v", err)
		return
	}
	if err := doc.valid(); err != nil {
		l.State = fmt.Sprintf("not as RFC 4235 has it: %v", err)
		return
	}
	if doc.Version <= l.Version {
		return // RFC 4235 §4.3
	}
	l.Version, l.Kind = doc.Version, doc.State
	if doc.State == "full" {
		l.dialogs = map[string]dialogInfo{}
	}
	for _, d := range doc.Dialogs {
		if l.dialogs[d.ID] = d; d.State == "terminated" {
			delete(l.dialogs, d.ID)
		}
	}
	l.show()
}

// dialogDocument is what a NOTIFY says of the dialogs of a number.
type dialogDocument struct {
	XMLName xml.Name     `xml:"urn:ietf:params:xml:ns:dialog-info dialog-info"`
	Version int          `xml:"version,attr"`
	State   string       `xml:"state,attr"`
	Entity  string       `xml:"entity,attr"`
	Dialogs []dialogInfo `xml:"dialog"`
}

// valid looks for what the schema demands (RFC 4235 §4.4).
func (d *dialogDocument) valid() error {
	if d.State != "full" && d.State != "partial" {
		return fmt.Errorf("the document's state is %q", d.State)
	}
	if !strings.HasPrefix(d.Entity, "sip:") {
		return fmt.Errorf("the entity is %q", d.Entity)
	}
	seen := map[string]bool{}
	for _, dialog := range d.Dialogs {
		if dialog.ID == "" || seen[dialog.ID] {
			return fmt.Errorf("the id %q of a dialog is empty or not unique", dialog.ID)
		}
		seen[dialog.ID] = true
		if !slices.Contains([]string{"trying", "proceeding", "early", "confirmed", "terminated"}, dialog.State) {
			return fmt.Errorf("the state of a dialog is %q", dialog.State)
		}
		if !slices.Contains([]string{"", "initiator", "recipient"}, dialog.Direction) {
			return fmt.Errorf("the direction of a dialog is %q", dialog.Direction)
		}
	}
	return nil
}

// show makes of all dialogs what the lamp shows: the most urgent.
func (l *Lamp) show() {
	order := []string{"idle", "held", "talking", "calling", "ringing"}
	l.State, l.Caller, l.Name, l.Pickup = "idle", "", "", ""
	for _, d := range l.dialogs {
		state := d.shown()
		if slices.Index(order, state) < slices.Index(order, l.State) {
			continue
		}
		l.State = state
		user, _, _ := strings.Cut(strings.TrimPrefix(d.Remote.Identity.URI, "sip:"), "@")
		l.Caller, l.Name = user, d.Remote.Identity.Display
		if state == "ringing" && d.CallID != "" {
			l.Pickup = fmt.Sprintf("%s;to-tag=%s;from-tag=%s;early-only", d.CallID, d.LocalTag, d.RemoteTag)
		}
	}
}

func (d *dialogInfo) shown() string {
	switch {
	case d.State != "confirmed" && d.Direction == "initiator":
		return "calling"
	case d.State != "confirmed":
		return "ringing"
	}
	for _, p := range d.Local.Target.Params {
		if p.Name == "+sip.rendering" && p.Value == "no" {
			return "held"
		}
	}
	return "talking"
}
