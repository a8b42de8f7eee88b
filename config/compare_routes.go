package config

import (
	"reflect"
	"slices"

	"dialtone/dialplan"
)

// routes compares the routes of one context. A route is known by its name; one
// that was only given another name is found by what it does.
func (c *comparison) routes(context string) {
	a, b := namedRoutes(c.old, context), namedRoutes(c.new, context)
	renamed := renames(a, b)
	var order []int // of the routes that stay: where they were
	var stay []namedRoute
	for _, r := range b {
		was := slices.IndexFunc(a, func(o namedRoute) bool { return o.name == r.name })
		if was < 0 {
			was = slices.IndexFunc(a, func(o namedRoute) bool { return renamed[o.name] == r.name })
		}
		if was < 0 {
			c.route(context, r, Added, []string{stepWords(r.spec.Do)})
			continue
		}
		order, stay = append(order, was), append(stay, r)
	}
	inOrder := increasing(order)
	for i, r := range stay {
		was := a[order[i]]
		var details []string
		if differ(&details, reflect.ValueOf(was.spec).Elem(), reflect.ValueOf(r.spec).Elem(), ""); len(details) > 0 {
			c.route(context, r, Changed, details)
		}
		if !inOrder[i] {
			c.route(context, r, Moved, []string{"was " + behind(a, was.name) + ", is " + behind(b, r.name)})
		}
	}
	for _, r := range a {
		if renamed[r.name] == "" && !slices.ContainsFunc(b, func(n namedRoute) bool { return n.name == r.name }) {
			c.route(context, r, Removed, nil)
		}
	}
}

func (c *comparison) route(context string, r namedRoute, what string, details []string) {
	at := r.spec.Where()
	c.found = append(c.found, Difference{Kind: "route", Name: context + "/" + r.name, What: what, Details: details, File: at.File, Line: at.Line})
}

type namedRoute struct {
	name string
	spec *dialplan.RouteSpec
}

func namedRoutes(l *Loaded, context string) []namedRoute {
	specs := l.Config.Dialplan[context]
	out := make([]namedRoute, len(specs))
	var compiled []*dialplan.Route
	if l.Plan != nil {
		compiled = l.Plan.Routes(context)
	}
	for i, spec := range specs {
		out[i] = namedRoute{spec.Name.Value, spec}
		if i < len(compiled) && len(compiled) == len(specs) {
			out[i].name = compiled[i].Name
		}
	}
	return out
}

// renames gives the new names of routes of which nothing else changed.
func renames(a, b []namedRoute) map[string]string {
	out, taken := map[string]string{}, map[string]bool{}
	known := func(list []namedRoute, name string) bool {
		return slices.ContainsFunc(list, func(r namedRoute) bool { return r.name == name })
	}
	for _, old := range a {
		if known(b, old.name) {
			continue
		}
		for _, r := range b {
			if !known(a, r.name) && !taken[r.name] && sameButName(old.spec, r.spec) {
				out[old.name], taken[r.name] = r.name, true
				break
			}
		}
	}
	return out
}

func sameButName(a, b *dialplan.RouteSpec) bool {
	x := *a
	x.Name = b.Name
	return samePlan(reflect.ValueOf(&x), reflect.ValueOf(b))
}

// behind says after which route another stands.
func behind(list []namedRoute, name string) string {
	i := slices.IndexFunc(list, func(r namedRoute) bool { return r.name == name })
	if i <= 0 {
		return "first"
	}
	return "after " + list[i-1].name
}

// increasing marks the longest part of list that only goes up: what did not move.
func increasing(list []int) []bool {
	var tops, back []int // tops[n] ends the best part of n+1; back is what came before
	for i, v := range list {
		n, _ := slices.BinarySearchFunc(tops, v, func(at, v int) int { return list[at] - v })
		if n == len(tops) {
			tops = append(tops, i)
		} else {
			tops[n] = i
		}
		back = append(back, -1)
		if n > 0 {
			back[i] = tops[n-1]
		}
	}
	out := make([]bool, len(list))
	if len(tops) > 0 {
		for i := tops[len(tops)-1]; i >= 0; i = back[i] {
			out[i] = true
		}
	}
	return out
}
