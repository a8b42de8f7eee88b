package quality

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/media/codec"
	"dialtone/media/resample"
	"dialtone/media/rtp"
	"dialtone/prompts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// speech is what the caller says, in two voices.
func speech(t *testing.T, rate int) (out []int16) {
	t.Helper()
	for _, p := range []struct{ language, name string }{{"en", "call/emergency"}, {"fr", "conference/alone"}} {
		file, err := prompts.Open(p.language, p.name)
		if err != nil {
			t.Fatal(err)
		}
		clip, err := audio.NewClip(file, rate)
		if err != nil {
			t.Fatal(err)
		}
		for pcm := make([]int16, 960); ; {
			n, err := clip.Read(pcm)
			out = append(out, pcm[:n]...)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := clip.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// changed is pcm at another rate.
func changed(t *testing.T, pcm []int16, from, to int) []int16 {
	t.Helper()
	r, err := resample.New(from, to)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int16, r.Len(len(pcm)))
	return out[:r.Process(out, pcm)]
}

// phone is a socket at each end of a call.
type phone struct {
	t      *testing.T
	conn   *net.UDPConn
	format codec.Format
	server netip.AddrPort
	seq    uint16
	time   uint32
}

// dial is a call between two phones of such formats, over real ports.
func dial(t *testing.T, a, b codec.Format) (from, to *phone, bridged *media.Bridged) {
	t.Helper()
	engine, err := rtp.New(rtp.Options{First: freePorts(t), Last: 65000})
	if err != nil {
		t.Fatal(err)
	}
	engine.Start()
	t.Cleanup(engine.Close)
	join := func(f codec.Format) (*phone, *rtp.Port) {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		port, err := engine.Open(loopback)
		if err != nil {
			t.Fatal(err)
		}
		at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
		formats := []codec.Format{f}
		if err := port.Configure(rtp.Params{Send: formats, Recv: formats, Direction: media.SendRecv, RemoteRTP: at, RemoteRTCP: at}); err != nil {
			t.Fatal(err)
		}
		local, _ := port.Local()
		return &phone{t: t, conn: conn, format: f, server: local}, port
	}
	from, one := join(a)
	to, other := join(b)
	if bridged, err = media.Bridge(one, other); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bridged.Close)
	return from, to, bridged
}

// freePorts is where the range of an engine may begin.
func freePorts(t *testing.T) uint16 {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return min(uint16(conn.LocalAddr().(*net.UDPAddr).Port), 60000) &^ 1
}

// send sends a packet of 20 ms; or not, if it is lost on its way.
func (p *phone) send(payload []byte, lost bool) {
	p.t.Helper()
	raw := make([]byte, 12, 12+len(payload))
	raw[0], raw[1] = 0x80, p.format.PT
	binary.BigEndian.PutUint16(raw[2:], p.seq)
	binary.BigEndian.PutUint32(raw[4:], p.time)
	binary.BigEndian.PutUint32(raw[8:], 7)
	p.seq, p.time = p.seq+1, p.time+uint32(p.format.Clock/50)
	if lost {
		return
	}
	if _, err := p.conn.WriteToUDPAddrPort(append(raw, payload...), p.server); err != nil {
		p.t.Fatal(err)
	}
}

// receive gives the payload of the next packet of audio and the SSRC of its source.
func (p *phone) receive() (payload []byte, ssrc uint32) {
	p.t.Helper()
	b := make([]byte, 2000)
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	for {
		n, err := p.conn.Read(b)
		if err != nil {
			p.t.Fatalf("%s hears nothing: %v", p.format.Name, err)
		}
		if n > 12 && b[1]&0x7f == p.format.PT {
			return b[12:n], binary.BigEndian.Uint32(b[8:])
		}
	}
}

// carry says pcm, at the natural rate of the caller's codec, and gives what the callee
// hears, at the rate of his.
func carry(t *testing.T, a, b codec.Format, pcm []int16, fec bool, lost func(n int) bool) (heard []int16, flow media.Flow) {
	t.Helper()
	from, to, bridged := dial(t, a, b)
	o := codec.Options{}
	if fec {
		o = codec.Options{FEC: true, Loss: 20}
	}
	enc, err := codec.NewEncoder(a, o)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	dec, err := codec.NewDecoder(b, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	frame, out, buf := codec.Rate(a)/50, make([]int16, codec.Rate(b)/50*6), make([]byte, 1500)
	said := 0
	for n := 0; len(pcm) >= frame; n++ {
		size := enc.Encode(buf, pcm[:frame])
		pcm = pcm[frame:]
		gone := lost != nil && lost(n)
		from.send(buf[:size], gone)
		if said++; gone {
			continue
		}
		// Each packet that arrives brings the callee all that was said until then.
		for len(heard) < said*codec.Rate(b)/50 {
			payload, _ := to.receive()
			heard = append(heard, out[:dec.Decode(out, payload)]...)
		}
	}
	flow, _ = bridged.Flows()
	return heard, flow
}
