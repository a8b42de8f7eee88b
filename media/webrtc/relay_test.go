package webrtc

import (
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	prtp "github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"dialtone/internal/testbrowser"
	"dialtone/media"
	"dialtone/media/rtp"
)

// leg is a browser without ICE and DTLS of its own, for what has to be counted: a socket
// and keys.
type leg struct {
	t       testing.TB
	conn    *Conn
	socket  stranger
	context *srtp.Context
	packet  []byte
	sealed  [400]byte
	header  prtp.Header
	buf     [2048]byte
	seq     uint16
}

func (b *bed) leg() *leg {
	b.t.Helper()
	c := b.open()
	l := &leg{t: b.t, conn: c, socket: newStranger(b.t, c.Local()), packet: make([]byte, 12+160)}
	d := c.Describe(loopback)
	l.socket.send(b.t, request(d.Ufrag, d.Pwd, attrUseCandidate))
	if _, err := l.socket.Read(l.buf[:]); err != nil {
		b.t.Fatal(err)
	}
	key, salt := make([]byte, 16), make([]byte, 12)
	master := append(append([]byte(nil), key...), salt...)
	if err := c.Port().SetKeys(rtp.Crypto{Suite: "AEAD_AES_128_GCM", LocalMaster: master, RemoteMaster: master}); err != nil {
		b.t.Fatal(err)
	}
	var err error
	if l.context, err = srtp.CreateContext(key, salt, srtp.ProtectionProfileAeadAes128Gcm); err != nil {
		b.t.Fatal(err)
	}
	return l
}

// send sends the next packet.
func (l *leg) send() { l.socket.send(l.t, l.seal()) }

// seal makes it.
func (l *leg) seal() []byte {
	l.seq++
	l.packet[0], l.packet[11] = 0x80, 9
	binary.BigEndian.PutUint16(l.packet[2:], l.seq)
	binary.BigEndian.PutUint32(l.packet[4:], uint32(l.seq)*160)
	out, err := l.context.EncryptRTP(l.sealed[:0], l.packet, &l.header)
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

func (l *leg) receive() {
	if _, _, err := l.socket.ReadFromUDPAddrPort(l.buf[:]); err != nil {
		l.t.Fatal(err)
	}
}

// between is a browser in conversation with a phone.
func (b *bed) between() (*leg, *phone) {
	b.t.Helper()
	l, ph := b.leg(), b.phone()
	if _, err := media.Bridge(l.conn.Port(), ph.port); err != nil {
		b.t.Fatal(err)
	}
	return l, ph
}

// exchange lets one packet through each way.
func exchange(tb testing.TB, l *leg, ph *phone, raw []byte) {
	tb.Helper()
	l.send()
	if _, _, err := ph.conn.ReadFromUDPAddrPort(ph.buf[:]); err != nil {
		tb.Fatal(err)
	}
	binary.BigEndian.PutUint16(raw[2:], l.seq)
	binary.BigEndian.PutUint32(raw[4:], uint32(l.seq)*160)
	to, _ := ph.port.Local()
	if _, err := ph.conn.WriteToUDPAddrPort(raw, to); err != nil {
		tb.Fatal(err)
	}
	l.receive()
}

func TestNoAllocationPerPacket(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	l, ph := newBed(t, func(o *Options) { o.Consent = time.Hour }).between()
	raw := append([]byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, make([]byte, 160)...)
	exchange(t, l, ph, raw)
	if a := testing.AllocsPerRun(200, func() { exchange(t, l, ph, raw) }); a != 0 {
		t.Errorf("%v allocations per pair of packets, want 0", a)
	}
}

func TestDirectionsToBrowserAreKept(t *testing.T) {
	l, ph := newBed(t).between()
	formats := l.conn.Port().Formats()
	if err := l.conn.Port().Configure(rtp.Params{Send: formats, Recv: formats, Direction: media.SendOnly}); err != nil {
		t.Fatal(err)
	}
	l.send()
	until(t, "the packet that is dropped", func() bool { return l.conn.Port().Stats().RxDropped == 1 })
	ph.send(t, 1, make([]byte, 160))
	l.receive()
}

// BenchmarkPair measures what the process spends on one packet each way between a
// browser and a phone, with the work of both far sides: compare with "far sides".
func BenchmarkPair(b *testing.B) {
	raw := append([]byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}, make([]byte, 160)...)
	b.Run("browser to phone", func(b *testing.B) {
		l, ph := newBed(b, func(o *Options) { o.Consent = time.Hour }).between()
		b.ReportAllocs()
		start, n := cpu(), 0
		for b.Loop() {
			exchange(b, l, ph, raw)
			n++
		}
		b.ReportMetric(float64(cpu()-start)/float64(n)/1000, "cpu-us/pair")
	})
	b.Run("far sides alone", func(b *testing.B) {
		l := newBed(b).leg()
		other := newStranger(b, addrOf(l.socket))
		l.socket.to = addrOf(other)
		b.ReportAllocs()
		start, n := cpu(), 0
		for b.Loop() {
			l.send()
			if _, _, err := other.ReadFromUDPAddrPort(l.buf[:]); err != nil {
				b.Fatal(err)
			}
			other.send(b, raw)
			l.receive()
			n++
		}
		b.ReportMetric(float64(cpu()-start)/float64(n)/1000, "cpu-us/pair")
	})
}

func addrOf(s stranger) netip.AddrPort { return s.LocalAddr().(*net.UDPAddr).AddrPort() }

// cpu is what this process has used so far, in ns.
func cpu() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

// BenchmarkLegMemory measures what a connected browser takes: our side, with its
// goroutines, and that of the test, which is a full agent.
func BenchmarkLegMemory(b *testing.B) {
	bed := newBed(b)
	for range 5 {
		bed.call()
	}
	const legs = 50
	for b.Loop() {
		heap, goroutines := inUse()
		var conns []*Conn
		var far []*testbrowser.Browser
		for range legs {
			c, br := bed.call()
			conns, far = append(conns, c), append(far, br)
		}
		for _, br := range far {
			br.Vanish() // its side is not ours
		}
		far = nil
		after, now := inUse()
		b.ReportMetric(float64(after-heap)/legs/1024, "KB/leg")
		b.ReportMetric(float64(now-goroutines)/legs, "goroutines/leg")
		for _, c := range conns {
			c.Close()
		}
	}
}

// inUse is the heap and the stacks, and how many goroutines.
func inUse() (bytes int64, goroutines int) {
	for end := time.Now().Add(time.Second); time.Now().Before(end); { // what has ended goes
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse), runtime.NumGoroutine()
}
