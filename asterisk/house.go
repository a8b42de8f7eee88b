package asterisk

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// house is what is known of the exchange while it is converted.
type house struct {
	password func() string
	files    int
	notes    []Note

	phones    map[string]*phone
	trunks    map[string]*trunk
	groups    map[string]*group
	listen    map[string][]string // addresses by transport
	external  string
	local     []string
	plan      []*section
	globals   map[string]string
	schedules map[string]schedule
	made      *made
}

// phone is an extension.
type phone struct {
	name, password, shown, context, language string
	codecs                                   []string
	maxCalls                                 string
	at                                       place
}

// trunk is a line to the outside.
type trunk struct {
	host, transport, proxy, username, login, password, context, number string
	register                                                           bool
	networks, codecs                                                   []string
	at                                                                 place
}

// group is a queue.
type group struct {
	members  []string
	strategy string
}

// schedule is when something is open.
type schedule struct{ open []string }

func newHouse(password func() string) *house {
	return &house{
		password: password, phones: map[string]*phone{}, trunks: map[string]*trunk{}, groups: map[string]*group{},
		listen: map[string][]string{}, globals: map[string]string{}, schedules: map[string]schedule{},
	}
}

// note says once what could not be carried over.
func (h *house) note(at place, text, remedy string) {
	n := Note{File: at.file, Line: at.line, Text: text, Remedy: remedy}
	if !slices.Contains(h.notes, n) {
		h.notes = append(h.notes, n)
	}
}

var (
	goodPhone = regexp.MustCompile(`^([0-9]{2,15}|[A-Za-z][A-Za-z0-9._-]{0,31}|[0-9]{1,31}[A-Za-z._-][A-Za-z0-9._-]{0,30})$`)
	notInName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	shownName = regexp.MustCompile(`^\s*"?([^"<]*?)"?\s*(?:<([^>]*)>)?\s*$`)
	e164      = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// nameOf makes a name that trunks, contexts and schedules can have.
func nameOf(s string) string {
	s = strings.Trim(notInName.ReplaceAllString(s, "-"), "-")
	if s == "" || (s[0] < 'a' || s[0] > 'z') && (s[0] < 'A' || s[0] > 'Z') {
		s = "x" + s
	}
	return s[:min(len(s), 32)]
}

// codecs are those of allow, when it is said that no others are.
func (h *house) codecs(s *section) []string {
	none := slices.Contains(s.all("disallow"), "all")
	var out []string
	for _, word := range s.all("allow") {
		name, _, _ := strings.Cut(strings.ToLower(word), ":")
		known := map[string]string{"alaw": "PCMA", "ulaw": "PCMU", "g722": "G722", "opus": "OPUS", "g729": "G729", "gsm": "GSM"}[name]
		switch {
		case name == "!all":
			none, out = true, nil
		case known != "" && !slices.Contains(out, known):
			out = append(out, known)
		case name != "" && name != "all" && known == "":
			h.note(s.where("allow"), "the codec "+name+" has no counterpart", "Dialtone has OPUS, G722, PCMA, PCMU, G729 and GSM")
		}
	}
	if !none {
		return nil
	}
	return out
}

// network is an address or network in the form that Dialtone reads, "" for a name.
func network(s string) string {
	s = strings.TrimSpace(s)
	if addr, mask, found := strings.Cut(s, "/"); found && strings.Contains(mask, ".") {
		m, err := netip.ParseAddr(mask)
		if err != nil {
			return ""
		}
		bits := 0
		for _, b := range m.AsSlice() {
			for ; b != 0; b <<= 1 {
				bits++
			}
		}
		a, err := netip.ParseAddr(addr)
		if err != nil {
			return ""
		}
		return netip.PrefixFrom(a, bits).Masked().String()
	}
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked().String()
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.String()
	}
	return ""
}

// sipURI takes sip:user@host:port;transport=x apart.
func sipURI(uri string) (user, host, transport string) {
	uri = strings.Trim(strings.TrimSpace(uri), "<>\"'")
	_, uri, _ = strings.Cut(uri, ":")
	uri, params, _ := strings.Cut(uri, ";")
	for _, p := range strings.Split(params, ";") {
		if t, ok := strings.CutPrefix(strings.ToLower(p), "transport="); ok {
			transport = t
		}
	}
	if i := strings.LastIndexByte(uri, '@'); i >= 0 {
		user, uri = uri[:i], uri[i+1:]
	}
	return user, strings.TrimSuffix(uri, ":5060"), transport
}
