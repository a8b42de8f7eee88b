package rtp

// recentLoss is which part of the packets is lost, by the reports of the last half
// minute: what is done against loss begins at once and ends late.
type recentLoss struct {
	known bool
	part  uint8 // of 256
}

// report takes what was lost since the last report.
func (l *recentLoss) report(fraction uint8) {
	l.known = true
	l.part = max(fraction, uint8(int(l.part)*3/4))
}

func (l recentLoss) percent() int { return (int(l.part)*100 + 128) / 256 }

// Loss implements media.Lossy. Of a far side that sends no reports it is assumed that
// as much gets lost on the way to it as on the way from it.
func (p *Port) Loss() int {
	r := &p.rx
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.remote.recent.known {
		return r.remote.recent.percent()
	}
	return r.heard.recent.percent()
}
