package media

import (
	"testing"
)

// watcher notes what it is shown.
type watcher struct{ received, sent []uint16 }

func (w *watcher) Received(p *Packet) { w.received = append(w.received, p.Seq) }
func (w *watcher) Sent(p *Packet)     { w.sent = append(w.sent, p.Seq) }

func TestMonitorsComeAndGo(t *testing.T) {
	var m Monitors
	a, b := &watcher{}, &watcher{}
	show := func(seq uint16) { m.Received(&Packet{Seq: seq}); m.Sent(&Packet{Seq: seq + 100}) }
	show(1)
	if m.Any() {
		t.Error("there is somebody")
	}
	stopA := m.Monitor(a)
	show(2)
	stopB, again := m.Monitor(b), m.Monitor(a)
	show(3)
	stopA()
	stopA() // is enough once
	show(4)
	again()
	show(5)
	stopB()
	show(6)
	if m.Any() {
		t.Error("somebody is left")
	}
	for _, test := range []struct {
		name string
		w    *watcher
		want []uint16
	}{{"a", a, []uint16{2, 3, 3, 4}}, {"b", b, []uint16{3, 4, 5}}} {
		for i, n := range test.want {
			if len(test.w.received) != len(test.want) || test.w.received[i] != n || test.w.sent[i] != n+100 {
				t.Fatalf("%s saw %v and %v, want %v", test.name, test.w.received, test.w.sent, test.want)
			}
		}
	}
	p := &Packet{}
	if n := testing.AllocsPerRun(100, func() { m.Received(p); m.Sent(p) }); n != 0 {
		t.Errorf("%v allocations when nobody is there", n)
	}
}
