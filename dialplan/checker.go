package dialplan

import (
	"fmt"
	"regexp"
	"strings"
)

// checker finds what is wrong in a Spec while it is made into a plan.
type checker struct {
	spec     *Spec
	plan     *Plan
	findings []Finding
	path     []string
	// defined are the variables that something in the plan gives a value; args are
	// those of the subplan that is looked at.
	defined       map[string]bool
	args          map[string]bool
	env           map[string]any // for expressions; nil until one is compiled
	headers       map[string]bool
	usedSchedules map[string]bool
	usedGroups    map[string]bool
	usedSubplans  map[string]bool
	usedMenus     map[string]bool
	everybody     []person              // who has a name; nil until it is asked for
	inMenu        bool                  // the steps of a menu are looked at
	silent        map[*SubplanSpec]bool // that callers who have gone come to
	entered       map[string]bool       // contexts, and routes as CONTEXT/ROUTE, that a goto names
	names         []string              // cache of callees
}

// maxFindings is where looking for more is a waste.
const maxFindings = 1000

func (c *checker) in(key string) { c.path = append(c.path, key) }
func (c *checker) out()          { c.path = c.path[:len(c.path)-1] }

func (c *checker) fail(at Pos, reason, remedy string) {
	c.add(Finding{At: at, Reason: reason, Remedy: remedy})
}

func (c *checker) warn(at Pos, reason, remedy string) {
	c.add(Finding{At: at, Reason: reason, Remedy: remedy, Warning: true})
}

func (c *checker) add(f Finding) {
	if len(c.findings) >= maxFindings {
		return
	}
	if f.Path == "" {
		f.Path = c.where()
	}
	c.findings = append(c.findings, f)
}

// where is the path of what is looked at.
func (c *checker) where() string { return strings.ReplaceAll(strings.Join(c.path, "."), ".[", "[") }

// undefined says that a name is not there, and which was meant.
func (c *checker) undefined(at Pos, what, name string, known []string) {
	c.fail(at, "there is no "+what+" "+quote(name), Instead(name, known))
}

func quote(s string) string { return fmt.Sprintf("%q", clip(s)) }

// within checks the steps of a key.
func (c *checker) within(key string, steps Steps) {
	c.in(key)
	defer c.out()
	for i, s := range steps {
		c.in(fmt.Sprintf("[%d]", i))
		if i > 0 && isFinal(steps[i-1]) {
			c.fail(s.Where(), "this step is never reached: "+steps[i-1].String()+" before it does not come back",
				"remove it, or move it up")
		}
		s.check(c)
		c.out()
	}
}

// text finds the variables of a text and prepares it.
func (c *checker) text(t *Text) {
	parts, at, problem := split(t.Value)
	if problem != "" {
		pos := t.At
		pos.Column += at
		c.fail(pos, problem, "write ${NAME}, or $${ for ${ itself")
		return
	}
	t.parts = parts
	column := 0
	for _, p := range parts {
		column += len([]rune(p.words))
		if p.variable != "" {
			pos := t.At
			pos.Column += column
			c.variable(p.variable, pos)
			column += len([]rune(p.variable)) + len("${}")
		}
	}
}

// variable checks that something gives a variable its value.
func (c *checker) variable(name string, at Pos) {
	if builtinVariable(name) != nil || c.defined[name] || c.args[name] {
		return
	}
	if h, ok := strings.CutPrefix(name, headerPrefix); ok {
		if !c.headers[h] {
			c.fail(at, "site.headers does not name the header "+h, "write site: {headers: ["+h+"]}")
		}
		return
	}
	c.undefined(at, "variable", name, c.variables())
}

// variables are the names of all that can be used here.
func (c *checker) variables() []string {
	out := append(keys(c.defined), keys(c.args)...)
	for _, v := range builtin {
		out = append(out, v.Name)
	}
	return out
}

