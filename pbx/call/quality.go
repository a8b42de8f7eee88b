package call

import (
	"context"
	"fmt"
	"time"

	"dialtone/media"
)

// Quality is how the audio of one party fares.
type Quality struct {
	LegID, Party, Codec string
	From, To            Flow // what comes from it, and what is sent to it
	RTT                 time.Duration
	MOS                 float64 // of what comes from it
	Level               media.Level
	Verdict             []string      // in plain words, what is wrong first
	Video               *VideoQuality // nil when it has none
}

// VideoQuality is how the video of one party fares.
type VideoQuality struct {
	Codec    string
	From, To Flow
}

// Flow is one direction of the audio of a party.
type Flow struct {
	Packets, Lost uint64 // within the time that was measured; lost in all, as it says itself
	Jitter        time.Duration
	Expected      bool // there should be audio
}

// Loss is the part that was lost, in per cent.
func (f Flow) Loss() float64 {
	if f.Packets+f.Lost == 0 {
		return 0
	}
	return 100 * float64(f.Lost) / float64(f.Packets+f.Lost)
}

// gauge measures one party.
type gauge struct {
	leg    Leg
	id     string
	before media.Stats
	video  media.Stats // before, as well
	meter  *media.Meter
	stop   func()
}

// Quality measures the audio of the call with that id for d: one result a party, false
// when there is no such call.
func (s *Switchboard) Quality(ctx context.Context, id string, d time.Duration) ([]Quality, bool) {
	s.mu.Lock()
	c := s.calls[id]
	s.mu.Unlock()
	if c == nil {
		return nil, false
	}
	var gauges []gauge
	c.mu.Lock()
	for _, p := range c.legs {
		if p.leg != nil && p.record.End.IsZero() {
			gauges = append(gauges, gauge{leg: p.leg, id: p.record.ID})
		}
	}
	c.mu.Unlock()
	for i := range gauges {
		g := &gauges[i]
		e := g.leg.Media()
		g.before, g.meter, g.stop = e.Stats(), media.NewMeter(), func() {}
		if v := media.VideoOf(e); v != nil {
			g.video = v.Stats()
		}
		if m, ok := e.(media.Monitored); ok {
			g.stop = m.Monitor(g.meter)
		}
	}
	late := s.stalled()
	_ = pause(ctx, d)
	late = s.stalled() - late
	out := make([]Quality, len(gauges))
	for i := range gauges {
		out[i] = gauges[i].read(late)
	}
	return out, true
}

// read tells what was measured. For so long we did not run meanwhile.
func (g *gauge) read(late time.Duration) Quality {
	g.stop()
	defer g.meter.Close()
	e := g.leg.Media()
	now, dir, far := e.Stats(), e.Direction(), g.leg.Far().Direction
	q := Quality{
		LegID: g.id, Party: g.leg.Info().Party, Codec: now.Codec, RTT: now.RTT, MOS: now.MOS, Level: g.meter.Level(),
		From: Flow{Packets: now.RxPackets - g.before.RxPackets, Lost: now.RxLost - min(now.RxLost, g.before.RxLost), Jitter: now.Jitter, Expected: dir.Recv && far.Send},
		To:   Flow{Packets: now.TxPackets - g.before.TxPackets, Lost: now.RemoteLost, Jitter: now.RemoteJitter, Expected: dir.Send},
	}
	q.Verdict, q.Video = q.judge(late), g.readVideo(e)
	return q
}

// Bounds of what people notice.
const (
	badLoss   = 3.0 // per cent
	someLoss  = 1.0
	badJitter = 40 * time.Millisecond
	badRTT    = 300 * time.Millisecond
	tooQuiet  = -40.0 // dBFS
	tooLoud   = -9.0
	someClips = 0.001
)

// judge says what is wrong.
func (q *Quality) judge(late time.Duration) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if late > 0 {
		say("this server did not run in time, for %d ms, which is a gap in all calls: dialtone doctor says why", late.Milliseconds())
	}
	q.judgeFlow(say)
	q.From.judge(say, "from "+q.Party)
	q.To.judge(say, "to "+q.Party)
	if q.RTT >= badRTT {
		say("a round trip to %s takes %d ms: people will talk at the same time", q.Party, q.RTT.Milliseconds())
	}
	q.judgeLevel(say)
	if len(out) == 0 {
		say("good")
	}
	return out
}

func (q *Quality) judgeFlow(say func(string, ...any)) {
	switch {
	case q.From.Expected && q.From.Packets == 0 && q.To.Packets > 0:
		say("one-way audio: nothing comes from %s, which is sent audio; look at NAT and firewalls on its side", q.Party)
	case q.From.Expected && q.From.Packets == 0:
		say("no audio: nothing comes from %s, and nothing is sent to it", q.Party)
	case q.To.Expected && q.To.Packets == 0:
		say("nothing is sent to %s: the other side is silent or gone", q.Party)
	case !q.From.Expected && !q.To.Expected:
		say("on hold: no audio is expected")
	}
}

func (f *Flow) judge(say func(string, ...any), way string) {
	switch loss := f.Loss(); {
	case loss >= badLoss:
		say("%.1f %% of the audio %s is lost: words are missing", loss, way)
	case loss >= someLoss:
		say("%.1f %% of the audio %s is lost: it can be heard", loss, way)
	}
	if f.Jitter >= badJitter {
		say("the audio %s comes unevenly (%d ms): it may break up", way, f.Jitter.Milliseconds())
	}
}

func (q *Quality) judgeLevel(say func(string, ...any)) {
	l := q.Level
	switch {
	case l.Packets == 0:
	case !l.Known:
		say("the level is not known: %s cannot be decoded here", q.Codec)
	case l.Clipped > someClips:
		say("%s is clipped: its microphone or gateway is set too loud", q.Party)
	case l.Silent == 1:
		say("%s is silent: audio comes, but nobody speaks, or its microphone is off", q.Party)
	case l.RMS < tooQuiet:
		say("%s is very quiet (%.0f dBFS)", q.Party, l.RMS)
	case l.RMS > tooLoud:
		say("%s is very loud (%.0f dBFS)", q.Party, l.RMS)
	}
}
