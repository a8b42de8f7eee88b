package rtp

import (
	"time"

	"dialtone/media"
)

// Stats says how the audio of this leg fares.
func (p *Port) Stats() media.Stats {
	session := p.session.Load()
	st := media.Stats{RxDropped: p.unheard.Load()}
	name := p.receiverStats(session, &st)
	p.senderStats(&st)
	if st.RxPackets > 0 {
		loss := float64(st.RxLost) / float64(st.RxLost+st.RxPackets)
		st.MOS = mos(name, loss, st.Jitter, st.RTT)
	}
	return st
}

// receiverStats fills in the receiving side and gives the name of the codec.
func (p *Port) receiverStats(session *session, st *media.Stats) (name string) {
	r := &p.rx
	r.mu.Lock()
	defer r.mu.Unlock()
	st.Remote = r.latch.current
	st.Encrypted = r.encrypted
	st.RxPackets, st.RxBytes = r.heard.packets, r.heard.bytes
	st.RxLost = r.heard.lost()
	st.RxRejected = r.rejected
	st.RxDropped += r.dropped
	st.Jitter = r.heard.jitterTime()
	st.RemoteLost = r.remote.lost
	st.RTT = r.remote.rtt
	st.LastReceived = r.heardAt(p.engine)
	format := r.format
	if format == nil && session != nil && len(session.recv) > 0 {
		format = &session.recv[0]
	}
	if format == nil {
		return ""
	}
	st.Codec = format.String()
	if format.Clock > 0 {
		st.RemoteJitter = time.Duration(r.remote.jitter) * time.Second / time.Duration(format.Clock)
	}
	return format.Name
}

func (p *Port) senderStats(st *media.Stats) {
	t := &p.tx
	t.mu.Lock()
	defer t.mu.Unlock()
	st.TxPackets, st.TxBytes, st.TxDropped = t.packets, t.bytes, t.dropped
}
