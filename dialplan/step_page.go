package dialplan

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Page calls phones that answer by themselves and lets all of them hear the caller until
// it hangs up. Phones that are in a call, do not want to be disturbed, or whose extension
// says auto_answer: never are left out. It is never recorded.
type Page struct {
	Placed
	// To is whom to page: an extension, a group, or a list of them, 100 at most.
	To Texts `yaml:"page" main:"true"`
	// Talk lets the caller, and all who are paged, hear them too. That is for extensions
	// only; others are refused.
	Talk bool `yaml:"talk"`
	// Timeout is how long phones ring that do not answer by themselves. The default is 10s.
	Timeout time.Duration `yaml:"timeout" min:"1s" max:"1m"`
	// On are the steps for when nobody hears the caller; without them, the call ends.
	On PageOn `yaml:"on"`
}

// PageOn are the branches of page.
type PageOn struct {
	// None is for when no phone can be paged, or none has answered.
	None Steps `yaml:"none"`
}

// Paging is whom to page, and how.
type Paging struct {
	Extensions []string
	Talk       bool
	Timeout    time.Duration
}

// maxPaged bounds how many are paged at once.
const maxPaged = 100

// defaultPageTimeout is how long phones ring that do not answer by themselves.
const defaultPageTimeout = 10 * time.Second

// String implements Step.
func (s *Page) String() string {
	text := "page " + strings.Join(values(s.To), ", ")
	if s.Talk {
		text += ", all talk"
	}
	return text
}

// Run implements Step.
func (s *Page) Run(ctx context.Context, r *Run) error {
	r.failed = nil
	of, err := r.extensionsOf(s.To)
	of = slices.DeleteFunc(of, func(e string) bool { return e == r.Facts.Extension })
	switch {
	case err != nil:
	case len(of) == 0:
		err = &Ended{Cause: CauseNotFound, Detail: "there is nobody to page"}
	case len(of) > maxPaged:
		err = &Ended{Cause: CauseCallLimit, Detail: strconv.Itoa(len(of)) + " extensions are more than can be paged at once"}
	case s.Talk && r.Facts.Extension == "":
		err = &Ended{Cause: CauseForbidden, Detail: "only extensions may hear those whom they page"}
	}
	heard := 0
	if err == nil {
		heard, err = r.Session.Page(ctx, Paging{Extensions: of, Talk: s.Talk, Timeout: cmp.Or(s.Timeout, defaultPageTimeout)})
	}
	if heard > 0 {
		r.note(plural(heard, "phone") + " answered")
		return cmp.Or(asEnded(err), &Ended{Cause: CauseNormal})
	}
	return r.nobody(ctx, err, s.On.None)
}

func (s *Page) check(c *checker) {
	c.phonesOf(s.To)
	members := map[string]bool{}
	for _, t := range s.To {
		if g := c.spec.Groups[t.Value]; g != nil {
			for _, m := range g.Members {
				members[m.Extension.Value] = true
			}
		} else {
			members[t.Value] = true
		}
	}
	if len(members) > maxPaged+1 { // one of them may be the caller
		c.fail(s.Where(), plural(len(members), "extension")+" are more than can be paged at once", "page "+strconv.Itoa(maxPaged)+" at most")
	}
	c.within("on.none", s.On.None)
}

func (s *Page) branches() []branch { return []branch{{"none", s.On.None}} }
func (*Page) waits() bool          { return true }
