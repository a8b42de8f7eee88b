package numbering_test

import (
	"testing"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/numbering"
)

func german() numbering.Numbers { return new(numbering.Plans).Of(config.Trunk{Country: "DE"}, "FR") }

func TestDialledNumbers(t *testing.T) {
	t.Parallel()
	of := func(format string, strip int, prefix string) config.DialFormat {
		return config.DialFormat{Format: format, Strip: strip, Prefix: prefix}
	}
	for _, test := range []struct {
		format    config.DialFormat
		dialled   string
		emergency bool
		want      string
	}{
		{of("", 0, ""), "030 123456", false, "+4930123456"},
		{of("e164", 0, ""), "004930123456", false, "+4930123456"},
		{of("e164", 0, ""), "0033 123456789", false, "+33123456789"},
		{of("plain", 0, ""), "030123456", false, "4930123456"},
		{of("national", 0, ""), "+4930123456", false, "030123456"},
		{of("national", 0, ""), "+33123456789", false, "0033123456789"},
		{of("international", 0, ""), "030123456", false, "004930123456"},
		{of("as-dialled", 0, ""), "030123456", false, "030123456"},
		{of("as-dialled", 1, ""), "0030123456", false, "030123456"},
		{of("e164", 1, ""), "030123456", false, "4930123456"},
		{of("national", 1, "+49"), "030123456", false, "+4930123456"},
		{of("plain", 0, "99#"), "030123456", false, "99#4930123456"},
		{of("as-dialled", 20, "0"), "12345", false, "0"},
		// What has no other form keeps all its digits.
		{of("international", 2, ""), "116117", false, "116117"},
		{of("international", 2, ""), "112", true, "112"},
		{of("as-dialled", 1, "0"), "112", true, "0112"},
		{of("e164", 1, ""), "201", false, "201"},
		{of("e164", 0, ""), "*43", false, "*43"},
	} {
		if got := german().Dialled(test.format, test.dialled, test.emergency); got != test.want {
			t.Errorf("%+v %q: %q, want %q", test.format, test.dialled, got, test.want)
		}
	}
}

// Without a country only the form with + can be read.
func TestNumbersWithoutACountry(t *testing.T) {
	t.Parallel()
	n := new(numbering.Plans).Of(config.Trunk{}, "")
	for _, test := range [][3]string{
		{"e164", "+4930123456", "+4930123456"},
		{"plain", "+4930123456", "4930123456"},
		{"national", "+12125550123", "+12125550123"},
		{"international", "+4930123456", "+4930123456"},
		{"e164", "030123456", "030123456"},
	} {
		if got := n.Dialled(config.DialFormat{Format: test[0]}, test[1], false); got != test[2] {
			t.Errorf("%s %s: %q, want %q", test[0], test[1], got, test[2])
		}
	}
}

// The callee sees the number that the step says, or else that of the extension which
// pays, that for the country, that of the trunk, and last its account.
func TestWhoIsShown(t *testing.T) {
	t.Parallel()
	const step, desk, abroad, main = "+4930555001", "+4930555002", "+33155500300", "+4930555004"
	trunk := func(id config.CallerID) config.Trunk { return config.Trunk{Username: "account", CallerID: id} }
	all := config.CallerID{Number: main, ByCountry: map[string]string{"fr": abroad}, Format: "national"}
	ann := config.Extension{CallerID: desk}
	for name, test := range map[string]struct {
		number, step, caller, diverted string
		trunk                          config.Trunk
		payer                          config.Extension
		anonymous, emergency           bool
		want                           numbering.Identity
	}{
		"the step":             {number: "0033140000000", step: step, trunk: trunk(all), payer: ann, want: numbering.Identity{Own: "030555001", Shown: "030555001"}},
		"the extension":        {number: "0033140000000", trunk: trunk(all), payer: ann, want: numbering.Identity{Own: "030555002", Shown: "030555002"}},
		"the country":          {number: "0033140000000", trunk: trunk(all), want: numbering.Identity{Own: "0033155500300", Shown: "0033155500300"}},
		"the trunk":            {number: "030123456", trunk: trunk(all), want: numbering.Identity{Own: "030555004", Shown: "030555004"}},
		"the account":          {number: "030123456", trunk: trunk(config.CallerID{}), want: numbering.Identity{Own: "account", Shown: "account"}},
		"the extension's name": {number: "030123456", want: numbering.Identity{Own: "101", Shown: "101"}},
		"nobody":               {number: "030123456", anonymous: true, trunk: trunk(all), want: numbering.Identity{Own: "030555004", Shown: "030555004", Hidden: true}},
		"in an emergency":      {number: "112", anonymous: true, emergency: true, trunk: trunk(all), want: numbering.Identity{Own: "030555004", Shown: "030555004"}},
		"who is forwarded": {
			number: "030123456", caller: "+4940123456", diverted: "+4930555009",
			trunk: trunk(config.CallerID{Number: main, Forwarded: "diversion"}),
			want:  numbering.Identity{Own: main, Shown: "+4940123456", Behalf: "+4930555009", Foreign: true},
		},
		"who is forwarded and unknown": {
			number: "030123456", diverted: "+4930555009", trunk: trunk(config.CallerID{Number: main, Forwarded: "history"}),
			want: numbering.Identity{Own: main, Shown: main, Behalf: "+4930555009", Foreign: true, Hidden: true},
		},
	} {
		o := dialplan.Outside{Number: test.number, CallerID: test.step, As: "101", Emergency: test.emergency}
		c := numbering.Caller{Number: test.caller, Anonymous: test.anonymous, Diverted: test.diverted, Payer: test.payer}
		if got := german().Identify(o, test.trunk, c); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}
