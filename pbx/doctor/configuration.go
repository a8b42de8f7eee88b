package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dialtone/config"
)

func (p *patient) configuration(context.Context) []Finding {
	var mistakes config.Errors
	switch {
	case errors.As(p.Mistakes, &mistakes):
		first := mistakes.Failures()[0]
		text := fmt.Sprintf("%s has %s; the first: %s: %s", p.File, count(len(mistakes.Failures()), "mistake"), orFile(first.Path), first.Reason)
		return []Finding{problem(text, first.Remedy+" (dialtone check "+p.File+" shows all)")}
	case p.Mistakes != nil:
		return []Finding{problem("the configuration cannot be read: "+p.Mistakes.Error(), "dialtone init writes one to start from")}
	}
	out := []Finding{p.right()}
	if p.Loaded != nil {
		for _, w := range p.Loaded.Warnings {
			out = append(out, warning(strings.TrimPrefix(w.Path+": "+w.Reason, ": "), w.Remedy))
		}
	}
	if p.running() && p.status.LastReload.Error != "" {
		out = append(out, problem("the configuration was refused when it was last read, and an older one is in force: "+p.status.LastReload.Error, "mend it, then: dialtone ctl reload"))
	}
	if p.running() && p.Loaded != nil && p.Loaded.Version != "" && p.status.ConfigVersion != "" && p.Loaded.Version != p.status.ConfigVersion {
		out = append(out, warning("the server runs with another configuration than the one that is tested", "dialtone ctl reload, or look whether --config names the right file"))
	}
	return out
}

func (p *patient) right() Finding {
	if p.File == "" {
		return ok(fmt.Sprintf("there is no configuration; %s in %s", count(len(p.cfg.Extensions), "extension"), p.Data))
	}
	return ok(fmt.Sprintf("%s is right: %s", p.File, count(len(p.cfg.Extensions), "extension")))
}

// count is n with the noun that fits.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// orFile names what a mistake is about that is not about one key.
func orFile(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}
