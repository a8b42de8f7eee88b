package sipua

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"dialtone/config"
	"dialtone/media"
	"dialtone/media/sdp"
	"dialtone/pbx/call"
)

// videoText adds an m-line for video to what a phone says; port 0 is none.
func videoText(version, port int, direction string) string {
	m := "m=video " + strconv.Itoa(port) + " RTP/AVP 120\r\na=rtpmap:120 VP8/90000\r\na=rtcp-fb:* nack pli\r\n"
	return sdpText(version, "sendrecv", "0", "8", "101") + m + "a=" + direction + "\r\n"
}

// seeing is both with video.
func seeing(d media.Direction) call.Want {
	w := both
	w.Video = call.Video{Formats: sdp.VideoFormats(), Direction: d}
	return w
}

// videoOf reads the port and direction of the video m-line, "" when there is none.
func videoOf(body []byte) string {
	_, rest, found := strings.Cut(string(body), "\r\nm=video ")
	if !found {
		return ""
	}
	port, _, _ := strings.Cut(rest, " ")
	if port == "0" {
		return "off"
	}
	return directionOf([]byte(rest))
}

func videoCaller(near call.Want) call.Invitation {
	inv := caller()
	inv.Near = near
	return inv
}

// The video of a caller is answered as the other party has it.
func TestVideoOfACallerIsAnswered(t *testing.T) {
	t.Parallel()
	idle := both
	idle.Video = call.Video{Formats: sdp.VideoFormats(), Direction: media.SendRecv, Idle: true}
	off := func(c *config.Config) { c.Media.Video = false }
	for name, c := range map[string]struct {
		near   call.Want
		offer  string
		change func(*config.Config)
		want   string
	}{
		"both":                    {near: seeing(media.SendRecv), offer: "sendrecv", want: "sendrecv"},
		"the callee only looks":   {near: seeing(media.RecvOnly), offer: "sendrecv", want: "recvonly"},
		"the caller only shows":   {near: seeing(media.SendRecv), offer: "sendonly", want: "recvonly"},
		"the callee has none":     {near: both, offer: "sendrecv", want: "off"},
		"the callee may have it":  {near: idle, offer: "sendrecv", want: "sendrecv"},
		"video is switched off":   {near: seeing(media.SendRecv), offer: "sendrecv", change: off, want: "off"},
		"nobody shows themselves": {near: seeing(media.RecvOnly), offer: "recvonly", want: "inactive"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := c.change
			if change == nil {
				change = func(*config.Config) {}
			}
			b := newBed(t, change)
			s := newSide(b.phone("100"), "100", "101")
			s.call(videoText(1, 40002, c.offer))
			leg := b.take().leg
			if far := leg.Far().Video; (len(far.Formats) > 0) == (c.change != nil) {
				t.Errorf("far %+v", far)
			}
			go func() { _ = leg.Answer(context.Background(), c.near) }()
			ok := s.response(200)
			s.learn(ok)
			s.ack()
			if got := videoOf(ok.Body()); got != c.want {
				t.Errorf("answered %s, want %s\n%s", got, c.want, ok.Body())
			}
			v := media.VideoOf(leg.Media())
			if c.want != "off" && v.Direction().String() != c.want {
				t.Errorf("the port does %v", v.Direction())
			}
		})
	}
}

// Video that goes nowhere, here to an address of the other family, does not cost a phone its
// call.
func TestVideoThatCannotBeReached(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s := newSide(b.phone("100"), "100", "101")
	s.call(videoText(1, 40002, "sendrecv") + "c=IN IP6 2001:db8::1\r\n")
	leg := b.take().leg
	go func() { _ = leg.Answer(context.Background(), seeing(media.SendRecv)) }()
	s.learn(s.response(200))
	s.ack()
	if d := leg.Media().Direction(); d != media.SendRecv {
		t.Errorf("the audio does %v", d)
	}
	if d := media.VideoOf(leg.Media()).Direction(); d != media.Inactive {
		t.Errorf("the video does %v", d)
	}
}