var variableName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// settable checks that a variable may be given a value under that name.
func (c *checker) settable(name string, at Pos) {
	switch {
	case name == languageVariable:
		return
	case builtinVariable(name) != nil:
		c.fail(at, quote(name)+" cannot be set: every call has it from elsewhere", "use another name")
		return
	case !variableName.MatchString(name):
		c.fail(at, quote(name)+" cannot be the name of a variable", "use small letters, digits and _, starting with a letter")
		return
	}
	for _, word := range reserved {
		if name == word {
			c.fail(at, quote(name)+" cannot be the name of a variable: it is a word of expressions", "use another name")
		}
	}
	for _, f := range functions {
		if name == f.Name {
			c.fail(at, quote(name)+" cannot be the name of a variable: it is a function of expressions", "use another name")
		}
	}
}

// extension checks that there is an extension of that name.
func (c *checker) extension(t Text) {
	if !c.plan.extensions[t.Value] && !c.uri(t, nil) {
		c.undefined(t.At, "extension", t.Value, c.spec.Extensions)
	}
}

// callee checks that a text is an extension or a group, unless a variable says.
func (c *checker) callee(t Text) {
	switch {
	case t.parts != nil, t.Value == "":
	case c.spec.Groups[t.Value] != nil:
		c.usedGroups[t.Value] = true
	case !c.plan.extensions[t.Value]:
		c.undefined(t.At, "extension or group", t.Value, c.callees())
	}
}

func (c *checker) callees() []string {
	if c.names == nil {
		c.names = append(keys(c.spec.Groups), c.spec.Extensions...)
	}
	return c.names
}

// target checks a goto whose target is fixed.
func (c *checker) target(t Text) {
	context, route, named := strings.Cut(t.Value, "/")
	if !named && (context == ExtensionsContext || context == NumbersContext) {
		return
	}
	list, known := c.spec.Contexts[context]
	if !known {
		if context != PhonesContext {
			c.undefined(t.At, "context", context, append(keys(c.spec.Contexts), ExtensionsContext))
		}
		return
	}
	c.entered[context] = true
	if !named {
		return
	}
	var routes []string
	for i, r := range list {
		if nameOf(r, i) == route {
			c.entered[t.Value] = true
			return
		}
		routes = append(routes, nameOf(r, i))
	}
	at := t.At
	at.Column += len([]rune(context)) + 1
	c.undefined(at, "route in context "+context+" that is called", route, routes)
}

// nameOf is what a route is called: its name, or what it is for.
func nameOf(r *RouteSpec, i int) string {
	switch {
	case r.Name.Value != "":
		return r.Name.Value
	case len(r.To) > 0:
		return strings.Join(values(r.To[:min(len(r.To), 3)]), " or ")
	}
	return fmt.Sprintf("route %d", i+1)
}

// condition compiles an expression; nil when it is wrong.
func (c *checker) condition(t Text, key string) *expression {
	if t.Value == "" {
		return nil
	}
	c.in(key)
	defer c.out()
	if c.env == nil {
		names := map[string]bool{}
		for name := range c.defined {
			names[name] = true
		}
		for name := range c.args {
			names[name] = true
		}
		c.env = environment(names)
	}
	e, err := compileExpression(t.Value, c.env)
	if err != nil {
		c.expressionError(t, err)
		return nil
	}
	if len(e.names) == 0 {
		if yes, err := e.holds(&Run{}); err == nil {
			c.warn(t.At, fmt.Sprintf("the condition is always %v", yes), "compare a variable in it, such as to or from")
		}
	}
	return e
}

var unknownName = regexp.MustCompile(`^unknown name (\S+)`)

func (c *checker) expressionError(t Text, err error) {
	line, column, message := placeOf(err)
	at := t.At
	if line > 0 {
		at.Line, at.Column = at.Line+line, 1
	}
	at.Column += column
	remedy := `write it like to startsWith "00" and not busy("101")`
	if m := unknownName.FindStringSubmatch(message); m != nil {
		known := c.variables()
		for _, f := range functions {
			known = append(known, f.Name)
		}
		if remedy = "there are " + strings.Join(known, ", "); Nearest(m[1], known) != "" {
			remedy = fmt.Sprintf("did you mean %q?", Nearest(m[1], known))
		}
		message = "there is no variable or function " + quote(m[1])
	}
	c.fail(at, message, remedy)
}
