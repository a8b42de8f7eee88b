package sipua

import (
	"errors"
	"net/netip"

	"dialtone/dialplan"
	"dialtone/media/rtp"
	"dialtone/media/sdp"
	"dialtone/media/webrtc"
)

// browsed takes note of whether the far side's offer r wants audio as browsers do. That
// cannot change in a call; mu is held.
func (a *audio) browsed(r sdp.Remote) error {
	if r.Disabled {
		return nil
	}
	wants := r.WebRTC != nil
	switch {
	case wants && a.hub == nil, wants != a.browser && wants && a.port.opened():
		return sdp.ErrNoWebRTC
	case wants != a.browser && a.port.opened():
		return sdp.ErrDowngrade
	}
	a.browser = wants
	if wants && r.WebRTC.Restart {
		conn, err := a.port.connect(a.hub, a.bind)
		if err != nil {
			return err
		}
		conn.Restart()
	}
	return nil
}

// open opens the port when it is first needed; mu is held.
func (a *audio) open() (*rtp.Port, error) {
	if !a.browser {
		return a.port.open(a.engine, a.bind)
	}
	conn, err := a.port.connect(a.hub, a.bind)
	if err != nil {
		return nil, err
	}
	return conn.Port(), nil
}

// introduce makes l a description for a browser; mu is held.
func (a *audio) introduce(l *sdp.Local, port *rtp.Port) error {
	conn, err := a.port.connect(a.hub, a.bind)
	if err != nil {
		return err
	}
	d := conn.Describe(a.advertise)
	if a.bind.IsLoopback() && a.external.IsValid() { // a web server stands between
		d.Candidates = append([]netip.AddrPort{netip.AddrPortFrom(a.external, conn.Local().Port())}, d.Candidates...)
	}
	l.RTCP = l.RTP + 1 // which says nothing
	l.WebRTC = &sdp.WebRTC{
		Ufrag: d.Ufrag, Pwd: d.Pwd, Candidates: d.Candidates, Reflexive: d.Reflexive, TCP: d.TCP, Full: d.Full,
		Fingerprint: sdp.Fingerprint(d.Fingerprint),
	}
	l.WebRTC.SSRC, l.WebRTC.CNAME = port.Source()
	return nil
}

// meet lets the connection go on with what was agreed; mu is held.
func (a *audio) meet(p *sdp.Peer) error {
	conn, err := a.port.connect(a.hub, a.bind)
	if err != nil {
		return err
	}
	peer := webrtc.Peer{Client: p.Client, TLSID: p.TLSID, Ufrag: p.Ufrag, Pwd: p.Pwd, Lite: p.Lite, Offered: p.Offered}
	for _, f := range p.Fingerprints {
		peer.Fingerprints = append(peer.Fingerprints, webrtc.Fingerprint(f))
	}
	for _, c := range p.Candidates {
		peer.Candidates = append(peer.Candidates, webrtc.Candidate(c))
	}
	conn.Connect(peer)
	return nil
}

// connect is open for a browser.
func (p *sharedPort) connect(hub *webrtc.Hub, bind netip.Addr) (*webrtc.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.conn != nil:
		return p.conn, nil
	case p.closed:
		return nil, errLegOver
	case hub == nil || p.port != nil:
		return nil, sdp.ErrNoWebRTC
	}
	conn, err := hub.Open(bind, p.far)
	if err != nil {
		return nil, err
	}
	p.conn = conn
	if p.waits {
		conn.Await()
	}
	conn.OnFailure(p.failed)
	return conn, nil
}

// await says that the leg waits for its answer: a browser that reads no description
// before it comes later.
func (p *sharedPort) await() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits = true
}

// answered ends await.
func (p *sharedPort) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits = false
	if p.conn != nil {
		p.conn.Answered()
	}
}

// opened reports whether the port is of one kind already.
func (p *sharedPort) opened() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.port != nil || p.conn != nil
}

// onLost says who is told when the connection to a browser has ended by itself.
func (p *sharedPort) onLost(f func(error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = f
}

func (p *sharedPort) failed(err error) {
	p.mu.Lock()
	lost := p.lost
	p.mu.Unlock()
	if lost != nil {
		lost(err)
	}
}

// lost ends the leg because its browser is gone, or is not the one that it should be.
func (l *leg) lost(err error) {
	e := &dialplan.Ended{Cause: dialplan.CauseRTPTimeout, Detail: err.Error()}
	if errors.Is(err, webrtc.ErrHandshake) {
		e.Cause = dialplan.CauseNotAcceptable
	}
	l.Hangup(e)
}

// externalAddr is sip.external when that is an address.
func (u *UA) externalAddr() netip.Addr {
	addr, _ := netip.ParseAddr(u.config().SIP.External)
	return addr
}
