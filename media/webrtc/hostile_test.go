package webrtc

import (
	"crypto/rand"
	"encoding/binary"
	"hash/crc32"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

func must(tb testing.TB, s string) netip.Addr {
	tb.Helper()
	a, err := netip.ParseAddr(s)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// request makes a check as a browser sends it.
func request(ufrag, pwd string, attributes ...uint16) []byte {
	be := binary.BigEndian
	b := be.AppendUint16(nil, bindingRequest)
	b = be.AppendUint16(b, 0)
	b = be.AppendUint32(b, stunCookie)
	var id [12]byte
	_, _ = rand.Read(id[:])
	b = append(b, id[:]...)
	name := ufrag + ":them"
	b = be.AppendUint16(b, attrUsername)
	b = be.AppendUint16(b, uint16(len(name)))
	b = append(b, name...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	for _, a := range attributes {
		b = be.AppendUint16(b, a)
		b = be.AppendUint16(b, 0)
	}
	return seal(b, pwd)
}

// stranger is a socket that is nobody's.
type stranger struct {
	*net.UDPConn
	to netip.AddrPort
}

func newStranger(tb testing.TB, to netip.AddrPort) stranger {
	tb.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return stranger{c, to}
}

func (s stranger) send(tb testing.TB, b []byte) {
	tb.Helper()
	if _, err := s.WriteToUDPAddrPort(b, s.to); err != nil {
		tb.Fatal(err)
	}
}

// Before DTLS is up, and after, strangers get no answer and leave nothing behind.
func TestStrangersLeaveNothing(t *testing.T) {
	b := newBed(t)
	c := b.open()
	c.Connect(Peer{Fingerprints: []Fingerprint{{"sha-256", "00"}}})
	l := c.Describe(loopback)
	s := newStranger(t, c.Local())
	hello := append([]byte{22, 254, 253}, make([]byte, 200)...)
	before := runtime.NumGoroutine()
	for i := range 2000 {
		s.send(t, hello)
		s.send(t, append([]byte{0x80, 0}, make([]byte, 170)...))
		s.send(t, request(l.Ufrag, "not the password"))
		s.send(t, request("nobody", l.Pwd))
		s.send(t, request(l.Ufrag, l.Pwd)[:i%60])
	}
	own := newStranger(t, c.Local()) // who knows the password is heard after all of them
	own.send(t, request(l.Ufrag, l.Pwd))
	var buf [200]byte
	if n, err := own.Read(buf[:]); err != nil || binary.BigEndian.Uint16(buf[:n]) != bindingSuccess {
		t.Fatalf("answer %x, %v", buf[:n], err)
	}
	if n := runtime.NumGoroutine(); n > before+2 {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.paths) != 1 || c.dtls != nil || len(c.early) > 0 || len(b.hub.sources) != 1 {
		t.Errorf("left: %d paths, %d datagrams, %d sources, association %v", len(c.paths), len(c.early), len(b.hub.sources), c.dtls)
	}
}

// Who knows the password may still not make us keep more and more.
func TestPathsAndQueuesAreBounded(t *testing.T) {
	b := newBed(t)
	c := b.open()
	l := c.Describe(loopback)
	for range 40 {
		s := newStranger(t, c.Local())
		s.send(t, request(l.Ufrag, l.Pwd))
		var buf [200]byte
		if _, err := s.Read(buf[:]); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			s.send(t, append([]byte{22, 254, 253}, make([]byte, 1000)...))
		}
		s.send(t, request(l.Ufrag, l.Pwd))
		if _, err := s.Read(buf[:]); err != nil {
			t.Fatal(err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.paths) > maxPaths || len(c.early) > 8 || len(b.hub.sources) > maxPaths {
		t.Errorf("kept: %d paths, %d datagrams, %d sources", len(c.paths), len(c.early), len(b.hub.sources))
	}
}

// The credentials of one call are no way into another.
func TestSourceOfAnotherIsNotTaken(t *testing.T) {
	b := newBed(t)
	one, two := b.open(), b.open()
	l1, l2 := one.Describe(loopback), two.Describe(loopback)
	s := newStranger(t, one.Local())
	var buf [200]byte
	s.send(t, request(l1.Ufrag, l1.Pwd))
	if _, err := s.Read(buf[:]); err != nil {
		t.Fatal(err)
	}
	s.send(t, request(l2.Ufrag, l2.Pwd))
	s.send(t, request(l1.Ufrag, l1.Pwd)) // is answered after the other was not
	if _, err := s.Read(buf[:]); err != nil {
		t.Fatal(err)
	}
	if from := s.LocalAddr().(*net.UDPAddr).AddrPort(); b.hub.owner(from) != one || two.selected.Load() != nil {
		t.Error("the source changed hands")
	}
}

func TestRoleConflict(t *testing.T) {
	b := newBed(t)
	c := b.open()
	l := c.Describe(loopback)
	s := newStranger(t, c.Local())
	s.send(t, request(l.Ufrag, l.Pwd, attrControlled))
	var buf [200]byte
	n, err := s.Read(buf[:])
	if err != nil || binary.BigEndian.Uint16(buf[:n]) != bindingError || buf[26] != 4 || buf[27] != 87 {
		t.Fatalf("answer %x, %v", buf[:n], err)
	}
}

// Names that are guessed and answers to nothing cost next to nothing and leave nothing, and
// the name alone opens nothing.
func TestGuessedNamesLeaveNothing(t *testing.T) {
	b := newBed(t, full)
	c := b.open()
	c.meets(true)
	l := c.Describe(loopback)
	from := at(7)
	guess := request("guessed1", l.Pwd)
	answer := (&check{id: newID()}).success(from, l.Pwd)
	broken := request(l.Ufrag, l.Pwd)[:40]
	if !raceDetector {
		for name, hand := range map[string]func(){
			"a guessed name":       func() { b.hub.check(c.home, guess, from) },
			"an answer to nothing": func() { b.hub.answered(c.home, answer, from) },
			"what is cut off":      func() { b.hub.check(c.home, broken, from) },
		} {
			if a := testing.AllocsPerRun(100, hand); a > 1 {
				t.Errorf("%s: %v allocations", name, a)
			}
		}
	}
	for range 1000 {
		b.hub.check(c.home, request(l.Ufrag, "not the password"), from)
		b.hub.answered(c.home, (&check{id: newID()}).success(from, l.Pwd), from)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.paths)+len(c.agent.pairs)+len(c.seen.ring)+len(b.hub.sources)+len(b.hub.asked) > 0 {
		t.Errorf("left: %d paths, %d pairs, %d checks, %d sources", len(c.paths), len(c.agent.pairs), len(c.seen.ring), len(b.hub.sources))
	}
}

// Who names the credentials of another of his calls as his own, and our address as his, does
// not have us talk to ourselves.
func TestCallsAreNotLoopedToEachOther(t *testing.T) {
	b := newBed(t, full)
	one, two := b.still(loopback), b.still(loopback)
	l := two.Describe(loopback)
	one.Connect(Peer{
		Fingerprints: []Fingerprint{{"sha-256", "00"}}, Ufrag: l.Ufrag, Pwd: l.Pwd, Offered: true,
		Candidates: []Candidate{{two.Local(), 1}, {local(4001), 1}},
	})
	if sent, _ := one.checksUntil(time.Now(), time.Now().Add(time.Minute)); len(sent) > 0 {
		t.Errorf("checks went to %v", sent)
	}
}

func FuzzCheck(f *testing.F) {
	good := request("ufrag", "password", attrUseCandidate)
	f.Add(good)
	f.Add(good[:len(good)-8])
	f.Add(request("", ""))
	long := append([]byte(nil), good...)
	binary.BigEndian.PutUint16(long[22:], 0xffff)
	f.Add(long)
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := parseCheck(b)
		if !ok {
			return
		}
		c.authentic("password")
		for _, from := range []string{"192.0.2.1", "2001:db8::1"} {
			answer := c.success(netip.AddrPortFrom(must(t, from), 5), "password")
			if !isSTUN(answer) || int(binary.BigEndian.Uint16(answer[2:])) != len(answer)-stunHeader {
				t.Fatalf("answer %x", answer)
			}
			end := len(answer) - 8
			if crc32.ChecksumIEEE(answer[:end])^fingerprintMask != binary.BigEndian.Uint32(answer[end+4:]) {
				t.Fatalf("fingerprint of %x", answer)
			}
		}
	})
}
