package sipreg_test

import (
	"fmt"
	"testing"
	"time"

	"dialtone/config"
)

// Who has credentials of the web phone may use them in another program, which does not end
// with the session: what it registers is not to last.
func TestIssuedCredentialsRegisterForAShortTime(t *testing.T) {
	const to = "To: <sip:100@dialtone>"
	for _, tt := range []struct {
		name string
		ask  []string
		want []string
	}{
		{"nothing asked", []string{"Contact: <sip:a@h>", to}, []string{"<sip:a@h>;expires=300"}},
		{"an hour", []string{"Contact: <sip:a@h>", "Expires: 3600", to}, []string{"<sip:a@h>;expires=300"}},
		{"in the Contact", []string{"Contact: <sip:a@h>;expires=3600, <sip:b@h>;expires=120", to}, []string{"<sip:a@h>;expires=300", "<sip:b@h>;expires=120"}},
		{"less", []string{"Contact: <sip:a@h>", "Expires: 90", to}, []string{"<sip:a@h>;expires=90"}},
		{"nothing any more", []string{"Contact: <sip:a@h>", "Expires: 0", to}, nil},
	} {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(tt.name+" by "+transport, func(t *testing.T) {
				p := startServer(t).phone(t, transport)
				p.user, p.password = "100~issued", "for a while"
				res := p.register(tt.ask...)
				if got := lines(res, "Contact: "); status(res) != "200 OK" || fmt.Sprint(got) != fmt.Sprint(tt.want) {
					t.Errorf("got  %q\nwant %q\n%s", got, tt.want, res)
				}
			})
		}
	}
	t.Run("where phones have to stay for longer", func(t *testing.T) {
		s := startServer(t, func(c *config.Config) { c.Registrar.MinExpires = config.Duration(10 * time.Minute) })
		p := s.phone(t, "tcp")
		p.user, p.password = "100~issued", "for a while"
		if got := lines(p.register("Contact: <sip:a@h>", to), "Contact: "); fmt.Sprint(got) != "[<sip:a@h>;expires=600]" {
			t.Errorf("registered as %q", got)
		}
	})
}
