package rtp

import "testing"

func TestLossIsBelievedAtOnceAndForgottenSlowly(t *testing.T) {
	var l recentLoss
	if l.known || l.percent() != 0 {
		t.Fatal("loss before any report")
	}
	l.report(0)
	if !l.known || l.percent() != 0 {
		t.Error("loss without any")
	}
	l.report(13) // of 256
	if l.percent() != 5 {
		t.Errorf("%d %%, want 5", l.percent())
	}
	l.report(26)
	if l.percent() != 10 {
		t.Errorf("%d %%, want 10", l.percent())
	}
	reports := 0
	for ; l.percent() > 0; reports++ {
		l.report(0)
	}
	if reports < 5 || reports > 12 {
		t.Errorf("forgotten after %d reports", reports)
	}
}

func TestTheFarSideSaysHowMuchIsLost(t *testing.T) {
	var r remoteReports
	c := compound{ssrc: 7, block: &reportBlock{ssrc: 5, fraction: 51, lost: 10}, cname: "x"}
	if !r.read(c.append(nil), 5, 0, 0) || r.recent.percent() != 20 {
		t.Errorf("%d %%, want 20", r.recent.percent())
	}
	var other remoteReports
	if other.read(c.append(nil), 6, 0, 0); other.recent.known {
		t.Error("a report of another source counts")
	}
}
