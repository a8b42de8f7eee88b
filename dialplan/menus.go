package dialplan

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxKeys is how many keys a choice of a menu may have.
const maxKeys = 8

// namesOfMenus makes the menus that steps refer to.
func (c *checker) namesOfMenus() {
	for _, name := range keys(c.spec.Menus) {
		c.plan.menus[name] = &menu{MenuSpec: c.spec.Menus[name], name: name}
	}
}

func (c *checker) compileMenus() {
	c.in("menus")
	defer c.out()
	c.inMenu = true
	defer func() { c.inMenu = false }()
	for _, name := range keys(c.spec.Menus) {
		c.in(name)
		c.menu(c.plan.menus[name])
		c.out()
	}
}

// menu compiles one menu.
func (c *checker) menu(m *menu) {
	for _, list := range []struct {
		key   string
		texts Texts
	}{{"greeting", m.Greeting}, {"choices", m.Choices}, {"no_key", m.NoKey}, {"invalid", m.Invalid}} {
		c.in(list.key)
		c.prompts(list.texts)
		c.out()
	}
	c.text(&m.Text)
	if m.Text.Value != "" && !c.spec.Speech {
		c.fail(m.Text.At, "there is no engine that speaks texts", `write speech: {tts: {command: [espeak-ng, -v, "{language}", --stdin, --stdout]}}`)
	}
	c.menuKeys(m)
	c.menuExtensions(m)
	c.menuWords(m)
	slices.SortStableFunc(m.words, func(a, b menuWord) int { return cmp.Compare(a.keys, b.keys) })
	for _, w := range m.words {
		m.max = max(m.max, len(w.keys))
	}
	if m.max > 1 && !slices.ContainsFunc(m.words, func(w menuWord) bool { return strings.LastIndexByte(w.keys, '#') > 0 }) {
		m.finish = gatherFinish
	}
	if len(m.words) == 0 {
		c.fail(m.Where(), "there is nothing to choose in the menu", `write keys: {"1": {dial: "101"}}`)
	}
	c.ambiguous(m)
	c.within("on.failed", m.On.Failed)
}

func (c *checker) menuKeys(m *menu) {
	c.in("keys")
	defer c.out()
	for _, k := range m.Keys {
		own := strings.ToUpper(k.Keys.Value)
		switch {
		case own == "" || strings.Trim(own, Keypad) != "" || len(own) > maxKeys:
			c.fail(k.Keys.At, quote(k.Keys.Value)+" are no keys of a phone", `write some of 0 to 9, * and # in quotes`)
		case len(k.Do) == 0:
			c.fail(k.Keys.At, "the key "+own+" has no steps", `write what it does: "`+own+`": {dial: "101"}`)
		case strings.ContainsAny(own, "ABCD"):
			c.warn(k.Keys.At, "few phones have the key "+own, "use 0 to 9, * and #")
		}
		m.words = append(m.words, menuWord{keys: own, do: k.Do})
		c.within(k.Keys.Value, k.Do)
	}
}

// dialledByKeys are extensions that keys can spell.
var dialledByKeys = regexp.MustCompile(`^[0-9]{1,16}$`)

// menuExtensions adds the extensions that can be dialled in a menu.
func (c *checker) menuExtensions(m *menu) {
	c.in("extensions")
	defer c.out()
	if len(m.Extensions) == 0 || len(m.Extensions) == 1 && m.Extensions[0].Value == "false" {
		return
	}
	list, ok := c.extensionsOf(m.Extensions)
	if !ok {
		return
	}
	own := map[string]bool{}
	for _, w := range m.words {
		own[w.keys] = true
	}
	found := false
	for _, e := range list {
		if !dialledByKeys.MatchString(e) {
			continue
		}
		found = true
		if own[e] {
			c.fail(m.Extensions[0].At, "the extension "+e+" is never reached: it is a key of the menu", "give the choice another key, or leave it out with not "+e)
			continue
		}
		m.words = append(m.words, menuWord{keys: e, do: c.plan.reach(e), extension: true})
	}
	if !found {
		c.fail(m.Extensions[0].At, "there is no extension that can be dialled here", "write true, or a pattern that fits some: 1XX")
	}
}

// ambiguous warns of keys behind which the menu has to wait for others.
func (c *checker) ambiguous(m *menu) {
	c.in("keys")
	defer c.out()
	for _, k := range m.Keys {
		longer := m.longer(strings.ToUpper(k.Keys.Value))
		if len(longer) == 0 || k.Keys.Value == "" {
			continue
		}
		var names []string
		for i, w := range longer {
			if i == 3 {
				names = append(names, "others")
				break
			}
			what := "the choice "
			if w.extension {
				what = "extension "
			}
			names = append(names, what+w.keys)
		}
		c.warn(k.Keys.At, fmt.Sprintf("who presses %s has to wait for %s: %s could follow", k.Keys.Value, cmp.Or(m.Between, menuBetween), strings.Join(names, ", ")),
			"use another key, or press # behind it")
	}
}

// menuLoops finds menus that ask for ever when nobody is there.
func (c *checker) menuLoops() {
	c.in("menus")
	defer c.out()
	for _, name := range keys(c.spec.Menus) {
		c.in(name)
		if !c.usedMenus[name] {
			c.warn(c.spec.Menus[name].Where(), "nothing enters the menu "+quote(name), "enter it with the step menu: "+name+", or remove it")
		}
		way, first := []string{name}, Step(nil)
		for at := name; ; {
			next, by := c.unanswered(at)
			if next == "" {
				break
			}
			if first == nil {
				first = by
			}
			if next == name {
				c.in("on.failed")
				c.fail(first.Where(), "who presses nothing is asked without end: "+strings.Join(append(way, name), " -> "), "let one of them hang up, or dial somebody")
				c.out()
			}
			if slices.Contains(way, next) {
				break
			}
			way, at = append(way, next), next
		}
		c.out()
	}
}

// unanswered is the menu that asks next when nobody is there, and the step that says
// so; "" when the call goes elsewhere.
func (c *checker) unanswered(name string) (next string, by Step) {
	m := c.spec.Menus[name]
	if m == nil {
		return "", nil
	}
	for _, s := range m.On.Failed {
		switch s := s.(type) {
		case *Repeat:
			return name, s
		case *Menu:
			return s.Name.Value, s
		case *Play, *Say, *Log, *Set, *Language, *Wait:
		default:
			return "", nil
		}
	}
	return "", nil
}
