package webrtc

import (
	"net/netip"
	"slices"
	"time"
)

// maxPaths is how many one browser may have.
const maxPaths = 32

// path is a way to the far side: one of our addresses and one of its own.
type path struct {
	way    way
	remote netip.AddrPort
	used   time.Time // by its last check
}

// checked answers a check for one of our credentials that came by w. nil is no answer:
// who does not know the password gets none.
func (c *Conn) checked(w way, k *check, from netip.AddrPort) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.ours, func(o credentials) bool { return o.ufrag == string(k.local()) })
	if i < 0 || c.closed || !k.authentic(c.ours[i].pwd) {
		return nil
	}
	pwd := c.ours[i].pwd
	if first := c.seen.find(k.id); first != nil {
		if !first.from.is(w, from) || !c.holds(w, from) {
			return nil
		}
		return k.reply(from, pwd, first.refused) // it has not heard our answer; nothing else follows from it
	}
	now := time.Now()
	p := c.pathOf(w, from, now)
	if p == nil {
		c.seen.add(transaction{id: k.id, from: &path{way: w, remote: from}})
		return nil
	}
	refused := c.refuses(k)
	c.seen.add(transaction{k.id, p, refused})
	if !refused {
		c.heard.Store(now.UnixNano())
		c.follow(p, i, k)
	}
	return k.reply(from, pwd, refused)
}

// refuses reports whether k claims a role that is ours; mu is held.
func (c *Conn) refuses(k *check) bool {
	if c.agent != nil {
		return c.agent.refuses(k)
	}
	return k.controlled // who only answers never chooses
}

// follow does what k says, which came by p with our credentials i; mu is held.
func (c *Conn) follow(p *path, i int, k *check) {
	if i > 0 { // the restart has reached the far side
		c.hub.disown(c, nil, []string{c.ours[0].ufrag})
		c.ours = c.ours[i:]
		c.chosen = false
	}
	nominates := k.nominates && (c.agent == nil || !c.agent.controlling)
	if nominates || !c.chosen {
		c.prefer(p, nominates)
	}
	if c.agent != nil {
		c.agent.heard(p, k)
	}
}

// prefer sends by p from now on; mu is held.
func (c *Conn) prefer(p *path, chosen bool) {
	c.chosen = c.chosen || chosen
	c.selected.Store(p)
	if c.peer != nil && c.peer.Client && c.dtls == nil && c.err == nil {
		c.begin()
	}
}

// reply answers k, which came from there.
func (k *check) reply(from netip.AddrPort, pwd string, refused bool) []byte {
	if refused {
		return k.conflict(pwd)
	}
	return k.success(from, pwd)
}

// holds reports whether there is a path by w from an address that is still ours; mu is held.
func (c *Conn) holds(w way, from netip.AddrPort) bool {
	return w.ownedBy(from) == c && slices.ContainsFunc(c.paths, func(p *path) bool { return p.is(w, from) })
}

// pathOf finds the path by w from an address, or makes it, in the place of the one that
// was not used for longest; mu is held. Another connection may have taken the address
// while nothing was heard from it.
func (c *Conn) pathOf(w way, from netip.AddrPort, now time.Time) *path {
	if w.ownedBy(from) != c && !w.claim(from, c) {
		return nil
	}
	for _, p := range c.paths {
		if p.is(w, from) {
			p.used = now
			return p
		}
	}
	if len(c.paths) >= maxPaths {
		c.dropPath()
	}
	p := &path{way: w, remote: from, used: now}
	c.paths = append(c.paths, p)
	return p
}

// dropPath forgets the path that was not used for longest, but not the one in use; mu is
// held.
func (c *Conn) dropPath() {
	oldest := -1
	for i, p := range c.paths {
		if p != c.selected.Load() && (oldest < 0 || p.used.Before(c.paths[oldest].used)) {
			oldest = i
		}
	}
	gone := c.paths[oldest]
	c.paths = slices.Delete(c.paths, oldest, oldest+1)
	_, udp := gone.way.(*socket) // whose sources are the same for all of our addresses
	if !udp || !slices.ContainsFunc(c.paths, func(p *path) bool {
		_, also := p.way.(*socket)
		return also && p.remote == gone.remote
	}) {
		gone.way.disown(gone.remote, c)
	}
}

// ended forgets the paths by a TCP connection that has closed. The far side finds another
// one, or is silent from now on.
func (c *Conn) ended(w way) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths = slices.DeleteFunc(c.paths, func(p *path) bool { return p.way == w })
	if c.agent != nil {
		c.agent.leave(w)
	}
	if p := c.selected.Load(); p == nil || p.way != w {
		return
	}
	c.chosen = false
	if len(c.paths) == 0 {
		c.selected.Store(nil)
		return
	}
	c.selected.Store(c.paths[len(c.paths)-1])
}
