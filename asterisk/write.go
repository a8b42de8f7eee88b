package asterisk

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// quote writes a text for YAML.
func quote(s string) string { return strconv.Quote(s) }

// result writes what came of it.
func (h *house) result() *Result {
	var b strings.Builder
	b.WriteString("# Made of the configuration of an Asterisk. Passwords are in it: keep it to yourself.\n\n")
	h.writeSIP(&b)
	b.WriteString("# The country decides how numbers are read and which are emergency numbers:\n# site: {country: DE, timezone: Europe/Berlin}\n\n")
	if len(h.trunks) > 0 {
		h.note(place{}, "in which country the exchange stands is not said", "write site: {country: DE} with your own, so that numbers and emergency calls are understood")
		h.writeTrunks(&b)
	}
	h.writeNames(&b)
	h.writePhones(&b)
	h.writeRoutes(&b)
	slices.SortStableFunc(h.notes, func(x, y Note) int {
		if x.File != y.File {
			return strings.Compare(x.File, y.File)
		}
		return x.Line - y.Line
	})
	out := &Result{YAML: []byte(b.String()), Notes: h.notes, Extensions: len(h.phones), Trunks: len(h.trunks)}
	for _, list := range h.made.routes {
		out.Routes += len(list)
	}
	return out
}

// keys writes keys with values in one line, those without a value left out.
func keys(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, pairs[i]+": "+pairs[i+1])
		}
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// said is a text in quotes, "" for none.
func said(s string) string {
	if s == "" {
		return ""
	}
	return quote(strings.ReplaceAll(s, "${", "$${"))
}

// texts is a list, "" for none.
func texts(list []string) string {
	if len(list) == 0 {
		return ""
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func (h *house) writeSIP(b *strings.Builder) {
	udp, tcp, tls := texts(h.listen["udp"]), texts(h.listen["tcp"]), texts(h.listen["tls"])
	if len(h.listen) > 0 {
		for _, list := range []*string{&udp, &tcp, &tls} {
			*list = first([]string{*list}, "[]")
		}
	}
	if text := keys("udp", udp, "tcp", tcp, "tls", tls, "external", said(h.external), "local_networks", texts(h.local)); text != "{}" {
		b.WriteString("sip: " + text + "\n\n")
	}
	if len(h.made.routes) > 0 {
		b.WriteString("# Dialtone has these of its own: 600, 601 and 602, if you want them.\nfeatures: {echo: \"\", tone: \"\", music: \"\"}\n\n")
	}
}

func (h *house) writeTrunks(b *strings.Builder) {
	b.WriteString("trunks:\n")
	for _, name := range sorted(h.trunks) {
		t := h.trunks[name]
		if t.host == "" {
			h.note(t.at, "the trunk "+name+" has no server", "write its host; example.invalid stands there now")
			t.host = "example.invalid"
		}
		if t.register && (t.username == "" || t.password == "") {
			h.note(t.at, "the trunk "+name+" has no password to register with", "write username and password, and register: true")
			t.register = false
		}
		if t.password == "" || t.username == "" {
			t.password, t.login = "", ""
		}
		register, context, caller := "", "", ""
		if t.register {
			register = "true"
		}
		if h.made.contexts[t.context] != nil {
			context = h.use(key{t.context, true})
		} else {
			h.note(t.at, "the context "+t.context+" of trunk "+name+" is not there", "write numbers: or a context outside")
		}
		if t.number != "" {
			caller = "{number: " + quote(t.number) + "}"
		}
		fmt.Fprintf(b, "  %s: %s\n", name, keys(
			"host", said(t.host), "transport", t.transport, "proxy", said(t.proxy), "username", said(t.username), "login", said(t.login),
			"password", said(t.password), "register", register, "networks", texts(t.networks), "codecs", texts(t.codecs),
			"caller_id", caller, "context", context))
	}
	b.WriteString("\npermissions:\n  default: {allow: [toll-free, domestic, mobile, service]}\n\n")
	h.note(place{}, "extensions may call toll-free, domestic, mobile and service numbers alone", "add international or premium to permissions, for those who need it")
}

// writeNames writes schedules and groups that something uses.
func (h *house) writeNames(b *strings.Builder) {
	if len(h.schedules) > 0 {
		b.WriteString("schedules:\n")
		for _, name := range sorted(h.schedules) {
			fmt.Fprintf(b, "  %s: {open: %s}\n", name, texts(h.schedules[name].open))
		}
		b.WriteByte('\n')
	}
	if len(h.groups) > 0 {
		b.WriteString("groups:\n")
		for _, name := range sorted(h.groups) {
			fmt.Fprintf(b, "  %s: %s\n", name, keys("members", texts(h.groups[name].members), "strategy", h.groups[name].strategy))
		}
		b.WriteByte('\n')
	}
}

func (h *house) writePhones(b *strings.Builder) {
	if len(h.phones) == 0 {
		return
	}
	b.WriteString("extensions:\n")
	for _, name := range sorted(h.phones) {
		p := h.phones[name]
		if p.password == "" {
			p.password = h.password()
		}
		calls := ""
		if n, err := strconv.Atoi(p.maxCalls); err == nil && n > 0 && n <= 1000 {
			calls = p.maxCalls
		}
		fmt.Fprintf(b, "  %s: %s\n", quote(name), keys(
			"password", said(p.password), "name", said(p.shown), "max_calls", calls, "language", p.language, "codecs", texts(p.codecs)))
	}
	b.WriteByte('\n')
}

func (h *house) writeRoutes(b *strings.Builder) {
	if len(h.made.routes) == 0 {
		return
	}
	b.WriteString("dialplan:\n")
	for _, name := range sorted(h.made.routes) {
		if len(h.made.routes[name]) == 0 {
			continue
		}
		b.WriteString("  " + name + ":\n")
		for _, r := range h.made.routes[name] {
			fmt.Fprintf(b, "    - name: %s\n", quote(r.name))
			if r.to != "" {
				fmt.Fprintf(b, "      to: %s\n", r.to)
			}
			var when []string
			if r.time != "" {
				when = append(when, "time: "+r.time)
			}
			if r.from != "" {
				when = append(when, r.from)
			}
			if len(when) > 0 {
				fmt.Fprintf(b, "      when: {%s}\n", strings.Join(when, ", "))
			}
			b.WriteString("      do:\n")
			for _, s := range r.steps {
				for _, text := range topLevel(s.text) {
					b.WriteString("        - " + text + "\n")
				}
			}
		}
	}
}

// topLevel divides the items of a list at the commas that are in no brackets.
func topLevel(s string) []string {
	var out []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth == 0:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" {
		out = append(out, last)
	}
	return out
}
