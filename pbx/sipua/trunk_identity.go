package sipua

import (
	"cmp"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/call"
	"dialtone/pbx/numbering"
)

// presentation is who calls, as a trunk is to be told.
type presentation struct {
	call.Outgoing
	trunk     config.Trunk
	numbers   numbering.Numbers
	at        func(user string) sip.Uri // a user at the trunk
	extension config.Extension          // that pays
	caller    string                    // the number of the caller, as the call knows it
	name      string
	target    string // the Request-URI
}

// headers are From, and the others that say who calls. The number of somebody
// outside, whose call goes out again, is shown only to a trunk that is told on
// whose behalf.
func (p *presentation) headers() (sip.FromHeader, []sip.Header) {
	id, who := p.trunk.CallerID, p.numbers.Identify(p.Outside, p.trunk, numbering.Caller{
		Number: p.caller, Anonymous: p.Anonymous, Diverted: p.Diverted, Payer: p.extension,
	})
	from := sip.FromHeader{DisplayName: quotedName(p.name), Address: p.at(who.Shown)}
	if !who.Foreign && (id.In == "ppi" || id.In == "rpid") {
		from.Address = p.at(cmp.Or(p.trunk.Username, who.Shown))
	}
	name := p.name
	if who.Hidden {
		name = ""
		from = sip.FromHeader{DisplayName: "Anonymous", Address: sip.Uri{Scheme: "sip", User: "anonymous", Host: "anonymous.invalid"}}
	}
	list := p.asserted(name, who)
	if who.Hidden {
		list = append(list, sip.NewHeader("Privacy", "id"))
	}
	if who.Foreign {
		list = append(list, p.behalf(id.Forwarded, who.Behalf))
	}
	return from, list
}

// asserted are the headers besides From in which the trunk wants the number.
func (p *presentation) asserted(name string, who numbering.Identity) []sip.Header {
	switch p.trunk.CallerID.In {
	case "pai":
		return []sip.Header{sip.NewHeader("P-Asserted-Identity", identity(name, p.at(who.Own)))}
	case "ppi":
		return []sip.Header{sip.NewHeader("P-Preferred-Identity", identity(name, p.at(who.Own)))}
	case "rpid":
		privacy := "off"
		if who.Hidden {
			privacy = "full"
		}
		return []sip.Header{sip.NewHeader("Remote-Party-ID", identity(name, p.at(who.Shown))+";party=calling;screen=no;privacy="+privacy)}
	}
	return nil
}

// behalf says which number of ours was called before.
func (p *presentation) behalf(how, ours string) sip.Header {
	from, to := p.at(ours), p.at(p.target)
	if how == "history" { // RFC 7044 §5, RFC 4458
		return sip.NewHeader("History-Info", "<"+from.String()+">;index=1, <"+to.String()+";cause=302>;index=1.1;mp=1")
	}
	return sip.NewHeader("Diversion", "<"+from.String()+">;reason=unconditional;counter=1")
}
