package testphone

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// VideoLine is what a description says about VP8.
type VideoLine struct {
	Port      int // 0 is none
	PT        int
	Direction string
}

// line reads a line of the section of a video m-line.
func (v *VideoLine) line(kind, value string) {
	switch f := strings.Fields(value); {
	case kind == "m" && len(f) > 3:
		v.Port, _ = strconv.Atoi(f[1])
		v.Direction = "sendrecv"
	case kind != "a":
	case value == "sendrecv", value == "sendonly", value == "recvonly", value == "inactive":
		v.Direction = value
	case strings.HasPrefix(value, "rtpmap:") && strings.HasSuffix(value, " VP8/90000"):
		v.PT, _ = strconv.Atoi(strings.TrimPrefix(f[0], "rtpmap:"))
	}
}

// text is the section of a description.
func (v *VideoLine) text() string {
	s := fmt.Sprintf("m=video %d RTP/AVP %d\r\na=rtpmap:%d VP8/90000\r\n", v.Port, v.PT, v.PT)
	return s + fmt.Sprintf("a=rtcp-fb:%d nack pli\r\na=rtcp-fb:%d nack\r\na=%s\r\n", v.PT, v.PT, v.Direction)
}

// ownPT is what the phone calls VP8 in its offers.
const ownPT = 121

// Watched counts what arrived at a call's video port.
type Watched struct {
	Packets int      // of RTP
	SSRCs   []uint32 // in order of appearance
	Types   map[int]int
	Asked   int // requests for a whole picture
}

// video is the camera and the screen of a phone. A mirror sends back what it sees, and
// passes on what is asked of it.
type video struct {
	mirror    bool
	rtp, rtcp *net.UDPConn
	wg        sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{}
	remote  netip.AddrPort
	pt      int
	sends   bool
	seq     uint16
	ssrc    uint32
	watched Watched
}

func newVideo(ip netip.Addr, mirror bool) (*video, error) {
	a, err := newAudio(ip, 20*time.Millisecond) // for its pair of ports
	if err != nil {
		return nil, err
	}
	port := a.port()
	a.close()
	v := &video{mirror: mirror, changed: make(chan struct{}), ssrc: rand.Uint32(), watched: Watched{Types: map[int]int{}}}
	if v.rtp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port))); err != nil {
		return nil, err
	}
	if v.rtcp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port+1))); err != nil {
		_ = v.rtp.Close()
		return nil, err
	}
	_ = v.rtp.SetReadBuffer(1 << 20)
	v.wg.Go(v.watch)
	v.wg.Go(v.listen)
	return v, nil
}

func (v *video) close() {
	_ = v.rtp.Close()
	_ = v.rtcp.Close()
	v.wg.Wait()
}

func (v *video) port() int { return v.rtp.LocalAddr().(*net.UDPAddr).Port }

// agree takes over what was agreed.
func (v *video) agree(at netip.Addr, theirs VideoLine, direction string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.remote, v.pt = netip.AddrPortFrom(at, uint16(theirs.Port)), theirs.PT
	v.sends = theirs.Port != 0 && (direction == "sendrecv" || direction == "sendonly")
}

func (v *video) wake() {
	close(v.changed)
	v.changed = make(chan struct{})
}

// watch counts what arrives; a mirror sends it back as its own.
func (v *video) watch() {
	buf := make([]byte, 2048)
	for {
		n, _, err := v.rtp.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if n < 12 {
			continue
		}
		v.mu.Lock()
		w, ssrc := &v.watched, binary.BigEndian.Uint32(buf[8:])
		w.Packets++
		w.Types[int(buf[1]&0x7f)]++
		if len(w.SSRCs) == 0 || w.SSRCs[len(w.SSRCs)-1] != ssrc {
			w.SSRCs = append(w.SSRCs, ssrc)
		}
		if v.mirror {
			v.send(buf[:n])
		}
		v.wake()
		v.mu.Unlock()
	}
}

