package dialplan

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"dialtone/dialplan/pattern"
)

// Parking is where callers are parked.
type Parking struct {
	Dial     string // the number at which callers are parked; "" is none
	Slots    string // "701-719"; "" is no parking
	Timeout  time.Duration
	RingBack time.Duration
	Music    string
	Announce bool
}

// lot is Parking with its slots one by one.
type lot struct {
	Parking
	slots []string
}

// parkings is how often the built-in routes park a caller whom nobody fetches.
const parkings = 3

// maxSlots bounds how many callers can be parked at once.
const maxSlots = 1000

var slotRange = regexp.MustCompile(`^([0-9]{2,15})-([0-9]{2,15})$`)

// Slots are those of a range, such as 701-719; a problem is what is wrong with it.
func Slots(text string) (slots []string, problem string) {
	if text == "" {
		return nil, ""
	}
	m := slotRange.FindStringSubmatch(text)
	if m == nil || len(m[1]) != len(m[2]) || m[1] > m[2] {
		return nil, "is no range of numbers of the same length"
	}
	first, _ := strconv.Atoi(m[1])
	last, _ := strconv.Atoi(m[2]) // 15 digits at most
	if last-first >= maxSlots {
		return nil, fmt.Sprintf("has more than %d slots", maxSlots)
	}
	for n := first; n <= last; n++ {
		slots = append(slots, fmt.Sprintf("%0*d", len(m[1]), n))
	}
	return slots, ""
}

// parking reads where callers are parked, and checks that the numbers are nobody else's.
func (c *checker) parking() {
	p := c.spec.Parking
	c.in("parking")
	defer c.out()
	slots, problem := Slots(p.Slots)
	if problem != "" {
		c.in("slots")
		c.fail(Pos{}, quote(p.Slots)+" "+problem, `write slots: "701-709"`)
		c.out()
		return
	}
	c.plan.parking = lot{p, slots}
	if len(slots) == 0 {
		return
	}
	for _, slot := range slots {
		if !c.nobodys("slots", slot) {
			break
		}
		if slot == p.Dial {
			c.in("dial")
			c.fail(Pos{}, "the number "+slot+" is one of parking.slots too", "use another number")
			c.out()
		}
	}
	if p.Dial != "" {
		c.nobodys("dial", p.Dial)
	}
}

// nobodys checks that nothing but a key of parking answers a number.
func (c *checker) nobodys(key, number string) bool {
	c.in(key)
	defer c.out()
	if what := c.whose(number); what != "" {
		c.fail(Pos{}, "the number "+number+" is "+what, "use other numbers")
		return false
	}
	return true
}

// whose is the extension, feature or conference that has a number; "" is nobody.
func (c *checker) whose(number string) string {
	if c.plan.extensions[number] {
		return "an extension"
	}
	for _, f := range c.spec.Features.list() {
		if f.number == number {
			return "features." + f.name
		}
	}
	for _, f := range c.spec.Features.codes() {
		if behind, err := pattern.Parse(literal(f.number) + f.behind); err == nil {
			if _, fits := behind.Match(number); fits {
				return "features." + f.name + " with a number behind it"
			}
		}
	}
	for _, name := range keys(c.plan.conferences) {
		if e := c.plan.conferences[name]; e.Dial != "" {
			if _, fits := e.dial.Match(number); fits {
				return "the conference " + name + " too"
			}
		}
	}
	return ""
}

// parkingRoutes are the built-in ones.
func (c *checker) parkingRoutes() (list []*Route) {
	route := func(name string, slot Text, at ...string) {
		r := &Route{Name: name, Context: ExtensionsContext}
		for _, number := range at {
			r.to.positive = append(r.to.positive, pattern.MustParse(literal(number)))
		}
		for range parkings {
			s := &Park{Slot: slot}
			s.check(&checker{spec: c.spec, plan: c.plan})
			r.steps = append(r.steps, s)
		}
		list = append(list, r)
	}
	p := c.plan.parking
	if len(p.slots) == 0 {
		return nil
	}
	if p.Dial != "" {
		route("park", Text{}, p.Dial)
	}
	route("parking slots", Text{Value: "${to}"}, p.slots...)
	return list
}
