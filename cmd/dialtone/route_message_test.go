package main

import (
	"strings"
	"testing"
)

const chattingPlan = `extensions:
  "100": {password: kqvt-8mzn-3xwp-r5hc}
  "101": {password: b7fd-w2ks-9pte-n4vx}
  "102": {password: m5yr-h8cq-2nwd-x7zt}
groups:
  sales: {members: ["101", "102"]}
webhooks:
  sms: {url: "https://sms.example.net/send"}
messages:
  routes:
    - {to: "!", webhook: sms}
    - {to: "900", from: not 100, refuse: Only 100 writes to everybody}
    - {to: "900", deliver: sales}
`

func TestRouteOfAMessage(t *testing.T) {
	t.Chdir(t.TempDir())
	keep(t, "dialtone.yaml", chattingPlan)
	for _, tt := range []struct {
		flags string
		code  int
		says  string
	}{
		{"--from 100 --to 900", 0, "route    to ! webhook sms  dialtone.yaml:11\nroute    to 900 deliver sales  dialtone.yaml:13\n=> webhook  sms\n=> deliver  101, 102\n"},
		{"--from 101 --to 900", 1, "route    from not 100 to 900 refuse Only 100 writes to everybody  dialtone.yaml:12\n=> webhook  sms\n=> refused  Only 100 writes to everybody\n"},
		{"--from 101 --to 102", 0, "=> deliver  102\n"},
		{"--from 101 --to 0170123 --json", 0, `"webhooks": [`},
		{"--from +4930123 --to 102", 1, "only extensions write"},
	} {
		code, out, errOut := dialtone(t, append([]string{"route", "--message"}, strings.Fields(tt.flags)...)...)
		if code != tt.code || !strings.Contains(out+errOut, tt.says) {
			t.Errorf("%s: exit code %d\n%s%swant %d\n%s", tt.flags, code, out, errOut, tt.code, tt.says)
		}
	}
}
