package doctor

import (
	"context"
	"fmt"
	"strings"
)

// trunks are as the server sees them.
func (p *patient) trunks(ctx context.Context) []Finding {
	all, err := p.Server.Trunks(ctx)
	if err != nil {
		return []Finding{problem("the trunks are not known: "+err.Error(), "")}
	}
	if len(all) == 0 {
		return []Finding{skipped("there is no trunk: calls stay among the extensions", "")}
	}
	var out []Finding
	for _, k := range all {
		text := fmt.Sprintf("trunk %s is %s", k.Name, k.State)
		switch k.State {
		case "registered", "up":
			for _, s := range k.Servers {
				if !s.Alive && s.Why != "" {
					out = append(out, warning(fmt.Sprintf("trunk %s: its server %s does not answer: %s", k.Name, s.Address, s.Why), "calls go over another one; ask its provider"))
				}
			}
			out = append(out, ok(text))
		case "new", "trying":
			out = append(out, warning(text, "wait a moment, then ask again"))
		default:
			out = append(out, problem(text+": "+k.Why, remedyOf(k.Why)))
		}
	}
	return out
}

func remedyOf(why string) string {
	lower := strings.ToLower(why)
	switch {
	case strings.Contains(lower, "401"), strings.Contains(lower, "403"), strings.Contains(lower, "password"):
		return "look at its user and password; some providers let in certain addresses only"
	case strings.Contains(lower, "no such host"), strings.Contains(lower, "dns"):
		return "look at the name of its server"
	}
	return "does this machine reach it? A firewall, or the provider, may keep it out"
}

// phones are those that can be called now.
func (p *patient) phones(ctx context.Context) []Finding {
	all, err := p.Server.Registrations(ctx)
	if err != nil {
		return []Finding{problem("the registrations are not known: "+err.Error(), "")}
	}
	if len(all) == 0 {
		return []Finding{warning("no phone is registered", "type server, extension and password into one, or log in at the web phone; the log says when one is refused")}
	}
	extensions := map[string]bool{}
	var lost []string
	for _, r := range all {
		extensions[r.Extension] = true
		if r.Reachable == "no" {
			lost = append(lost, fmt.Sprintf("%s (%s %s)", r.Extension, r.Transport, r.Flow))
		}
	}
	out := []Finding{ok(fmt.Sprintf("%s of %s registered", count(len(all), "phone"), count(len(extensions), "extension")))}
	if len(lost) > 0 {
		out = append(out, warning("registered, but they do not answer: "+strings.Join(lost, ", "), "are they on, and does their router keep the way open? Let them register over TCP, or more often"))
	}
	return out
}
