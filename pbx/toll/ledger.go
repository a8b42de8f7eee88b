package toll

import (
	"fmt"

	"dialtone/config"
	"dialtone/dialplan/number"
)

// minutes is how many the ledger remembers: an hour goes by in whole minutes, so
// that what it takes does not grow with the calls. A call counts for 60 to 61
// minutes.
const minutes = 61

// ledger is what extensions have called. Its size is bounded by the extensions
// that there are: nothing is counted of others.
type ledger map[string]account

// account is what one extension has called, by kind.
type account map[number.Class]*count

// count is of one extension and one kind. Minutes count from the guard's start.
type count struct {
	up     int            // calls that have not ended
	starts [minutes]int   // by minute, modulo minutes
	minute [minutes]int64 // that starts of the same index is of
}

// limits are those of one extension for one kind of numbers.
type limits struct {
	permission string
	all, kind  config.TollLimit
}

// exceeded says which limit one more call would break; "" is none.
func (l ledger) exceeded(extension string, kind number.Class, limits limits, minute int64) string {
	a := l[extension]
	up, started := 0, 0
	for _, c := range a {
		up += c.up
		started += c.lastHour(minute)
	}
	if why := over(limits.all, up, started); why != "" {
		return fmt.Sprintf("extension %s %s outside, permission %s allows no more", extension, why, limits.permission)
	}
	if c := a[kind]; c != nil {
		if why := over(limits.kind, c.up, c.lastHour(minute)); why != "" {
			return fmt.Sprintf("extension %s %s to %s numbers, permission %s allows no more", extension, why, kind, limits.permission)
		}
	}
	return ""
}

// over says which bound is reached; 0 bounds nothing.
func over(bound config.TollLimit, up, started int) string {
	switch {
	case bound.Calls > 0 && up >= bound.Calls:
		return "has " + calls(up)
	case bound.PerHour > 0 && started >= bound.PerHour:
		return "has started " + calls(started) + " within an hour"
	}
	return ""
}

func calls(n int) string {
	if n == 1 {
		return "1 call"
	}
	return fmt.Sprintf("%d calls", n)
}

// entry is one call in the ledger; an empty one counts nowhere.
type entry struct {
	*count
	began int64 // minute
}

// begin counts one more call.
func (l ledger) begin(extension string, kind number.Class, minute int64) entry {
	a := l[extension]
	if a == nil {
		a = account{}
		l[extension] = a
	}
	c := a[kind]
	if c == nil {
		c = &count{}
		a[kind] = c
	}
	if i := minute % minutes; c.minute[i] != minute {
		c.minute[i], c.starts[i] = minute, 0
	}
	e := entry{c, minute}
	e.put()
	return e
}

// put counts the call, take has it never have been, and end says that it is up no
// more.
func (e entry) put()  { e.add(1, 1) }
func (e entry) take() { e.add(-1, -1) }
func (e entry) end()  { e.add(-1, 0) }

func (e entry) add(up, started int) {
	if e.count == nil {
		return
	}
	e.up += up
	if i := e.began % minutes; e.minute[i] == e.began {
		e.starts[i] += started
	}
}

// lastHour is how many calls were started within the last hour.
func (c *count) lastHour(minute int64) (sum int) {
	for i := range c.starts {
		if minute-c.minute[i] < minutes {
			sum += c.starts[i]
		}
	}
	return sum
}

// sweep forgets what is more than an hour ago.
func (l ledger) sweep(minute int64) {
	for extension, a := range l {
		for kind, c := range a {
			if c.up == 0 && c.lastHour(minute) == 0 {
				delete(a, kind)
			}
		}
		if len(a) == 0 {
			delete(l, extension)
		}
	}
}
