package dialplan

import (
	"cmp"
	"slices"
)

// desk are the features behind whose number an extension is dialled, the longest first.
// They come after all else that is built in, so that they take the number of nothing.
func (f Features) desk() []code {
	var out []code
	for _, c := range []code{
		{feature{"intercom", f.Intercom}, ".", &Page{To: Texts{{Value: "${rest}"}}, Talk: true}},
		{feature{"pickup", f.Pickup}, ".", &Pickup{Of: Texts{{Value: "${rest}"}}}},
	} {
		if c.number != "" {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b code) int { return cmp.Compare(len(b.number), len(a.number)) })
	return out
}

// hiddenCodes finds extensions that cannot be dialled behind a code, since the whole is
// another number.
func (c *checker) hiddenCodes(built *routes) {
	c.in("features")
	defer c.out()
	for _, f := range c.spec.Features.desk() {
		c.in(f.name)
		for _, e := range c.spec.Extensions {
			for at := range built.set.All(f.number + e) {
				if r := built.list[built.owner[at]]; r.Name != f.name {
					c.fail(Pos{}, "the number "+f.number+e+", which is "+f.number+" for extension "+e+", is "+r.Name, "use another number for one of the two")
				}
				break
			}
		}
		c.out()
	}
}
