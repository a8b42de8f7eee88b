package asterisk

import (
	"regexp"
	"strings"
)

// sip reads the peers of the old channel driver.
func (h *house) sip(list []*section) {
	context := "default"
	var registers []entry
	for _, s := range list {
		if s.name == "general" {
			context = first([]string{s.get("context")}, context)
			h.sipGeneral(s)
			for _, e := range s.entries {
				if e.key == "register" {
					registers = append(registers, e)
				}
			}
			continue
		}
		h.peer(s, context)
	}
	for _, r := range registers {
		h.sipRegister(r, context)
	}
}

func (h *house) sipGeneral(s *section) {
	if port := first([]string{s.get("bindport")}, ""); port != "" && port != "5060" {
		h.listen["udp"] = []string{":" + port}
	}
	for _, key := range []string{"externip", "externaddr"} {
		if n := network(s.get(key)); n != "" {
			h.external = n
		}
	}
	for _, n := range s.all("localnet") {
		if n = network(n); n != "" {
			h.local = append(h.local, n)
		}
	}
	if a := strings.ToLower(s.get("allowguest")); a != "no" {
		h.note(s.where("allowguest"), "calls of strangers were let in (allowguest)", "Dialtone refuses them; numbers are reached by trunks")
	}
}

func (h *house) peer(s *section, context string) {
	host := strings.ToLower(s.get("host"))
	context = first([]string{s.get("context")}, context)
	switch host {
	case "dynamic":
		h.sipPhone(s, context)
		return
	case "":
		h.note(s.at, s.name+" has no host, and was left out", "")
		return
	}
	t := h.trunk(s.name, s.at)
	t.host, t.context, t.codecs = s.get("host"), context, h.codecs(s)
	if port := s.get("port"); port != "" && port != "5060" {
		t.host += ":" + port
	}
	if x := strings.ToLower(first(s.all("transport"), "")); x == "tcp" || x == "tls" {
		t.transport = x
	}
	t.username = first([]string{s.get("fromuser"), s.get("defaultuser"), s.get("username")}, "")
	if login := first([]string{s.get("defaultuser")}, s.get("username")); login != "" && login != t.username {
		t.login = login
	}
	t.password = first([]string{s.get("remotesecret")}, s.get("secret"))
	if t.password == "" {
		t.login = ""
	}
	_, t.proxy, _ = sipURI("sip:" + strings.TrimPrefix(s.get("outboundproxy"), "sip:"))
}

// sipPhone is a peer that registers.
func (h *house) sipPhone(s *section, context string) {
	p := &phone{
		name: s.name, password: s.get("secret"), context: context, shown: shownOf(s.get("callerid")),
		language: s.get("language"), codecs: h.codecs(s), maxCalls: s.get("call-limit"), at: s.at,
	}
	switch {
	case p.password == "" && s.get("md5secret") != "":
		h.note(s.where("md5secret"), "the password of extension "+s.name+" is kept as a hash, which cannot be carried over", "one was made up; type it into the phone")
	case p.password == "":
		h.note(s.at, "extension "+s.name+" has no password here", "one was made up")
	}
	if user := first([]string{s.get("defaultuser")}, s.get("username")); user != "" && user != s.name {
		h.note(s.at, "extension "+s.name+" logs in as "+user, "let the phone log in as "+s.name)
	}
	for _, key := range []string{"mailbox", "callgroup", "pickupgroup", "permit", "deny", "setvar"} {
		if s.get(key) != "" {
			h.note(s.where(key), key+" of extension "+s.name+" has no counterpart", "")
		}
	}
	h.addPhone(p)
}

// registerLine is user[:secret[:login]]@host[:port][/extension].
var registerLine = regexp.MustCompile(`^(?:(?:udp|tcp|tls)://)?([^:@]+)(?::([^:@]*))?(?::([^@]*))?@([^/~]+)`)

func (h *house) sipRegister(e entry, context string) {
	m := registerLine.FindStringSubmatch(e.value)
	if m == nil {
		h.note(e.at, "this register cannot be read", "write register: true into the trunk")
		return
	}
	host := strings.TrimSuffix(m[4], ":5060")
	var t *trunk
	for _, name := range sorted(h.trunks) {
		if t == nil && h.trunks[name].host == host {
			t = h.trunks[name]
		}
	}
	if t == nil {
		t = h.trunk(host, e.at)
		t.host, t.context = host, context
	}
	t.register, t.username = true, m[1]
	if m[2] != "" {
		t.password = m[2]
	}
	t.login = m[3]
}

// queues reads who answers the calls of a queue.
func (h *house) queues(list []*section) {
	for _, s := range list {
		if s.name == "general" {
			continue
		}
		g := &group{}
		switch s.get("strategy") {
		case "", "ringall":
		case "linear", "rrmemory", "rrordered", "leastrecent", "fewestcalls":
			g.strategy = "sequential"
		default:
			g.strategy = "random"
		}
		for _, e := range s.entries {
			if e.key != "member" {
				continue
			}
			_, name, _ := strings.Cut(strings.Split(e.value, ",")[0], "/")
			if h.phones[name] == nil {
				h.note(e.at, "the member "+clip(e.value)+" is no extension here", "")
				continue
			}
			g.members = append(g.members, name)
		}
		if len(g.members) == 0 {
			h.note(s.at, "the queue "+s.name+" has no members here", "")
			continue
		}
		h.note(s.at, "callers do not wait in line: the queue "+s.name+" became a group whose members ring", "")
		name := nameOf(s.name)
		if h.phones[name] != nil {
			name = nameOf("queue-" + s.name)
		}
		h.groups[name] = g
	}
}
