package asterisk

import (
	"cmp"
	"net"
	"slices"
	"strings"
)

// objects are the sections of pjsip.conf by type and name: an endpoint, its aor and
// its auth often share one name.
type objects map[string]map[string]*section

func (o objects) get(kind, name string) *section { return o[kind][name] }

// pjsip reads endpoints, and what belongs to them.
func (h *house) pjsip(list []*section) {
	o := objects{}
	var endpoints, registrations []*section
	for _, s := range list {
		kind := strings.ToLower(s.get("type"))
		if o[kind] == nil {
			o[kind] = map[string]*section{}
		}
		o[kind][s.name] = s
		switch kind {
		case "endpoint":
			endpoints = append(endpoints, s)
		case "registration":
			registrations = append(registrations, s)
		case "transport":
			h.transport(s)
		case "aor", "auth", "identify", "global", "system":
		case "acl":
			h.note(s.at, "acl "+s.name+" is not carried over", "write its networks into sip: {allow: [], deny: []}")
		case "":
			h.note(s.at, "the section "+s.name+" has no type", "")
		default:
			h.note(s.at, "pjsip type "+kind+" has no counterpart", "")
		}
	}
	for _, e := range endpoints {
		h.endpoint(e, o)
	}
	for _, r := range registrations {
		h.registration(r, o)
	}
	for _, s := range list {
		if strings.EqualFold(s.get("type"), "identify") {
			h.identify(s)
		}
	}
}

func (h *house) transport(s *section) {
	kind := map[string]string{"udp": "udp", "tcp": "tcp", "tls": "tls"}[cmp.Or(strings.ToLower(s.get("protocol")), "udp")]
	if kind == "" {
		h.note(s.where("protocol"), "SIP over "+s.get("protocol")+" has no counterpart", "such phones have to use TLS")
		return
	}
	bind := s.get("bind")
	host, port, err := net.SplitHostPort(bind)
	if err != nil {
		host, port = bind, map[string]string{"tls": "5061"}[kind]
	}
	if port == "" {
		port = "5060"
	}
	if host == "0.0.0.0" || host == "" || host == "::" {
		host = ""
	} else if strings.Contains(host, ":") {
		host = "[" + strings.Trim(host, "[]") + "]"
	}
	if at := host + ":" + port; !slices.Contains(h.listen[kind], at) {
		h.listen[kind] = append(h.listen[kind], at)
	}
	if ext := s.get("external_signaling_address"); network(ext) != "" {
		h.external = ext
	} else if ext != "" {
		h.note(s.where("external_signaling_address"), "the external address is a name", "write the address into sip: {external: ...}")
	}
	for _, n := range s.all("local_net") {
		if n = network(n); n != "" && !slices.Contains(h.local, n) {
			h.local = append(h.local, n)
		}
	}
	if s.get("cert_file") != "" {
		h.note(s.where("cert_file"), "the certificate is not carried over", "write sip: {certificate: "+s.get("cert_file")+", key: "+s.get("priv_key_file")+"}")
	}
}

// endpoint is a phone when phones register with it, else a trunk.
func (h *house) endpoint(e *section, o objects) {
	aor := o.get("aor", first(e.all("aors"), e.name))
	auth := o.get("auth", first(e.all("auth"), ""))
	static := aor != nil && aor.get("contact") != ""
	if static || e.get("outbound_auth") != "" || auth == nil && aor == nil {
		h.endpointTrunk(e, aor, o)
		return
	}
	p := &phone{name: e.name, context: first(e.all("context"), "default"), language: e.get("language"), codecs: h.codecs(e), at: e.at}
	p.shown = shownOf(e.get("callerid"))
	switch {
	case auth == nil:
		h.note(e.at, "extension "+e.name+" has no password here", "one was made up")
	case auth.get("password") == "":
		h.note(auth.at, "the password of extension "+e.name+" is kept as a hash, which cannot be carried over", "one was made up; type it into the phone")
	default:
		p.password = auth.get("password")
		if user := auth.get("username"); user != "" && user != e.name {
			h.note(auth.where("username"), "extension "+e.name+" logs in as "+user, "let the phone log in as "+e.name)
		}
	}
	h.leftOut(e)
	h.addPhone(p)
}

