package sipua

import (
	"slices"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/pbx/call"
)

// What a callee outside sees, and how a provider is told.
func TestCallerIDs(t *testing.T) {
	t.Parallel()
	const (
		main  = "+4930555000" // of the trunk
		desk  = "+4930555101" // of extension 101
		plan  = "+4930555999" // of the dialplan
		alice = `"Alice" `
	)
	type given struct {
		id        config.CallerID
		extension config.Extension
		out       call.Outgoing
		number    string // that is called, a German one when nothing is said
		caller    string // outside, when out.Diverted says so
		nobody    bool   // the trunk has no username
	}
	at := func(user string) string { return "<sip:" + user + "@provider>" }
	anonymous := `"Anonymous" <sip:anonymous@anonymous.invalid>`
	hidden := call.Outgoing{Anonymous: true}
	diverted := call.Outgoing{Diverted: "+4930555123"}
	for name, test := range map[string]struct {
		given
		want []string // From and the rest
	}{
		"username":                      {given{}, []string{"From: " + alice + at("account")}},
		"extension when nothing is set": {given{nobody: true}, []string{"From: " + alice + at("101")}},
		"trunk":                         {given{id: config.CallerID{Number: main}}, []string{"From: " + alice + at(main)}},
		"country before trunk": {
			given{id: config.CallerID{Number: main, ByCountry: map[string]string{"FR": "+33123456789"}}, number: "+33140000000"},
			[]string{"From: " + alice + at("+33123456789")},
		},
		"another country": {
			given{id: config.CallerID{Number: main, ByCountry: map[string]string{"FR": "+33123456789"}}, number: "+43123456789"},
			[]string{"From: " + alice + at(main)},
		},
		"extension before trunk": {
			given{id: config.CallerID{Number: main, ByCountry: map[string]string{"DE": main}}, extension: config.Extension{CallerID: desk}},
			[]string{"From: " + alice + at(desk)},
		},
		"plan before all": {
			given{id: config.CallerID{Number: main}, extension: config.Extension{CallerID: desk}, out: withCallerID(plan)},
			[]string{"From: " + alice + at(plan)},
		},
		"written nationally": {given{id: config.CallerID{Number: main, Format: "national"}}, []string{"From: " + alice + at("030555000")}},
		"pai": {
			given{id: config.CallerID{Number: main, In: "pai"}},
			[]string{"From: " + alice + at(main), "P-Asserted-Identity: " + alice + at(main)},
		},
		"ppi": {
			given{id: config.CallerID{Number: main, In: "ppi"}},
			[]string{"From: " + alice + at("account"), "P-Preferred-Identity: " + alice + at(main)},
		},
		"rpid": {
			given{id: config.CallerID{Number: main, In: "rpid"}},
			[]string{"From: " + alice + at("account"), "Remote-Party-ID: " + alice + at(main) + ";party=calling;screen=no;privacy=off"},
		},
		"hidden": {given{id: config.CallerID{Number: main}, out: hidden}, []string{"From: " + anonymous, "Privacy: id"}},
		"hidden, pai": {
			given{id: config.CallerID{Number: main, In: "pai"}, out: hidden},
			[]string{"From: " + anonymous, "P-Asserted-Identity: " + at(main), "Privacy: id"},
		},
		"hidden, rpid": {
			given{id: config.CallerID{Number: main, In: "rpid"}, out: hidden},
			[]string{"From: " + anonymous, "Remote-Party-ID: " + at(main) + ";party=calling;screen=no;privacy=full", "Privacy: id"},
		},
		"hidden, which the provider refuses": {
			given{id: config.CallerID{Number: main, Hidden: "number"}, out: hidden}, []string{"From: " + alice + at(main)},
		},
		"hidden in an emergency": {given{id: config.CallerID{Number: main}, out: emergency(hidden)}, []string{"From: " + alice + at(main)}},
		"forwarded": {
			given{id: config.CallerID{Number: main, Forwarded: "none"}, out: diverted, caller: "+43123456789"},
			[]string{"From: " + alice + at(main)},
		},
		"forwarded with Diversion": {
			given{id: config.CallerID{Number: main, Forwarded: "diversion"}, out: diverted, caller: "+43123456789"},
			[]string{"From: " + alice + at("+43123456789"), "Diversion: " + at("+4930555123") + ";reason=unconditional;counter=1"},
		},
		"forwarded with Diversion, pai": {
			given{id: config.CallerID{Number: main, In: "pai", Forwarded: "diversion"}, out: diverted, caller: "+43123456789"},
			[]string{"From: " + alice + at("+43123456789"), "P-Asserted-Identity: " + alice + at(main), "Diversion: " + at("+4930555123") + ";reason=unconditional;counter=1"},
		},
		"forwarded with History-Info": {
			given{id: config.CallerID{Number: main, Forwarded: "history"}, out: diverted, caller: "+43123456789"},
			[]string{
				"From: " + alice + at("+43123456789"),
				"History-Info: <sip:+4930555123@provider>;index=1, <sip:dialled@provider;cause=302>;index=1.1;mp=1",
			},
		},
		"forwarded for somebody unknown": {
			given{id: config.CallerID{Number: main, Forwarded: "diversion"}, out: diverted},
			[]string{"From: " + anonymous, "Privacy: id", "Diversion: " + at("+4930555123") + ";reason=unconditional;counter=1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := presentation{
				Outgoing: test.out, trunk: config.Trunk{Username: "account", CallerID: test.id}, numbers: german(),
				at:        func(user string) sip.Uri { return sip.Uri{Scheme: "sip", User: user, Host: "provider"} },
				extension: test.extension, caller: test.caller, name: "Alice", target: "dialled",
			}
			p.As, p.Number = "101", "030123456"
			if test.number != "" {
				p.Number = test.number
			}
			if test.nobody {
				p.trunk.Username = ""
			}
			from, rest := p.headers()
			got := []string{"From: " + from.Value()}
			for _, h := range rest {
				got = append(got, h.Name()+": "+h.Value())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func withCallerID(number string) call.Outgoing {
	var o call.Outgoing
	o.CallerID = number
	return o
}

func emergency(o call.Outgoing) call.Outgoing {
	o.Emergency = true
	return o
}
