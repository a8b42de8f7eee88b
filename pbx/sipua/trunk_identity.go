package sipua

import (
	"cmp"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/call"
)

// presentation is who calls, as a trunk is to be told.
type presentation struct {
	call.Outgoing
	trunk     config.Trunk
	numbers   numbering
	at        func(user string) sip.Uri // a user at the trunk
	extension config.Extension          // that pays
	caller    string                    // the number of the caller, as the call knows it
	name      string
	target    string // the Request-URI
}

// own is the number of ours that the call is made from.
func (p *presentation) own() string {
	id := p.trunk.CallerID
	abroad := ""
	if callee, ok := p.numbers.read(p.Number); ok {
		for country, number := range id.ByCountry {
			if strings.EqualFold(country, callee.Country) {
				abroad = number
			}
		}
	}
	chosen := cmp.Or(p.CallerID, p.extension.CallerID, abroad, id.Number)
	if chosen == "" {
		return cmp.Or(p.trunk.Username, p.As)
	}
	return p.written(chosen)
}

// written is a number as the trunk wants to read those of callers.
func (p *presentation) written(user string) string {
	if num, ok := p.numbers.read(user); ok {
		return p.numbers.write(p.trunk.CallerID.Format, num)
	}
	return user
}

// headers are From, and the others that say who calls. The number of somebody
// outside, whose call goes out again, is shown only to a trunk that is told on
// whose behalf.
func (p *presentation) headers() (sip.FromHeader, []sip.Header) {
	id := p.trunk.CallerID
	own := p.own()
	shown := own
	foreign := p.Diverted != "" && (id.Forwarded == "diversion" || id.Forwarded == "history")
	if foreign && p.caller != "" {
		shown = p.written(p.caller)
	}
	hidden := (p.Anonymous || foreign && p.caller == "") && id.Hidden != "number" && !p.Emergency
	from := sip.FromHeader{DisplayName: quotedName(p.name), Address: p.at(shown)}
	if !foreign && (id.In == "ppi" || id.In == "rpid") {
		from.Address = p.at(cmp.Or(p.trunk.Username, shown))
	}
	name := p.name
	if hidden {
		name = ""
		from = sip.FromHeader{DisplayName: "Anonymous", Address: sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}}
	}
	list := p.asserted(name, own, shown, hidden)
	if hidden {
		list = append(list, sip.NewHeader("Privacy", "id"))
	}
	if foreign {
		list = append(list, p.behalf(id.Forwarded, own))
	}
	return from, list
}

// asserted are the headers besides From in which the trunk wants the number.
func (p *presentation) asserted(name, own, shown string, hidden bool) []sip.Header {
	switch p.trunk.CallerID.In {
	case "pai":
		return []sip.Header{sip.NewHeader("P-Asserted-Identity", identity(name, p.at(own)))}
	case "ppi":
		return []sip.Header{sip.NewHeader("P-Preferred-Identity", identity(name, p.at(own)))}
	case "rpid":
		privacy := "off"
		if hidden {
			privacy = "full"
		}
		return []sip.Header{sip.NewHeader("Remote-Party-ID", identity(name, p.at(shown))+";party=calling;screen=no;privacy="+privacy)}
	}
	return nil
}

// behalf says which number of ours was called before.
func (p *presentation) behalf(how, own string) sip.Header {
	ours := own
	if _, ok := p.numbers.read(p.Diverted); ok {
		ours = p.written(p.Diverted)
	}
	from, to := p.at(ours), p.at(p.target)
	if how == "history" { // RFC 7044 §5, RFC 4458
		return sip.NewHeader("History-Info", "<"+from.String()+">;index=1, <"+to.String()+";cause=302>;index=1.1;mp=1")
	}
	return sip.NewHeader("Diversion", "<"+from.String()+">;reason=unconditional;counter=1")
}
