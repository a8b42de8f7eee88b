package call

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/storage"
)

// party is one leg of the call as its record shows it; the call's mu guards it.
type party struct {
	leg     Leg  // nil until it answered
	outside bool // it is a number outside, by way of trunked when that says so
	paged   bool // answers by itself, and is nobody to take the call of
	trunked Trunked
	moved   bool // goes on in another call
	record  storage.CDRLeg
}

// LegSnapshot is one leg as lists show it.
type LegSnapshot struct {
	storage.CDRLeg
	State State
}

// party notes a new leg: the caller's, or an attempt to reach contact.
func (c *Call) party(leg Leg, contact Contact) *party {
	p := &party{record: storage.CDRLeg{Start: time.Now()}}
	if contact == nil {
		p.record.Trunk = c.facts.Trunk
	} else {
		p.record.ID = strings.ToLower(rand.Text()[:10]) // until it answers with an id of its own
		p.record.Parent = c.caller.ID()
		p.record.Party = c.facts.To
		p.record.URI = contact.String()
	}
	c.mu.Lock()
	c.legs = append(c.legs, p)
	c.mu.Unlock()
	c.touched()
	if leg != nil {
		p.attach(c, leg)
	}
	return p
}

// attach fills in who the leg is and watches for its end.
func (p *party) attach(c *Call, leg Leg) {
	info := leg.Info()
	c.mu.Lock()
	p.leg = leg
	r := &p.record
	r.ID, r.Inbound, r.URI, r.Remote = leg.ID(), info.Inbound, info.URI, info.Remote
	if !p.outside { // a number outside stays as it was called
		r.Party = info.Party
	}
	r.SIPCallID, r.UserAgent = info.SIPCallID, info.UserAgent
	if info.Trunk != "" {
		r.Trunk = info.Trunk
	}
	c.mu.Unlock()
	c.touched()
	context.AfterFunc(leg.Context(), func() {
		var e *dialplan.Ended
		if !errors.As(context.Cause(leg.Context()), &e) {
			e = &dialplan.Ended{Cause: dialplan.CauseInternal}
		}
		p.ended(c, e)
	})
}

// dialled notes whom the leg is to reach, and who pays.
func (p *party) dialled(c *Call, t *rung, contact Contact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.touched()
	p.record.Party = t.name()
	if t.Outside != nil {
		p.outside = true
		p.record.PaidBy = c.payer(t.Outside)
		p.trunked, _ = contact.(Trunked)
	}
}

// over notes the trunk that is tried, while no leg says which it was.
func (p *party) over() {
	if p.trunked != nil && p.leg == nil {
		p.record.Trunk = p.trunked.Trunk()
	}
}

func (p *party) rang(c *Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.record.Ring.IsZero() {
		defer c.touched()
		p.record.Ring = time.Now()
		if first := c.here(c.callerID); first != nil && first.record.Ring.IsZero() && first.record.End.IsZero() {
			first.record.Ring = p.record.Ring
		}
	}
}

func (p *party) answered(c *Call, leg Leg) {
	p.attach(c, leg)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.touched()
	p.record.Answer = time.Now()
}

// ended notes when and why the leg was over; the first word counts.
func (p *party) ended(c *Call, e *dialplan.Ended) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.record.End.IsZero() {
		defer c.touched()
		p.end(e)
	}
}

func (p *party) end(e *dialplan.Ended) {
	p.over()
	p.record.End = time.Now()
	p.record.Cause, p.record.SIP, p.record.Q850, p.record.Detail = e.Cause.String(), e.Status, e.Cause.Q850(), e.Detail
}

// measure copies how the leg's audio fared.
func (p *party) measure() {
	if p.leg == nil || p.moved {
		return
	}
	s, r := p.leg.Media().Stats(), &p.record
	r.Codec, r.Encrypted = s.Codec, s.Encrypted
	r.RxPackets, r.RxLost, r.TxPackets = s.RxPackets, s.RxLost, s.TxPackets
	r.JitterMS, r.RTTMS, r.MOS = milliseconds(s.Jitter), milliseconds(s.RTT), s.MOS
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// record keeps the call for good. Until that is done the call is still listed.
func (c *Call) record(e *dialplan.Ended) {
	c.mu.Lock()
	cdr := storage.CDR{
		ID: c.id, From: c.facts.From, FromName: c.facts.FromName, To: c.facts.To,
		Hidden: c.facts.Anonymous,
		Start:  c.start, Answer: c.answer, End: time.Now(),
		Route: c.route, ConfigVersion: c.version, Trace: c.trace.Bytes(), Conferences: c.conferences,
		Recordings: c.recorded(),
		Cause:      e.Cause.String(), Blame: string(e.Cause.Blame()), SIP: e.Status, Q850: e.Cause.Q850(), Detail: e.Detail,
	}
	if c.origin != nil {
		cdr.After = c.origin.call
		if !c.origin.consults() || c.origin.passedOn {
			cdr.TransferredBy = c.origin.by
		}
	}
	for _, p := range c.legs {
		p.measure()
		if p.record.End.IsZero() {
			p.end(e)
		}
		if p.leg != nil && p.hungUp(e) {
			cdr.HungUpBy = p.record.ID
		}
		cdr.Legs = append(cdr.Legs, p.record)
	}
	c.mu.Unlock()
	c.touched()
	c.log.Info("call ended", ending(&cdr)...)
	if err := c.board.records.AddCDR(cdr); err != nil {
		c.log.Error("call record is lost", "error", err, "record", cdr)
	}
}

// ending is what the log says of a call that ended.
func ending(r *storage.CDR) []any {
	attrs := []any{
		slog.String("from", r.From), slog.String("to", r.To), slog.String("cause", r.Cause),
		slog.String("blame", r.Blame), slog.Duration("talked", r.Talked().Round(time.Millisecond)),
	}
	for _, leg := range r.Legs {
		if leg.ID == r.HungUpBy {
			attrs = append(attrs, slog.String("hung_up_by", leg.Party))
		}
	}
	if r.Detail != "" {
		attrs = append(attrs, slog.String("detail", r.Detail))
	}
	return attrs
}

// hungUp reports whether it is this leg's far side that ended the call with e.
func (p *party) hungUp(e *dialplan.Ended) bool {
	if p.moved {
		return false
	}
	var own *dialplan.Ended
	return e.Remote && errors.As(context.Cause(p.leg.Context()), &own) && own == e
}

func (c *Call) snapshot() Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Snapshot{ID: c.id, From: c.facts.From, FromName: c.facts.FromName, To: c.facts.To, State: c.state, Route: c.route, Start: c.start, Answer: c.answer}
	for _, p := range c.legs {
		p.measure()
		p.over()
		leg := LegSnapshot{CDRLeg: p.record, State: p.state()}
		if leg.State == Held && s.State == Up {
			s.State = Held
		}
		s.Legs = append(s.Legs, leg)
	}
	return s
}

func (p *party) state() State {
	switch {
	case p.leg != nil && p.record.End.IsZero() && !p.record.Answer.IsZero() && p.leg.Far().Direction != media.SendRecv:
		return Held
	case !p.record.Answer.IsZero():
		return Up
	case !p.record.Ring.IsZero():
		return Ringing
	}
	return Routing
}
