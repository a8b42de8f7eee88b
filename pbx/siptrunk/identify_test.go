package siptrunk

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/sipedge"
)

func TestIdentify(t *testing.T) {
	z := newZone(t, `named.example. 60 IN A 203.0.113.50`, `proxy.example. 60 IN A 203.0.113.60`)
	trunks := map[string]config.Trunk{
		"a-wide":   {Host: "198.51.100.200", Networks: []string{"198.51.100.0/24"}},
		"b-narrow": {Host: "198.51.100.201", Networks: []string{"198.51.100.64/28", "::ffff:198.51.100.80/124"}},
		"c-header": {Host: "198.51.100.202", Networks: []string{"198.51.100.64/28"}, Header: map[string]string{"X-Line": "7", "X-Tenant": "t"}},
		"d-named":  {Host: "named.example", Proxy: "proxy.example"},
		"e-first":  provider(func(c *config.Trunk) { c.Username = "first" }),
		"f-second": provider(func(c *config.Trunk) { c.Username = "second" }),
		"g-six":    {Host: "2001:db8::1", Networks: []string{"2001:db8:1::/48"}},
	}
	b := prepare(t, &network{}, trunks, z.addr)
	for name := range trunks {
		if _, err := b.Servers(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	token := b.lines["f-second"].user
	for _, test := range []struct{ name, from, user, to, headers, want string }{
		{"network", "198.51.100.1:5060", "x", "", "", "a-wide"},
		{"smallest network", "198.51.100.65:5060", "x", "", "", "b-narrow"},
		{"smallest network, as IPv6", "[::ffff:198.51.100.85]:5060", "x", "", "", "b-narrow"},
		{"headers", "198.51.100.65:5060", "x", "", "X-Line: 7, X-Tenant: t", "c-header"},
		{"another header", "198.51.100.65:5060", "x", "", "X-Line: 8, X-Tenant: t", "b-narrow"},
		{"address of the host", "198.51.100.202:40000", "x", "", "X-Line: 7, X-Tenant: t", "c-header"},
		{"address of the host behind the proxy", "203.0.113.50:5060", "x", "", "", "d-named"},
		{"address of the proxy", "203.0.113.60:5060", "x", "", "", "d-named"},
		{"our contact", "203.0.113.9:5060", token, "first", "", "f-second"},
		{"the account", "203.0.113.9:5060", "second", "", "", "f-second"},
		{"the account in To", "203.0.113.9:5060", "+4930", "second", "", "f-second"},
		{"the first by name", "203.0.113.9:5060", "+4930", "", "", "e-first"},
		{"our contact from elsewhere", "192.0.2.66:5060", token, "second", "", ""},
		{"IPv6", "[2001:db8:1::7]:5060", "x", "", "", "g-six"},
		{"nowhere", "192.0.2.66:5060", "x", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := invite()
			req.Recipient.User = test.user
			req.To().Address.User = test.to
			for h := range strings.SplitSeq(test.headers, ", ") {
				if name, value, ok := strings.Cut(h, ": "); ok {
					req.AppendHeader(sip.NewHeader(name, value))
				}
			}
			flow := sipedge.Flow{Transport: "udp", Local: home, Remote: netip.MustParseAddrPort(test.from)}
			trunk, misses := b.Identify(req, flow)
			if trunk != test.want {
				t.Errorf("trunk %q, want %q", trunk, test.want)
			}
			if n := len(trunks) - truth(trunk != ""); len(misses) != n {
				t.Errorf("%d misses, want one for each of the others: %v", len(misses), misses)
			}
			if from := b.From(flow.Remote.Addr()); from != (test.want != "") {
				t.Errorf("From says %v", from)
			}
		})
	}
	unasked := prepare(t, &network{}, map[string]config.Trunk{"literal": {Host: "203.0.113.9:5080"}, "proxy": {Host: "none.example", Proxy: "[2001:db8::7]"}})
	for from, want := range map[string]string{"203.0.113.9:40000": "literal", "[::ffff:203.0.113.9]:5060": "literal", "[2001:db8::7]:5060": "proxy", "203.0.113.10:5060": ""} {
		if trunk, _ := unasked.Identify(invite(), sipedge.Flow{Transport: "udp", Local: home, Remote: netip.MustParseAddrPort(from)}); trunk != want {
			t.Errorf("before the first look-up %s is of trunk %q, want %q", from, trunk, want)
		}
	}
	req := invite()
	req.AppendHeader(sip.NewHeader("X-Line", "8\x1b[31m"))
	_, misses := b.Identify(req, sipedge.Flow{Transport: "udp", Local: home, Remote: netip.MustParseAddrPort("198.51.100.65:5060")})
	have := map[string]string{}
	for _, m := range misses {
		have[m.Trunk] = m.Why
	}
	for trunk, want := range map[string]string{
		"a-wide":   "trunk b-narrow fits better",
		"c-header": `header X-Line is "8 [31m", not "7"`,
		"d-named":  "198.51.100.65 is not an address of proxy.example (203.0.113.60)",
		"e-first":  "198.51.100.65 is not 203.0.113.9",
		"g-six":    "198.51.100.65 is not 2001:db8::1 or in 2001:db8:1::/48",
	} {
		if have[trunk] != want {
			t.Errorf("%s: %q, want %q", trunk, have[trunk], want)
		}
	}
}
