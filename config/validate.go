package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"dialtone/dialplan"
)

// Validate checks a configuration that did not come from a file, as Load does
// with those that do, and writes the names of codecs in their canonical form. It
// reads the certificate. Warnings are among what it gives; see Errors.Err.
func (c *Config) Validate() Errors {
	var out Errors
	v := validator{
		cfg: c, failed: map[string]bool{}, files: true, fields: fieldCache{}, reads: func(string) {},
		place: func(string) place { return place{} },
	}
	v.report = func(f finding) {
		v.failed[f.path] = v.failed[f.path] || !f.warning
		out = append(out, &Error{Path: f.path, Reason: f.problem.reason, Remedy: f.problem.remedy, Warning: f.warning})
	}
	v.all()
	return out
}

// validator checks what the values of a configuration mean together.
type validator struct {
	cfg    *Config
	failed map[string]bool // paths that were refused already
	files  bool            // may read the certificate
	place  func(path string) place
	report func(finding)
	fields fieldCache
	reads  func(path string)              // told of every file read
	shows  func(path string, data []byte) // told what is in a file that the plan names
	plan   *dialplan.Plan                 // what dialplan compiled; nil when it is wrong
}

func (c *validator) fail(path, reason, remedy string) {
	c.report(finding{at: c.place(path).value, path: path, problem: problem{reason, remedy}})
}

func (c *validator) warn(path, reason, remedy string) {
	c.report(finding{at: c.place(path).value, path: path, problem: problem{reason, remedy}, warning: true})
}

// good reports that none of the paths was refused.
func (c *validator) good(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(p string) bool { return c.failed[p] })
}

func (c *validator) all() {
	c.rules(reflect.ValueOf(c.cfg).Elem(), "")
	c.listeners()
	c.stun()
	c.certificate()
	c.web()
	c.expiries()
	c.capacity()
	c.extensions()
	c.numbers()
	c.outside()
	c.notices()
	c.speech()
	c.music()
	c.pins()
	c.conferences()
	c.parking()
	c.voicemail()
	c.watchers()
	c.lampLists()
	c.recording()
	c.inCallKeys()
	c.dialplan()
	c.callerIDs()
}

// expiries must be in order.
func (c *validator) expiries() {
	const low, normal, high = "registrar.min_expires", "registrar.default_expires", "registrar.max_expires"
	r := c.cfg.Registrar
	if c.good(low, high) && r.MinExpires > r.MaxExpires {
		c.fail(c.written(low, high), fmt.Sprintf("min_expires %v is longer than max_expires %v", r.MinExpires, r.MaxExpires), "shorten the one or lengthen the other")
		return
	}
	if !c.good(low, normal, high) {
		return
	}
	if r.DefaultExpires < r.MinExpires {
		c.fail(c.written(normal, low), fmt.Sprintf("default_expires %v is shorter than min_expires %v", r.DefaultExpires, r.MinExpires), "write a default between the two bounds")
	}
	if r.DefaultExpires > r.MaxExpires {
		c.fail(c.written(normal, high), fmt.Sprintf("default_expires %v is longer than max_expires %v", r.DefaultExpires, r.MaxExpires), "write a default between the two bounds")
	}
}

// written gives the first path that the files set, the first when none is.
func (c *validator) written(paths ...string) string {
	for _, p := range paths {
		if c.place(p).value.File != "" {
			return p
		}
	}
	return paths[0]
}

// capacity warns when the ports end before the calls do.
func (c *validator) capacity() {
	if !c.good("media.ports", "calls.max") {
		return
	}
	first, last := c.cfg.Media.PortRange()
	if fit := (int(last) - int(first) + 1) / 4; fit < c.cfg.Calls.Max {
		c.warn(c.written("media.ports", "calls.max"),
			fmt.Sprintf("the ports are enough for %d calls, fewer than calls.max, %d", fit, c.cfg.Calls.Max),
			"a call needs 4 ports; widen media.ports or lower calls.max")
	}
	if len(c.cfg.Media.Codecs) == 0 && c.good("media.codecs") {
		c.fail("media.codecs", "no codec is left", "name at least one, such as PCMA")
	}
}

