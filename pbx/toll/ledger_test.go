package toll

import (
	"strconv"
	"testing"

	"dialtone/dialplan/number"
)

func TestLedgerForgets(t *testing.T) {
	l := ledger{}
	busy := l.begin("100", number.ClassDomestic, 0)
	for i := range 50 {
		l.begin(strconv.Itoa(101+i), number.ClassMobile, 0).end()
	}
	l.sweep(60)
	if len(l) != 51 {
		t.Errorf("after an hour %d extensions are known, want 51", len(l))
	}
	l.sweep(61)
	if len(l) != 1 || l["100"] == nil {
		t.Errorf("later %d extensions are known, want the one with a call", len(l))
	}
	busy.end()
	l.sweep(62)
	if len(l) != 0 {
		t.Errorf("in the end %d extensions are known", len(l))
	}
}

func TestRecentIsBounded(t *testing.T) {
	var r recent
	for i := range 10 * maxRecent {
		if r.seen(strconv.Itoa(i)) {
			t.Fatalf("%d was seen before", i)
		}
		if len(r.young)+len(r.old) > 2*maxRecent {
			t.Fatalf("%d are remembered", len(r.young)+len(r.old))
		}
	}
	if !r.seen(strconv.Itoa(10*maxRecent - 1)) {
		t.Error("the last one is forgotten")
	}
}
