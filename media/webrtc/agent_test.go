package webrtc

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// still opens a connection whose agent is stepped by the test: nothing is sent by itself.
func (b *bed) still(far netip.Addr) *Conn {
	b.t.Helper()
	b.hub.Mode = Lite
	c, err := b.hub.Open(loopback, far)
	if err != nil {
		b.t.Fatal(err)
	}
	b.hub.Mode = Full
	c.agent = &agent{conn: c, wake: make(chan struct{}, 1), cancel: func() {}}
	c.agent.rollDice()
	return c
}

// meets tells c of a far side at addresses.
func (c *Conn) meets(offered bool, addresses ...netip.AddrPort) {
	p := Peer{Fingerprints: []Fingerprint{{"sha-256", "00"}}, Ufrag: "them", Pwd: "theirpasswordof24letters", Offered: offered}
	for i, a := range addresses {
		p.Candidates = append(p.Candidates, Candidate{a, localPriority(hostPreference, i)})
	}
	c.Connect(p)
}

// checksUntil are the checks that are sent up to then.
func (c *Conn) checksUntil(now, end time.Time) (sent []netip.AddrPort, last time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !now.After(end) {
		p, wait := c.agent.next(now)
		if p != nil {
			sent = append(sent, p.remote)
		}
		now = now.Add(max(wait, time.Millisecond))
	}
	return sent, now
}

func local(port uint16) netip.AddrPort { return netip.AddrPortFrom(loopback, port) }

// A check is sent six times in half a minute, and no two of them within 50 ms.
func TestChecksArePaced(t *testing.T) {
	b := newBed(t, full)
	c := b.still(loopback)
	c.meets(true, local(4001), local(4002), local(4003))
	start := time.Now()
	first, _ := c.checksUntil(start, start.Add(149*time.Millisecond))
	if fmt.Sprint(first) != fmt.Sprint([]netip.AddrPort{local(4001), local(4002), local(4003)}) {
		t.Errorf("first %v, want the best first, three in 150 ms", first)
	}
	all, _ := c.checksUntil(start.Add(150*time.Millisecond), start.Add(time.Minute))
	if n := len(first) + len(all); n != 3*maxTries {
		t.Errorf("%d checks of three ways, want %d", n, 3*maxTries)
	}
	if n := len(b.hub.asked); n != 0 {
		t.Errorf("%d checks wait for an answer", n)
	}
}

// Whoever is authenticated may name any address: what is sent there is bounded.
func TestChecksAreBounded(t *testing.T) {
	b := newBed(t, full)
	c := b.still(loopback)
	var many []netip.AddrPort
	for i := range uint16(300) {
		many = append(many, local(5000+i))
	}
	c.meets(true, many...)
	if n := len(c.agent.pairs); n > maxPairs || n > maxRemote {
		t.Errorf("%d ways are tried", n)
	}
	for i := range 200 { // and those that come by themselves
		l := c.Describe(loopback)
		c.checks(t, c.home, request(l.Ufrag, l.Pwd), at(i+1))
	}
	if n := len(c.agent.pairs); n > maxPairs {
		t.Errorf("%d ways are tried", n)
	}
	start := time.Now()
	sent, _ := c.checksUntil(start, start.Add(59*time.Second))
	if len(sent) > maxChecks || len(sent) < maxRemote {
		t.Errorf("%d checks in a minute", len(sent))
	}
	c.Close()
	if n := len(b.hub.asked); n != 0 {
		t.Errorf("%d checks wait for an answer after the end", n)
	}
}

// All connections together do not make a flood, least of all towards one.
func TestChecksOfAllAreBounded(t *testing.T) {
	var b budget
	now := time.Unix(1000, 0)
	count := func(tries int, to func(i int) string) (n int) {
		for i := range tries {
			if b.take(must(t, to(i)), now) {
				n++
			}
		}
		return n
	}
	if n := count(1000, func(int) string { return "192.0.2.1" }); n != maxChecksPerTarget {
		t.Errorf("%d to one address", n)
	}
	if n := count(1000, func(i int) string { return fmt.Sprintf("2001:db8::%x", i) }); n != maxChecksPerTarget {
		t.Errorf("%d to one network", n)
	}
	if n := count(1000, func(i int) string { return fmt.Sprintf("198.51.%d.%d", 100+i/250, i%250) }); n != maxChecksPerSecond-2*maxChecksPerTarget {
		t.Errorf("%d in all", n)
	}
	if now = now.Add(time.Second); !b.take(must(t, "192.0.2.1"), now) || len(b.to) != 1 {
		t.Errorf("the next second has nothing, and remembers %d", len(b.to))
	}
}

