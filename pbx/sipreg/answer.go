package sipreg

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
)

// accepted is the 200: all contacts with what is left of their expiry
// (RFC 3261 §10.3 item 8), the time, and Path as it came (RFC 3327 §5.3).
func accepted(req *sip.Request, ask *registrar.Request, current []registrar.Contact, now time.Time) *sip.Response {
	res := sipedge.NewResponse(req, sip.StatusOK, "OK")
	for i := range current {
		res.AppendHeader(sip.NewHeader("Contact", contactValue(&current[i], now)))
	}
	res.AppendHeader(sip.NewHeader("Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")))
	res.AppendHeader(sip.NewHeader("Supported", "path, outbound"))
	if len(ask.Path) > 0 && lists(req, "Supported", "path") {
		for _, p := range ask.Path {
			res.AppendHeader(sip.NewHeader("Path", p))
		}
	}
	if outbound(req, ask) {
		res.AppendHeader(sip.NewHeader("Require", "outbound"))
	}
	return res
}

// outbound says whether the flow is kept as RFC 5626 §6 has it: then calls come
// over it, and the phone may keep it open with CRLF or STUN.
func outbound(req *sip.Request, ask *registrar.Request) bool {
	if len(ask.Path) > 0 && !strings.Contains(strings.ToLower(ask.Path[len(ask.Path)-1]), ";ob") {
		return false // the phone's flow ends at a proxy that does not keep it
	}
	for i := range ask.Contacts {
		if c := &ask.Contacts[i]; c.RegID > 0 && c.Expires != 0 {
			return lists(req, "Supported", "outbound")
		}
	}
	return false
}

func contactValue(c *registrar.Contact, now time.Time) string {
	out := make([]byte, 0, len(c.URI)+len(c.Instance)+64)
	out = append(out, '<')
	out = append(out, c.URI...)
	out = append(out, ">;expires="...)
	out = strconv.AppendInt(out, int64(c.Expires.Sub(now).Round(time.Second)/time.Second), 10)
	if c.Q != 1 {
		out = append(out, ";q="...)
		out = strconv.AppendFloat(out, c.Q, 'g', 3, 64)
	}
	if c.Instance != "" {
		out = append(out, `;+sip.instance="`...)
		for _, b := range []byte(c.Instance) {
			if b == '"' || b == '\\' {
				out = append(out, '\\')
			}
			out = append(out, b)
		}
		out = append(out, '"')
	}
	if c.RegID > 0 {
		out = append(out, ";reg-id="...)
		out = strconv.AppendInt(out, int64(c.RegID), 10)
	}
	return string(out)
}
