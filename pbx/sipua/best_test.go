package sipua

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/pbx/call"
)

// Who heard a prompt in G.711 and enters a conference is asked for the codec that it
// likes best, once.
func TestTheBestFormatIsAskedFor(t *testing.T) {
	t.Parallel()
	narrow := want(media.SendRecv, codec.PCMA, codec.DTMF)
	best := call.Want{Formats: []codec.Format{codec.G722, codec.PCMA, codec.DTMF}, Direction: media.SendRecv, Best: true, Levels: true}
	held := best
	held.Direction = media.SendOnly
	for _, c := range []struct {
		name    string
		offer   []string // payload types of the phone
		codecs  []string // of the extension
		asked   string   // payload types of our offer; "" is none
		answers []string // payload types, nil to refuse
		agreed  string
	}{
		{"and had", []string{"9", "8", "101"}, nil, "9 8 101", []string{"9", "101"}, "G722/8000"},
		{"and not had", []string{"9", "8", "101"}, nil, "9 8 101", []string{"8", "101"}, "PCMA/8000"},
		{"and not first", []string{"9", "8", "101"}, nil, "9 8 101", []string{"8", "9", "101"}, "PCMA/8000"},
		{"and refused", []string{"9", "8", "101"}, nil, "9 8 101", nil, "PCMA/8000"},
		{"unless the phone has none", []string{"8", "101"}, nil, "", nil, "PCMA/8000"},
		{"unless the extension likes another", []string{"9", "8", "101"}, []string{"PCMA", "G722"}, "", nil, "PCMA/8000"},
		{"unless it is not allowed", []string{"9", "8", "101"}, []string{"PCMA"}, "", nil, "PCMA/8000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, func(cfg *config.Config) {
				cfg.Media.Codecs = []string{"G722", "PCMA", "PCMU"}
				e := cfg.Extensions["100"]
				e.Codecs = c.codecs
				cfg.Extensions["100"] = e
			})
			s, leg := b.inbound(narrow, sdpText(1, "sendrecv", c.offer...))
			leg.Near(best)
			if c.asked != "" {
				req := s.request(sip.INVITE)
				if got := typesOf(req.Body()); got != c.asked {
					t.Errorf("offered %s, want %s", got, c.asked)
				}
				if !strings.Contains(string(req.Body()), "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level") {
					t.Errorf("levels are not offered:\n%s", req.Body())
				}
				if c.answers == nil {
					s.reply(req, 488, "", "")
				} else {
					s.reply(req, 200, "", sdpText(2, "sendrecv", c.answers...))
				}
				s.request(sip.ACK)
			}
			leg.Near(held) // the next thing that it hears of is this
			req := s.request(sip.INVITE)
			if d := directionOf(req.Body()); d != "sendonly" {
				t.Errorf("it is asked again, with %s:\n%s", d, req.Body())
			}
			if got := leg.Media().Formats()[0].String(); got != c.agreed {
				t.Errorf("%s is agreed, want %s", got, c.agreed)
			}
		})
	}
}