// A callee is asked for video when the caller has it, and not when it may have it only.
// One that has none is not asked for it again and again.
func TestCalleeIsAskedForVideo(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	out := b.dial(context.Background(), "101", videoCaller(seeing(media.SendRecv)), nil)
	req := p.request(sip.INVITE)
	if videoOf(req.Body()) != "sendrecv" {
		t.Fatalf("offered\n%s", req.Body())
	}
	p.reply(req, 200, "callee", videoText(1, 0, "inactive"))
	p.request(sip.ACK)
	leg := b.wait(out).leg
	s := sideOf(p, req, "callee")
	if far := leg.Far().Video; len(far.Formats) > 0 {
		t.Errorf("a phone without video has %+v", far)
	}
	hold := seeing(media.SendRecv)
	hold.Direction = media.SendOnly
	leg.Near(seeing(media.SendRecv))
	leg.Near(hold)
	again := s.request(sip.INVITE)
	if videoOf(again.Body()) != "off" {
		t.Errorf("the hold offers\n%s", again.Body())
	}
	s.reply(again, 200, "", videoText(2, 0, "inactive"))
	s.request(sip.ACK)
	b.changed(leg)
}

// A phone that refuses a call because of its video is called without.
func TestCalleeThatRefusesVideo(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	p := b.phone("101")
	out := b.dial(context.Background(), "101", videoCaller(seeing(media.SendRecv)), nil)
	p.reply(p.request(sip.INVITE), 488, "callee")
	p.request(sip.ACK)
	req := p.request(sip.INVITE)
	if videoOf(req.Body()) != "" {
		t.Fatalf("offered again\n%s", req.Body())
	}
	p.reply(req, 200, "callee", plainSDP)
	p.request(sip.ACK)
	if d := b.wait(out); d.err != nil {
		t.Fatal(d.err)
	}
}

// A phone that refuses whatever has video in it is asked for the rest without, and for the
// same video not again.
func TestVideoThatIsRefusedLater(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(caller())
	hold := seeing(media.SendRecv)
	hold.Direction = media.SendOnly
	leg.Near(hold)
	req := s.request(sip.INVITE)
	if videoOf(req.Body()) != "sendrecv" {
		t.Fatalf("offered\n%s", req.Body())
	}
	s.reply(req, 488, "")
	s.request(sip.ACK)
	for i, near := range []call.Want{hold, both, hold, seeing(media.SendRecv)} {
		leg.Near(near)
		req := s.request(sip.INVITE)
		if videoOf(req.Body()) != "" || directionOf(req.Body()) != near.Direction.String() {
			t.Fatalf("then %d offered\n%s", i, req.Body())
		}
		s.reply(req, 200, "", sdpText(2+i, near.Direction.Reverse().String(), "0", "8", "101"))
		s.request(sip.ACK)
		b.changed(leg)
	}
	s.silent(2 * t1)
}

func TestCalleeWithVideo(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.outbound(videoCaller(seeing(media.SendRecv)), videoText(1, 40002, "recvonly"))
	far := leg.Far().Video
	if !far.Live() || far.Direction != media.RecvOnly || far.Formats[0].Name != "VP8" || far.Formats[0].PT != 120 {
		t.Fatalf("far %+v", far)
	}
	if d := media.VideoOf(leg.Media()).Direction(); d != media.SendOnly {
		t.Fatalf("the port does %v", d)
	}

	// The caller stops showing itself, and shows itself again.
	for _, c := range []struct {
		near media.Direction
		want string
		far  string
	}{{media.RecvOnly, "recvonly", "inactive"}, {media.SendRecv, "sendrecv", "recvonly"}} {
		leg.Near(seeing(c.near))
		req := s.request(sip.INVITE)
		if videoOf(req.Body()) != c.want {
			t.Fatalf("offered %s", videoOf(req.Body()))
		}
		s.reply(req, 200, "", videoText(2, 40002, c.far))
		s.request(sip.ACK)
		b.changed(leg)
		if d := leg.Far().Video.Direction; d != media.RecvOnly { // a way that we closed says nothing
			t.Errorf("far is %v", d)
		}
	}

	// The caller's video ends: the line stays, and nothing goes over it.
	leg.Near(both)
	req := s.request(sip.INVITE)
	if videoOf(req.Body()) != "inactive" {
		t.Fatalf("offered %s", videoOf(req.Body()))
	}
	s.reply(req, 200, "", videoText(3, 40002, "inactive"))
	s.request(sip.ACK)
	b.changed(leg)

	// The callee switches it off for good.
	s.send("INVITE", videoText(4, 0, "inactive"))
	if ok := s.response(200); videoOf(ok.Body()) != "off" {
		t.Errorf("answered\n%s", ok.Body())
	}
	s.ack()
	b.changed(leg)
	if far := leg.Far().Video; !far.Idle || far.Live() || len(far.Formats) == 0 {
		t.Errorf("far %+v", far)
	}
	if d := media.VideoOf(leg.Media()).Direction(); d != media.Inactive {
		t.Errorf("the port does %v", d)
	}
	leg.Near(seeing(media.SendRecv)) // the other party begins: this one is asked again
	if req := s.request(sip.INVITE); videoOf(req.Body()) != "sendrecv" {
		t.Errorf("offered %s", videoOf(req.Body()))
	} else {
		s.reply(req, 200, "", videoText(5, 40002, "sendrecv"))
		s.request(sip.ACK)
	}
	b.changed(leg)
}

