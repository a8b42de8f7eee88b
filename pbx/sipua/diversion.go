package sipua

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/call"
)

// diversion says who forwarded a call last, why, and how often it was forwarded (RFC
// 5806).
func diversion(at func(user string) sip.Uri, way []call.Diversion) sip.Header {
	last := way[len(way)-1]
	uri := at(last.From)
	return sip.NewHeader("Diversion", "<"+uri.String()+">;reason="+last.Reason+";counter="+strconv.Itoa(len(way)))
}

// history says the whole way of a call, to its target (RFC 7044 §5, RFC 4458).
func history(at func(user string) sip.Uri, way []call.Diversion, target string) sip.Header {
	var entries []string
	index, cause := "1", 0
	entry := func(user string) {
		uri := at(user)
		text := "<" + uri.String() + ">;index=" + index
		if cause != 0 {
			text = fmt.Sprintf("<%s;cause=%d>;index=%s;mp=%s", uri.String(), cause, index, strings.TrimSuffix(index, ".1"))
		}
		entries = append(entries, text)
		index += ".1"
	}
	for _, d := range way {
		entry(d.From)
		cause = redirectionCause(d.Reason)
	}
	entry(target)
	return sip.NewHeader("History-Info", strings.Join(entries, ", "))
}

// earlier is way with n steps before it of which nothing is known, or told.
func earlier(n int, way []call.Diversion) []call.Diversion {
	before := slices.Repeat([]call.Diversion{{From: "anonymous", Reason: "unknown"}}, min(n, maxForwards))
	return append(before, way...)
}

// maxForwards bounds what is believed of other servers.
const maxForwards = 20

// forwards is how often a call was forwarded before it came here, as Diversion and
// History-Info say: those of RFC 7044 name what was forwarded to, those of RFC 4244 from
// where, so the most of them counts.
func forwards(req *sip.Request) int {
	diverted, mapped, left := 0, 0, 0
	for _, v := range list(req, "Diversion") {
		times := 1
		for _, p := range split(v, ';')[1:] {
			if k, text, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), "counter") {
				n, _ := strconv.Atoi(strings.Trim(strings.TrimSpace(text), `"`))
				times = min(max(n, 1), maxForwards)
			}
		}
		diverted += times
	}
	for _, v := range list(req, "History-Info") {
		v = strings.ToLower(v)
		switch {
		case strings.Contains(v, ";cause=380"): // a service number (RFC 8119)
		case strings.Contains(v, ";cause="), strings.Contains(v, ";mp="):
			mapped++
		}
		if strings.Contains(v, "reason=sip%3bcause%3d") {
			left++
		}
	}
	return min(max(diverted, mapped, left), maxForwards)
}

// redirectionCause is a reason of RFC 5806 as RFC 4458 has it.
func redirectionCause(reason string) int {
	switch reason {
	case "user-busy", "do-not-disturb":
		return 486
	case "no-answer":
		return 408
	case "unavailable":
		return 503
	}
	return 302
}