// Who has the password can write the address of somebody else on a check: that one is sent
// one for each, and no more when it has been sent enough.
func TestChecksOfAForgedSourceAreBounded(t *testing.T) {
	b := newBed(t, full)
	c := b.still(loopback)
	c.meets(true)
	l := c.Describe(loopback)
	c.checks(t, c.home, request(l.Ufrag, l.Pwd), at(1))
	start := time.Unix(1000, 0)
	for b.hub.budget.take(at(1).Addr(), start) {
	}
	if sent, _ := c.checksUntil(start, start.Add(900*time.Millisecond)); len(sent) != 1 {
		t.Errorf("%d checks in the place of one", len(sent))
	}
	if sent, _ := c.checksUntil(start.Add(time.Second), start.Add(time.Minute)); len(sent) != maxTries-1 {
		t.Errorf("%d more when there is room, want %d", len(sent), maxTries-1)
	}
}

// Checks go where audio of browsers can be, and nowhere else.
func TestTargetsOfChecks(t *testing.T) {
	b := newBed(t, full)
	inside, outside := b.still(must(t, "192.168.1.5")), b.still(must(t, "203.0.113.5"))
	inside.home = &socket{at: netip.MustParseAddrPort("192.168.1.2:8444")}
	outside.home = inside.home
	for _, c := range []struct {
		to              string
		inside, outside bool
	}{
		{"203.0.113.5:50000", true, true},
		{"[2001:db8::5]:50000", true, true},
		{"192.168.1.5:50000", true, false},
		{"100.64.1.5:50000", true, false},
		{"[fd00::5]:50000", true, false},
		{"203.0.113.5:53", false, false},
		{"203.0.113.5:0", false, false},
		{"127.0.0.1:50000", false, false},
		{"[::1]:50000", false, false},
		{"0.0.0.0:50000", false, false},
		{"255.255.255.255:50000", false, false},
		{"224.0.0.251:5353", false, false},
		{"[ff02::1]:50000", false, false},
		{"169.254.169.254:5000", false, false},
		{"[fe80::1]:50000", false, false},
	} {
		a := netip.MustParseAddrPort(c.to)
		if inside.reachable(a) != c.inside || outside.reachable(a) != c.outside {
			t.Errorf("%s: from inside %v, from outside %v", c.to, inside.reachable(a), outside.reachable(a))
		}
	}
}

// Who has the greater number keeps its role (RFC 8445 §7.3.1.1); a far side that changes
// its mind again and again does not make us.
func TestRolesOfTwoFullAgents(t *testing.T) {
	for _, c := range []struct {
		name             string
		offered          bool // the far side chooses
		attribute        uint16
		ours, theirs     uint64
		refused, control bool
	}{
		{"as agreed", true, attrControlling, 5, 6, false, false},
		{"as agreed, we choose", false, attrControlled, 5, 6, false, true},
		{"both choose, ours is greater", false, attrControlling, 6, 5, true, true},
		{"both choose, ours is less", false, attrControlling, 5, 6, false, false},
		{"nobody chooses, ours is greater", true, attrControlled, 6, 5, false, true},
		{"nobody chooses, ours is less", true, attrControlled, 5, 6, true, false},
		{"both choose, the same number", false, attrControlling, 5, 5, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBed(t, full)
			conn := b.still(loopback)
			conn.meets(c.offered)
			conn.agent.tiebreak = c.ours
			l := conn.Describe(loopback)
			q := question{id: newID(), username: l.Ufrag + ":them", pwd: l.Pwd, tiebreak: c.theirs, controlling: c.attribute == attrControlling}
			answer := conn.checks(t, conn.home, q.bytes(), at(5))
			if got := binary.BigEndian.Uint16(answer) == bindingError; got != c.refused || conn.agent.controlling != c.control {
				t.Errorf("refused %v, we choose %v", got, conn.agent.controlling)
			}
			if again := conn.checks(t, conn.home, q.bytes(), at(5)); string(again) != string(answer) {
				t.Error("the same check has another answer")
			}
			for i := range 100 {
				q = question{id: newID(), username: q.username, pwd: l.Pwd, tiebreak: 1 << 63, controlling: i%2 == 0}
				conn.agent.tiebreak = uint64(i % 3)
				conn.checks(t, conn.home, q.bytes(), at(5))
			}
			if conn.agent.switches > maxSwitches {
				t.Errorf("the roles changed %d times", conn.agent.switches)
			}
		})
	}
}