// send sends a packet as the phone's own; mu is held.
func (v *video) send(b []byte) {
	if !v.sends {
		return
	}
	b[1] = b[1]&0x80 | byte(v.pt)
	binary.BigEndian.PutUint16(b[2:], v.seq)
	binary.BigEndian.PutUint32(b[8:], v.ssrc)
	v.seq++
	_, _ = v.rtp.WriteToUDPAddrPort(b, v.remote)
}

// listen passes on requests for a whole picture.
func (v *video) listen() {
	buf := make([]byte, 2048)
	for {
		n, _, err := v.rtcp.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		for b := buf[:n]; len(b) >= 12; {
			if b[1] == 206 && b[0]&0x1f == 1 {
				v.ask()
			}
			b = b[min(len(b), 4*(1+int(binary.BigEndian.Uint16(b[2:])))):]
		}
	}
}

func (v *video) ask() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.watched.Asked++
	v.wake()
	if n := len(v.watched.SSRCs); n > 0 && v.mirror {
		b := []byte{0x80, 201, 0, 1, 0, 0, 0, 0, 0x81, 206, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0}
		binary.BigEndian.PutUint32(b[4:], v.ssrc)
		binary.BigEndian.PutUint32(b[12:], v.ssrc)
		binary.BigEndian.PutUint32(b[16:], v.watched.SSRCs[n-1])
		_, _ = v.rtcp.WriteToUDPAddrPort(b, netip.AddrPortFrom(v.remote.Addr(), v.remote.Port()+1))
	}
}

// Show sends a packet of video, which is none that can be decoded.
func (c *Call) Show() {
	c.p.mu.Lock()
	v := c.video
	c.p.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	b := append(make([]byte, 12), "a picture"...)
	b[0], b[1] = 0x80, 0x80
	binary.BigEndian.PutUint32(b[4:], uint32(v.seq)*3000)
	v.send(b)
}

// Watched is what has arrived of video.
func (c *Call) Watched() Watched {
	c.p.mu.Lock()
	v := c.video
	c.p.mu.Unlock()
	if v == nil {
		return Watched{}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	w := v.watched
	w.SSRCs, w.Types = slices.Clone(w.SSRCs), maps.Clone(w.Types)
	return w
}

// Sees waits until so many more packets of video have arrived.
func (c *Call) Sees(ctx context.Context, more int) {
	c.p.t.Helper()
	c.p.mu.Lock()
	v := c.video
	c.p.mu.Unlock()
	if v == nil {
		c.p.t.Fatalf("%v has no video", c)
	}
	ctx, stop := context.WithTimeout(ctx, c.p.opt.Patience)
	defer stop()
	least := c.Watched().Packets + more
	for {
		v.mu.Lock()
		n, changed := v.watched.Packets, v.changed
		v.mu.Unlock()
		if n >= least {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			c.p.t.Fatalf("%v: %d packets of video arrived, %d were waited for", c, n, least)
		}
	}
}

// film is the phone's m-line for video, as an answer to theirs, which is nil in an offer.
func (c *Call) film(theirs *VideoLine) *VideoLine {
	switch {
	case !c.p.opt.Video && theirs == nil:
		return nil
	case !c.p.opt.Video || theirs != nil && (theirs.Port == 0 || theirs.PT == 0):
		return &VideoLine{PT: max(theirs.PT, 96), Direction: "inactive"}
	}
	if c.video == nil {
		v, err := newVideo(c.p.ip, c.p.opt.Mirror)
		if err != nil {
			c.p.trace.note("no ports for video: %v", err)
			return nil
		}
		c.video = v
	}
	if theirs == nil {
		return &VideoLine{Port: c.video.port(), PT: ownPT, Direction: c.want}
	}
	return &VideoLine{Port: c.video.port(), PT: theirs.PT, Direction: mirror(theirs.Direction, c.want)}
}

// filmed takes over what offer and answer came to.
func (c *Call) filmed() {
	if c.video == nil || c.theirs.Video == nil || c.mine.Video == nil {
		return
	}
	c.video.agree(c.theirs.Addr.Addr(), *c.theirs.Video, mirror(c.theirs.Video.Direction, c.mine.Video.Direction))
}
