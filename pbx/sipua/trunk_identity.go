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
	switch told := id.Forwarded == "diversion" || id.Forwarded == "history"; {
	case who.Foreign:
		list = append(list, p.behalf(id.Forwarded, who.Behalf))
	case told && len(p.Diversions) > 0:
		list = append(list, p.behalf(id.Forwarded, who.Own))
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

// behalf says which number of ours was called before, and why it is not there.
func (p *presentation) behalf(how, ours string) sip.Header {
	way := []call.Diversion{{From: ours, Reason: "unconditional"}}
	if n := len(p.Diversions); n > 0 {
		way[0].Reason = p.Diversions[n-1].Reason
	}
	way = earlier(p.Forwards+max(len(p.Diversions)-1, 0), way)
	if how == "history" {
		return history(p.at, way, p.target)
	}
	return diversion(p.at, way)
}
