package sipua

import (
	"errors"
	"net/netip"
	"slices"
	"sync"

	"dialtone/media"
	"dialtone/media/codec"
	"dialtone/media/rtp"
	"dialtone/media/sdp"
	"dialtone/media/webrtc"
)

// sharedPort is opened when it is first needed and closed once.
type sharedPort struct {
	mu     sync.Mutex
	port   *rtp.Port    // of a phone
	conn   *webrtc.Conn // of a browser
	far    netip.Addr   // where the signalling of a browser comes from
	lost   func(error)  // is told when conn has ended by itself
	waits  bool         // the leg waits for its answer
	closed bool
}

var errLegOver = errors.New("the leg is over")

func (p *sharedPort) open(engine *rtp.Engine, bind netip.Addr) (*rtp.Port, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.port != nil {
		return p.port, nil
	}
	if p.closed {
		return nil, errLegOver
	}
	if p.conn != nil {
		return nil, sdp.ErrDowngrade
	}
	port, err := engine.Open(bind)
	if err != nil {
		return nil, err
	}
	p.port = port
	return port, nil
}

func (p *sharedPort) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && p.port != nil {
		p.port.Close()
	}
	if !p.closed && p.conn != nil {
		p.conn.Close()
	}
	p.closed = true
}

// portParams translates between the two rooms of media, which do not know each
// other.
func portParams(a sdp.Agreed) rtp.Params {
	p := rtp.Params{
		Send: a.Send, Recv: a.Recv, Direction: a.Direction, RemoteRTP: a.RemoteRTP, RemoteRTCP: a.RemoteRTCP,
		Mux: a.Mux, Ptime: a.Ptime, Levels: a.Levels,
	}
	if a.Disabled {
		p.Direction = media.Inactive
	}
	if c := a.Crypto; c != nil {
		p.Crypto = &rtp.Crypto{
			Suite:        c.Suite,
			LocalMaster:  slices.Concat(c.LocalKey, c.LocalSalt),
			RemoteMaster: slices.Concat(c.RemoteKey, c.RemoteSalt),
		}
	}
	return p
}

// silence is the endpoint of a leg without a port.
type silence struct{}

func (silence) Formats() []codec.Format               { return nil }
func (silence) Direction() media.Direction            { return media.Inactive }
func (silence) SetSink(media.Sink)                    {}
func (silence) Forward(*media.Packet)                 {}
func (silence) Write(codec.Format, []byte, int, bool) {}
func (silence) Stats() media.Stats                    { return media.Stats{} }