// Video is added to a call with audio, by the far side and by us.
func TestVideoIsAddedToACall(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	s, leg := b.inbound(both)
	near := both
	near.Video = call.Video{Formats: sdp.VideoFormats(), Direction: media.SendRecv, Idle: true}
	leg.Near(near)
	s.send("INVITE", videoText(2, 40002, "sendrecv"))
	if ok := s.response(200); videoOf(ok.Body()) != "sendrecv" {
		t.Fatalf("answered\n%s", ok.Body())
	}
	s.ack()
	b.changed(leg)
	if far := leg.Far().Video; !far.Live() {
		t.Errorf("far %+v", far)
	}
	near.Video.Direction = media.Inactive // the other party does not want to
	leg.Near(near)
	req := s.request(sip.INVITE)
	if videoOf(req.Body()) != "inactive" {
		t.Errorf("offered %s", videoOf(req.Body()))
	}
	s.reply(req, 200, "", videoText(3, 40002, "inactive"))
	s.request(sip.ACK)
	b.changed(leg)
	if far := leg.Far().Video; far.Direction != media.SendRecv {
		t.Errorf("far %+v", far)
	}

	other, callee := b.outbound(caller())
	if far := callee.Far().Video; len(far.Formats) > 0 {
		t.Errorf("a phone that never had video has %+v", far)
	}
	callee.Near(seeing(media.SendRecv))
	req = other.request(sip.INVITE)
	if videoOf(req.Body()) != "sendrecv" {
		t.Fatalf("offered\n%s", req.Body())
	}
	other.reply(req, 200, "", videoText(2, 0, "inactive"))
	other.request(sip.ACK)
	other.silent(2 * t1) // refused is refused
	callee.Near(seeing(media.RecvOnly))
	req = other.request(sip.INVITE)
	if videoOf(req.Body()) != "recvonly" {
		t.Errorf("offered %s", videoOf(req.Body()))
	}
	other.reply(req, 200, "", videoText(3, 40002, "sendrecv"))
	other.request(sip.ACK)
	b.changed(callee)
}

// A browser keeps its line for video when there is nobody to see.
func TestBrowserKeepsItsVideo(t *testing.T) {
	t.Parallel()
	offer, err := os.ReadFile("../../testdata/sdp/chromium-video.sdp")
	if err != nil {
		t.Fatal(err)
	}
	b := browserBed(t)
	s := newSide(b.page("100"), "100", "101")
	s.call(strings.ReplaceAll(string(offer), "\n", "\r\n"))
	leg := b.take().leg
	go func() { _ = leg.Answer(context.Background(), both) }()
	ok := s.response(200)
	s.learn(ok)
	s.ack()
	if videoOf(ok.Body()) != "inactive" || !strings.Contains(string(ok.Body()), "a=group:BUNDLE 0 1") {
		t.Errorf("answered\n%s", ok.Body())
	}
	leg.Near(seeing(media.SendRecv))
	req := s.request(sip.INVITE)
	if videoOf(req.Body()) != "sendrecv" || strings.Count(string(req.Body()), "a=mid:1\r\n") != 1 || !strings.Contains(string(req.Body()), "a=msid:dialtone video") {
		t.Errorf("offered\n%s", req.Body())
	}
	s.reply(req, 488, "")
	s.request(sip.ACK)
}