// leftOut says what of a phone is not carried over.
func (h *house) leftOut(e *section) {
	if e.get("media_encryption") == "sdes" {
		h.note(e.where("media_encryption"), "whether audio is encrypted is not said by extension", "media.srtp is optional: phones that ask for it get it")
	}
	if e.get("media_encryption") == "dtls" || strings.EqualFold(e.get("webrtc"), "yes") {
		h.note(e.at, "extension "+e.name+" uses WebRTC, which has no counterpart", "use a SIP phone")
	}
	for _, key := range []string{"mailboxes", "call_group", "named_call_group", "acl", "set_var"} {
		if e.get(key) != "" {
			what, remedy := " has no counterpart", ""
			if key == "mailboxes" {
				what, remedy = " is not converted", "write voicemail: true into the extension for a mailbox"
			}
			h.note(e.where(key), key+" of extension "+e.name+what, remedy)
		}
	}
}

func (h *house) addPhone(p *phone) {
	if !goodPhone.MatchString(p.name) {
		h.note(p.at, "the extension "+p.name+" was left out, as it cannot have that name", "give it a number of 2 to 15 digits")
		return
	}
	if h.phones[p.name] != nil {
		h.note(p.at, "there is another extension "+p.name, "the first was kept")
		return
	}
	h.phones[p.name] = p
}

func (h *house) endpointTrunk(e, aor *section, o objects) {
	t := h.trunk(e.name, e.at)
	t.context, t.codecs = first(e.all("context"), "default"), h.codecs(e)
	if aor != nil && aor.get("contact") != "" {
		t.username, t.host, t.transport = sipURI(aor.get("contact"))
	}
	if auth := o.get("auth", first(e.all("outbound_auth"), "")); auth != nil {
		t.username, t.password = auth.get("username"), auth.get("password")
	}
	if user := e.get("from_user"); user != "" && user != t.username {
		if t.password != "" {
			t.login = t.username
		}
		t.username = user
	}
	if _, number, _ := strings.Cut(e.get("callerid"), "<"); e164.MatchString(strings.TrimSuffix(number, ">")) {
		t.number = strings.TrimSuffix(number, ">")
	}
	if proxy := e.get("outbound_proxy"); proxy != "" {
		_, t.proxy, _ = sipURI(proxy)
	}
}

// trunk is the trunk of that name, a new one when there is none.
func (h *house) trunk(name string, at place) *trunk {
	name = nameOf(name)
	if h.trunks[name] == nil {
		h.trunks[name] = &trunk{at: at, context: "default"}
	}
	return h.trunks[name]
}

// registration makes the trunk register whose server it is.
func (h *house) registration(r *section, o objects) {
	_, host, transport := sipURI(r.get("server_uri"))
	user, _, _ := sipURI(r.get("client_uri"))
	var t *trunk
	if name := nameOf(r.get("endpoint")); h.trunks[name] != nil {
		t = h.trunks[name]
	}
	for _, name := range sorted(h.trunks) {
		if t == nil && (h.trunks[name].host == host || name == nameOf(r.name)) {
			t = h.trunks[name]
		}
	}
	if t == nil {
		t = h.trunk(r.name, r.at)
	}
	t.register = true
	if t.host == "" {
		t.host = host
	}
	if t.transport == "" {
		t.transport = transport
	}
	auth := o.get("auth", first(r.all("outbound_auth"), ""))
	if auth != nil {
		t.password = auth.get("password")
		if name := auth.get("username"); name != user && user != "" {
			t.login = name
		}
		if user == "" {
			user = auth.get("username")
		}
	}
	t.username = first([]string{user}, t.username)
	if proxy := r.get("outbound_proxy"); proxy != "" {
		_, t.proxy, _ = sipURI(proxy)
	}
}

// identify says from where the calls of a trunk come.
func (h *house) identify(s *section) {
	t := h.trunks[nameOf(s.get("endpoint"))]
	if t == nil {
		h.note(s.at, "identify is for an endpoint that is no trunk", "calls of extensions are known by their password")
		return
	}
	for _, m := range s.all("match") {
		n := network(m)
		if n == "" {
			if t.host == "" {
				t.host = m
			} else if m != t.host {
				h.note(s.where("match"), "calls from "+m+" are not known by that name", "write its addresses into networks of the trunk")
			}
			continue
		}
		if t.host == "" && !strings.Contains(n, "/") {
			t.host = n
		} else if n != t.host && !slices.Contains(t.networks, n) {
			t.networks = append(t.networks, n)
		}
	}
	if s.get("match_header") != "" {
		h.note(s.where("match_header"), "match_header is not carried over", "write header: {NAME: value} into the trunk")
	}
}

// first is the first that is not empty.
func first(list []string, otherwise string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return otherwise
}

// shownOf is the name of a callerid.
func shownOf(callerid string) string {
	if m := shownName.FindStringSubmatch(callerid); m != nil && m[2] != "" {
		return strings.TrimSpace(m[1])
	}
	return ""
}
