package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The log of a reload says what is different, not that the number of things is not.
func TestDiffOfThePlanInWords(t *testing.T) {
	const plan = `
extensions: {"101": {password: kqvt-8mzn-3xwp-r5hc}, "102": {password: b7fd-w2ks-9pte-n4vx}}
schedules: {hamburg: {open: ["Mon-Fri 08:00-18:00"]}}
groups: {sales: {members: ["101"]}}
dialplan:
  phones:
    - {name: sales, to: 200, when: {time: hamburg}, do: [{dial: sales}]}
    - {name: closed, to: 200, do: [hangup]}
`
	read := func(text string) *Config {
		l, err := Parse("plan.yaml", []byte(text), os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		return l.Config
	}
	for _, c := range []struct{ from, to, want string }{
		{"08:00-18:00", "09:00-18:00", `[schedules.hamburg: open: Mon-Fri 08:00-18:00 -> Mon-Fri 09:00-18:00]`},
		{`members: ["101"]`, `members: ["102"]`, `[groups.sales: members: 101 -> 102]`},
		{"{dial: sales}]", "{dial: sales}, answer]", "[dialplan.phones: sales changed: "},
		{"name: closed", "name: shut", `[dialplan.phones: shut changed: name: closed -> shut]`},
	} {
		got := fmt.Sprint(Diff(read(plan), read(strings.Replace(plan, c.from, c.to, 1))))
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s -> %s:\n got %s\nwant %s", c.from, c.to, got, c.want)
		}
	}
}