// An answer counts when it comes from where the check went, by the same way, and is
// vouched for; and once.
func TestAnswersToChecks(t *testing.T) {
	b := newBed(t, full)
	c := b.still(loopback)
	c.meets(true, local(4001))
	if sent, _ := c.checksUntil(time.Now(), time.Now()); len(sent) != 1 {
		t.Fatalf("sent %v", sent)
	}
	p := c.agent.pairs[0]
	k, pwd := check{id: p.ask.id}, p.ask.pwd
	hand := func(w way, raw []byte, from netip.AddrPort) pairState {
		v, ok := parseVerdict(raw)
		if !ok {
			t.Fatal("is no answer")
		}
		c.answered(w, &v, from)
		return p.state
	}
	bare := append([]byte(nil), plainQuestion(p.ask.id)...)
	binary.BigEndian.PutUint16(bare, bindingSuccess)
	for name, got := range map[string]pairState{
		"from elsewhere":    hand(c.home, k.success(local(9), pwd), local(4002)),
		"by another way":    hand(&socket{hub: b.hub}, k.success(local(9), pwd), local(4001)),
		"of somebody else":  hand(c.home, k.success(local(9), "another password"), local(4001)),
		"nobody vouches":    hand(c.home, bare, local(4001)),
		"to something else": hand(c.home, (&check{id: newID()}).success(local(9), pwd), local(4001)),
		"a forged refusal":  hand(c.home, k.conflict("another password"), local(4001)),
	} {
		if got != asking {
			t.Errorf("%s: counts", name)
		}
	}
	if c.selected.Load() != nil || b.hub.owner(local(4001)) != nil || c.agent.switches != 0 {
		t.Fatal("a forged answer has changed something")
	}
	if hand(c.home, k.success(local(9), pwd), local(4001)) != succeeded || c.selected.Load().remote != local(4001) || b.hub.owner(local(4001)) != c {
		t.Fatal("the true answer does not count")
	}
	c.longAgo(time.Minute)
	if hand(c.home, k.success(local(9), pwd), local(4001)); c.alive() {
		t.Error("an answer counts twice")
	}
}

// The address of another call's browser cannot be had by naming it as a candidate.
func TestCandidateOfAnotherIsNotTaken(t *testing.T) {
	b := newBed(t, full)
	one, two := b.still(loopback), b.still(loopback)
	l := one.Describe(loopback)
	one.checks(t, one.home, request(l.Ufrag, l.Pwd), local(4001))
	two.meets(true, local(4001))
	two.checksUntil(time.Now(), time.Now())
	p := two.agent.pairs[0]
	v, _ := parseVerdict((&check{id: p.ask.id}).success(local(9), p.ask.pwd))
	two.answered(two.home, &v, local(4001))
	if b.hub.owner(local(4001)) != one || two.selected.Load() != nil {
		t.Error("the source changed hands")
	}
}

// Signalling is not waited for by who comes early: its way is looked at once it is known.
func TestCheckBeforeTheAnswer(t *testing.T) {
	b := newBed(t, full)
	c := b.still(loopback)
	l := c.Describe(loopback)
	q := question{id: newID(), username: l.Ufrag + ":them", pwd: l.Pwd, controlling: true}
	if c.checks(t, c.home, q.bytes(), local(4001)) == nil {
		t.Fatal("the check is not answered")
	}
	if sent, _ := c.checksUntil(time.Now(), time.Now()); len(sent) > 0 {
		t.Fatalf("sent %v without credentials", sent)
	}
	c.meets(true)
	if sent, _ := c.checksUntil(time.Now(), time.Now()); len(sent) != 1 || sent[0] != local(4001) {
		t.Errorf("sent %v", sent)
	}
}

func TestWhoIsChecked(t *testing.T) {
	own := must(t, "198.18.0.1") // in no network of this machine, and not private
	for _, c := range []struct {
		name string
		mode Mode
		stun string
		near bool
		far  netip.Addr
		want bool
	}{
		{"lite", Lite, "", false, own, false},
		{"full", Full, "", false, netip.Addr{}, true},
		{"nobody knows where it is", Auto, "", false, netip.Addr{}, false},
		{"on this machine", Auto, "", false, loopback, false},
		{"reaches us all the same", Auto, "", true, own, false},
		{"a STUN server was named", Auto, "stun.example.net:3478", true, own, true},
	} {
		h := &Hub{Options: Options{Mode: c.mode, STUN: c.stun, Near: func(netip.Addr) bool { return c.near }}}
		if h.full(c.far) != c.want {
			t.Errorf("%s: %v", c.name, !c.want)
		}
	}
	networks := func(text ...string) (out []netip.Prefix) {
		for _, s := range text {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	for _, c := range []struct {
		ours []netip.Prefix
		far  string
		want bool
	}{
		{networks("127.0.0.1/8", "192.168.1.2/24"), "203.0.113.5", true},
		{networks("192.168.1.2/24", "2001:db8::2/64"), "203.0.113.5", true},
		{networks("192.168.1.2/24", "2001:db8::2/64"), "2001:db8:1::5", false},
		{networks("192.168.1.2/24"), "192.168.1.5", false},
		{networks("192.168.1.2/24", "203.0.113.2/24"), "198.51.100.5", false},
		{networks("100.64.1.2/10"), "203.0.113.5", true},
	} {
		if got := behindNAT(c.ours, must(t, c.far)); got != c.want {
			t.Errorf("%v, a far side at %s: %v", c.ours, c.far, got)
		}
	}
}
