package sipevents

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dialtone/pbx/call"
	"dialtone/pbx/sipedge"
)

const (
	dialogEvent = "dialog"
	dialogType  = "application/dialog-info+xml"

	// maxFull is how many dialogs are told with each NOTIFY, whichever of them has
	// changed; of more only what has changed (RFC 4235 §4).
	maxFull = 4
)

// dialogs are those of an extension (RFC 4235).
type dialogs struct {
	extension, domain string
	list              []call.Dialog
	names             map[string]string
	whole             bool // each document says everything
}

func (l *lamps) dialogs(extension string) (State, error) {
	cfg, list := l.Config(), slices.Clone(l.of(extension))
	if !cfg.Lamps.Callers {
		for i := range list {
			list[i].Remote, list[i].RemoteName = "", ""
		}
	}
	return &dialogs{extension: extension, domain: cfg.SIP.Domain, list: list, names: names(cfg, extension, list)}, nil
}

// Same implements State.
func (d *dialogs) Same(other State) bool {
	o, ok := other.(*dialogs)
	return ok && slices.Equal(d.list, o.list) && maps.Equal(d.names, o.names) && d.domain == o.domain
}

// Body implements State. What was there before and is not any more is said to have
// ended; some phones only believe that.
func (d *dialogs) Body(before State, version uint32) []byte {
	was, _ := before.(*dialogs)
	partial := was != nil && !d.whole && len(d.list) > maxFull
	kind := "full"
	if partial {
		kind = "partial"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"%d\" state=\"%s\" entity=\"%s\">\r\n", version, kind, text(d.uri(d.extension)))
	for i := range d.list {
		if !partial || !slices.Contains(was.list, d.list[i]) {
			d.write(&b, &d.list[i])
		}
	}
	ended := 0
	if was != nil {
		for i := range was.list {
			if !slices.ContainsFunc(d.list, func(o call.Dialog) bool { return o.ID == was.list[i].ID }) {
				fmt.Fprintf(&b, "<dialog id=\"%s\"><state>terminated</state></dialog>\r\n", text(was.list[i].ID))
				ended++
			}
		}
	}
	if len(d.list)+ended == 0 {
		fmt.Fprintf(&b, "<dialog id=\"%s\"><state>terminated</state></dialog>\r\n", text(d.extension))
	}
	b.WriteString("</dialog-info>\r\n")
	return []byte(b.String())
}

func (d *dialogs) uri(number string) string {
	if number == "" {
		return "sip:anonymous@anonymous.invalid"
	}
	return "sip:" + sipedge.EscapeUser(number) + "@" + d.domain
}

func (d *dialogs) write(b *strings.Builder, one *call.Dialog) {
	direction, state := "recipient", "proceeding"
	if one.Initiator {
		direction = "initiator"
	}
	switch one.State {
	case call.Ringing:
		state = "early"
	case call.Up, call.Held:
		state = "confirmed"
	}
	fmt.Fprintf(b, "<dialog id=\"%s\" direction=\"%s\"", text(one.ID), direction)
	if !one.Initiator && state != "confirmed" { // it can be picked up
		fmt.Fprintf(b, " call-id=\"%s\" local-tag=\"%s\" remote-tag=\"%s\"", text(one.Call), call.LampTag, text(sipedge.EscapeUser(d.extension)))
	}
	fmt.Fprintf(b, "><state>%s</state>", state)
	param := ""
	if one.State == call.Held {
		param = `<param pname="+sip.rendering" pvalue="no"/>`
	}
	party(b, "local", d.uri(d.extension), d.names[d.extension], param)
	party(b, "remote", d.uri(one.Remote), cmp.Or(one.RemoteName, d.names[one.Remote]), "")
	b.WriteString("</dialog>\r\n")
}

func party(b *strings.Builder, which, uri, name, param string) {
	display := ""
	if name != "" {
		display = ` display="` + text(name) + `"`
	}
	fmt.Fprintf(b, "<%s><identity%s>%s</identity><target uri=\"%s\">%s</target></%s>", which, display, text(uri), text(uri), param, which)
}

// text is s as XML.
func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
