package dialplan

import "slices"

// BlockList is the list whose callers from outside no route sees.
const BlockList = "block"

// AnonymousNumber stands in a list for callers that hide their number, and in
// caller_id for a number that is to be hidden.
const AnonymousNumber = "anonymous"

// Lists are lists of numbers that are edited while calls come in.
type Lists interface {
	// Listed gives the entry that puts a number on a list: the number, or the
	// beginning of it; "" when it is not on it. It is asked for each call and does
	// not wait.
	Listed(list, number string) (entry string)
	// Edit changes a list for good, and gives the number as it stands there.
	Edit(ListEdit) (number string, err error)
}

// ListEdit is a change of a list.
type ListEdit struct {
	List   string
	Number string // "" is that of who last called By from outside
	Remove bool   // off the list, not onto it
	Note   string
	By     string // the extension that asks; "" is the operator
}

// onList gives the entry that puts the caller on a list, "" when none does.
func (r *Run) onList(list string) string {
	if r.Lists == nil {
		return ""
	}
	if entry := r.Lists.Listed(list, r.Facts.From); entry != "" {
		return entry
	}
	if r.Facts.Anonymous {
		return r.Lists.Listed(list, AnonymousNumber)
	}
	return ""
}

// blocked says why a caller from outside is not let in, nil for all others.
func (r *Run) blocked() *Ended {
	if r.Facts.Extension != "" {
		return nil
	}
	entry := r.onList(BlockList)
	if entry == "" {
		return nil
	}
	detail := said(r.Facts.From) + " is on the block list"
	if entry != r.Facts.From {
		detail += " as " + entry
	}
	return &Ended{Cause: CauseDeclined, Detail: detail}
}

// listed compiles a condition on the caller's being on a list.
func (c *checker) listed(name string, at Pos) func(*Run) bool {
	if name != BlockList && !slices.Contains(c.spec.Lists, name) {
		c.undefined(at, "list", name, append([]string{BlockList}, c.spec.Lists...))
		return nil
	}
	return func(r *Run) bool { return r.onList(name) != "" }
}

// whichLists says of each list whether the caller is on it.
func (r *Run) whichLists(list Texts) string {
	text := said(r.Facts.From) + " is on"
	none := true
	for _, t := range list {
		name, _ := negated(t.Value)
		if entry := r.onList(name); entry != "" {
			text += " " + name + " (" + entry + ")"
			none = false
		}
	}
	if none {
		return said(r.Facts.From) + " is on none of them"
	}
	return text
}