const minPassword = 8

// extensions need passwords, and codecs that media.codecs has.
func (c *validator) extensions() {
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Extensions)) {
		ext, path := c.cfg.Extensions[name], join("extensions", name)
		pass := join(path, "password")
		if !c.good(path) {
			continue
		}
		if ext.Password == "" && c.good(pass) {
			at := c.place(pass).value
			if at.File == "" {
				at = c.place(path).key
			}
			c.report(finding{at: at, path: pass, hide: at.Column + len(name) + 3, problem: problem{
				"the extension has no password", `write password: "..." with a long random one`,
			}})
		}
		if weak := weakness(ext.Password.Reveal(), name); weak != "" && c.good(pass) {
			at := c.place(pass).value
			c.report(finding{at: at, path: pass, hide: at.Column, warning: true, problem: problem{
				"the password is easy to guess: " + weak, "use 12 or more random letters and digits",
			}})
		}
		c.narrowed(ext.Codecs, join(path, "codecs"))
	}
}

// narrowed checks that an extension's codecs are some of media.codecs.
func (c *validator) narrowed(names []string, path string) {
	for i, name := range names {
		p := fmt.Sprintf("%s[%d]", path, i)
		if c.good(p, "media.codecs") && !slices.Contains(c.cfg.Media.Codecs, name) {
			c.fail(p, name+" is not in media.codecs", "add it there, or remove it here")
		}
	}
}

// weakness says why a password is weak, "" when it is not.
func weakness(password, extension string) string {
	lower := strings.ToLower(password)
	switch {
	case password == "":
		return ""
	case strings.ReplaceAll(lower, strings.ToLower(extension), "") == "":
		return "it is the extension itself"
	case len(password) < minPassword:
		return fmt.Sprintf("it is shorter than %d characters", minPassword)
	case strings.Trim(password, password[:1]) == "":
		return "it is one character over and over"
	case strings.Contains("01234567890123456789", password) || strings.Contains("98765432109876543210", password):
		return "it only counts"
	}
	for _, word := range []string{"password", "passw0rd", "changeme", "qwertyui", "asterisk", "dialtone", "secret"} {
		if strings.Trim(strings.ReplaceAll(lower, word, ""), "0123456789!.-_") == "" {
			return "it is one of the first that is tried"
		}
	}
	return ""
}

// numbers of features must not be taken.
func (c *validator) numbers() {
	taken := map[string]string{}
	c.numbersIn(taken, "features", reflect.ValueOf(c.cfg.Features))
	c.numbersIn(taken, join("features", "settings"), reflect.ValueOf(c.cfg.Features.Settings))
}

// numbersIn looks at the numbers of a struct; taken has those before.
func (c *validator) numbersIn(taken map[string]string, at string, v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		if v.Field(f.index).Kind() != reflect.String {
			continue
		}
		number, path := v.Field(f.index).String(), join(at, f.name)
		if number == "" || !c.good(path) {
			continue
		}
		if other := taken[number]; other != "" {
			c.fail(c.written(path, other), fmt.Sprintf("the number %s is taken twice, by %s and %s", number, other, path), `give one another number, or "" to turn it off`)
		} else if _, ok := c.cfg.Extensions[number]; ok {
			ext := join("extensions", number)
			at := c.place(path).value
			if at.File == "" {
				at = c.place(ext).key
			}
			c.report(finding{at: at, path: path, problem: problem{
				fmt.Sprintf("the number %s is also %s", number, ext), `give one another number, or "" to turn the feature off`,
			}})
		}
		taken[number] = path
	}
}

// yamlText writes a text as it must stand in YAML, quoted where that is needed.
func yamlText(s string) string {
	n := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	out, err := yaml.Marshal(&n)
	if err != nil || strings.Count(string(out), "\n") != 1 {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(string(out), "\n")
}
