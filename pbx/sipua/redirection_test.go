package sipua

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/dialplan"
)

func TestRedirectionByATrunk(t *testing.T) {
	t.Parallel()
	follow := func(t *config.Trunk) { t.Redirect = "follow" }
	for name, test := range map[string]struct {
		change func(*config.Trunk)
		may    func(string) (bool, error)
		next   bool
	}{
		"followed":             {follow, func(string) (bool, error) { return false, nil }, true},
		"not permitted":        {follow, func(string) (bool, error) { return false, errors.New("forbidden") }, false},
		"nobody to ask":        {follow, nil, false},
		"not wanted by config": {func(*config.Trunk) {}, func(string) (bool, error) { return false, nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, trunk("sip", test.change))
			p := b.provider("sip")
			o := outgoing("+4930123456", "sip")
			asked := make(chan string, 1)
			if test.may != nil {
				o.Redirected = func(number string) (bool, error) { asked <- number; return test.may(number) }
			}
			out := b.outside(context.Background(), o, nil)
			p.reply(p.request(sip.INVITE), 302, "x", "Contact: <sip:+4940654321@127.0.0.1:9>")
			p.request(sip.ACK)
			if !test.next {
				b.fails(b.wait(out).err, dialplan.CauseRedirected)
				p.silent(t1)
				return
			}
			req := p.request(sip.INVITE)
			if req.Recipient.User != "+4940654321" || req.Recipient.Host != "192.0.2.99" {
				t.Errorf("INVITE\n%v", req)
			}
			if number := <-asked; number != "+4940654321" {
				t.Errorf("asked for %q", number)
			}
			p.reply(req, 486, "x")
			p.request(sip.ACK)
			b.fails(b.wait(out).err, dialplan.CauseBusy)
		})
	}
}

// After a redirection that came to nothing the next trunk is asked for the number that
// was dialled, which is permitted again before.
func TestTrunkAfterARedirection(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		emergency bool
		refuse    string // the number that is not permitted
		asked     []string
		next      bool
	}{
		"goes back":                {false, "", []string{"+4940654321", "+4930123456"}, true},
		"may not go back":          {false, "+4930123456", []string{"+4940654321", "+4930123456"}, false},
		"an emergency":             {true, "", []string{"+4940654321", "+4930123456"}, true},
		"an emergency to anywhere": {true, "+4940654321", []string{"+4940654321"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, trunk("sip", func(t *config.Trunk) { t.Redirect = "follow" }), trunk("other"))
			p, other := b.provider("sip"), b.provider("other")
			o := outgoing("+4930123456", "sip", "other")
			o.Emergency, o.Anonymous = test.emergency, true
			var asked []string
			o.Redirected = func(number string) (bool, error) {
				asked = append(asked, number)
				if number == test.refuse {
					return false, errors.New("forbidden")
				}
				return test.emergency && number == o.Number, nil
			}
			out := b.outside(context.Background(), o, nil)
			req := p.request(sip.INVITE)
			if hidden := strings.Contains(req.From().Value(), "anonymous"); hidden == test.emergency {
				t.Errorf("the number is hidden: %v, in\n%v", hidden, req)
			}
			p.reply(req, 302, "x", "Contact: <sip:+4940654321@127.0.0.1:9>")
			p.request(sip.ACK)
			if test.refuse != "+4940654321" {
				req = p.request(sip.INVITE)
				if !strings.Contains(req.From().Value(), "anonymous") {
					t.Errorf("an ordinary number is called as one for emergencies:\n%v", req)
				}
				p.reply(req, 503, "x")
				p.request(sip.ACK)
			}
			if test.next {
				req = other.request(sip.INVITE)
				if req.Recipient.User != "+4930123456" {
					t.Errorf("INVITE\n%v", req)
				}
				other.reply(req, 486, "x")
				other.request(sip.ACK)
				b.fails(b.wait(out).err, dialplan.CauseBusy)
			} else {
				b.fails(b.wait(out).err, dialplan.CauseUnreachable)
				other.silent(t1)
			}
			if !slices.Equal(asked, test.asked) {
				t.Errorf("asked for %v, want %v", asked, test.asked)
			}
		})
	}
}
