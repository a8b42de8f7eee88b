package sipevents

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// boundary is between the parts of a body; no part of ours has a line that begins so.
const boundary = "dialtone-part"

// bodyPart is one of several in a body; id is that of cid: URIs, "" for none.
type bodyPart struct {
	kind, id string
	body     []byte
}

// assemble puts parts into one body.
func assemble(parts []bodyPart) []byte {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", boundary, p.kind, len(p.body))
		if p.id != "" {
			fmt.Fprintf(&b, "Content-Transfer-Encoding: binary\r\nContent-ID: <%s>\r\n", p.id)
		}
		b.WriteString("\r\n")
		b.Write(p.body)
		b.WriteString("\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return []byte(b.String())
}

// supports reports whether a phone knows an extension of SIP.
func supports(req *sip.Request, option string) bool {
	for _, name := range []string{"Supported", "Require"} {
		for _, h := range req.GetHeaders(name) {
			for one := range strings.SplitSeq(h.Value(), ",") {
				if strings.EqualFold(strings.TrimSpace(one), option) {
					return true
				}
			}
		}
	}
	return false
}
